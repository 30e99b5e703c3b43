pub(crate) mod create_task;
pub(crate) mod delete_task;
pub(crate) mod get_task;
pub(crate) mod list_tasks;
pub(crate) mod update_task;

use domain::ValidationError;
use domain::tasks::{Task, TaskDescription, TaskStatus, TaskTitle};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{Ref, RefOr, Schema};
use uuid::Uuid;

use crate::fields::{Field, FieldValue, TextShape, TextValue};
use crate::http::Time;

/// A task.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(crate) struct TaskBody {
    id: Uuid,
    #[schema(example = "Buy milk")]
    title: String,
    #[schema(required = true, example = "Two litres.")]
    description: Option<String>,
    #[schema(value_type = TaskStatusBody)]
    status: &'static str,
    created_at: Time,
    updated_at: Time,
}

/// How far a task is.
#[derive(ToSchema)]
#[schema(as = TaskStatus, rename_all = "lowercase")]
#[expect(
    dead_code,
    reason = "describes the values in the OpenAPI document; domain::tasks::TaskStatus is what the code uses"
)]
pub(crate) enum TaskStatusBody {
    Todo,
    Doing,
    Done,
}

impl From<Task> for TaskBody {
    fn from(task: Task) -> Self {
        Self {
            id: task.id.as_uuid(),
            title: task.title.as_str().to_owned(),
            description: task.description.map(|text| text.as_str().to_owned()),
            status: task.status.as_str(),
            created_at: Time(task.created_at),
            updated_at: Time(task.updated_at),
        }
    }
}

impl TextValue for TaskTitle {
    const SHAPE: TextShape = TextShape::ANY.length(1, Self::MAX_LENGTH);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl TextValue for TaskDescription {
    const SHAPE: TextShape = TextShape::ANY.length(0, Self::MAX_LENGTH);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl FieldValue for TaskStatus {
    type Value = Self;

    fn read(field: Field<'_>) -> Option<Self> {
        field.text(Self::parse)
    }

    fn schema() -> RefOr<Schema> {
        Ref::from_schema_name(TaskStatusBody::name()).into()
    }
}
