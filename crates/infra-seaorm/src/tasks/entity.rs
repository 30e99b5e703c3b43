use domain::StoreError;
use domain::tasks::{Task, TaskDescription, TaskId, TaskStatus, TaskTitle};
use domain::users::UserId;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::columns::{corrupt, optional};

const TABLE: &str = "tasks";

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

impl TryFrom<Model> for Task {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = row.id;
        let description = optional(row.description.as_deref(), TaskDescription::parse);
        Ok(Task {
            id: TaskId::new(id),
            owner: UserId::new(row.owner_id),
            title: TaskTitle::parse(&row.title).map_err(corrupt(TABLE, "title", id))?,
            description: description.map_err(corrupt(TABLE, "description", id))?,
            status: TaskStatus::parse(&row.status).map_err(corrupt(TABLE, "status", id))?,
            created_at: row.created_at,
            updated_at: row.updated_at,
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
