use domain::tasks::{Task, TaskDescription, TaskId, TaskStatus, TaskTitle};
use domain::users::UserId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) status: String,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for Task {
    const TABLE: &'static str = "tasks";

    fn from_row(row: &Row<'_>) -> Option<Self> {
        let status = TaskStatus::parse(&row.get::<String>(Column::Status).unwrap_or_default());
        Some(Task {
            id: TaskId::new(row.id()),
            owner: UserId::new(row.get(Column::OwnerId)?),
            title: row.text(Column::Title, TaskTitle::parse, TaskTitle::stored),
            description: row.optional_text(Column::Description, TaskDescription::parse, TaskDescription::stored),
            status: row.valid(Column::Status, status).unwrap_or_default(),
            created_at: row.get(Column::CreatedAt).unwrap_or_default(),
            updated_at: row.get(Column::UpdatedAt).unwrap_or_default(),
        })
    }
}

impl From<&Task> for ActiveModel {
    fn from(task: &Task) -> Self {
        Self {
            id: Set(task.id.as_uuid()),
            owner_id: Set(task.owner.as_uuid()),
            title: Set(task.title.as_str().to_owned()),
            description: Set(task.description.as_ref().map(|text| text.as_str().to_owned())),
            status: Set(task.status.as_str().to_owned()),
            created_at: Set(task.created_at),
            updated_at: Set(task.updated_at),
        }
    }
}
