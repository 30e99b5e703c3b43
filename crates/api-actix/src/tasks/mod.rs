//! One's own tasks: an example of a resource.

mod create_task;
mod delete_task;
mod get_task;
pub(crate) mod list_tasks;
mod replace_task;
mod update_task;

use actix_web::web::{Data, ServiceConfig, delete, get, patch, post, put, resource};
use domain::ValidationError;
use domain::tasks::{Task, TaskDescription, TaskStatus, TaskTitle};
use serde::Serialize;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::fields::{Field, FieldValue, TextShape, TextValue};
#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{Feature, Time};

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.tasks.clone())),
    routes,
    openapi: Document::openapi,
    errors: &[],
    #[cfg(test)]
    bodies: || {
        vec![
            checked::<create_task::CreateTaskBody>(),
            checked::<replace_task::ReplaceTaskBody>(),
            checked::<update_task::UpdateTaskBody>(),
        ]
    },
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/tasks").route(get().to(list_tasks::list_tasks)).route(post().to(create_task::create_task)))
        .service(
            resource("/tasks/{id}")
                .route(get().to(get_task::get_task))
                .route(patch().to(update_task::update_task))
                .route(put().to(replace_task::replace_task))
                .route(delete().to(delete_task::delete_task)),
        );
}

#[derive(OpenApi)]
#[openapi(
    paths(
        create_task::create_task,
        list_tasks::list_tasks,
        get_task::get_task,
        update_task::update_task,
        replace_task::replace_task,
        delete_task::delete_task,
    ),
    tags((name = "tasks", description = "One's own tasks: an example of a resource."))
)]
struct Document;

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
    const SHAPE: TextShape = TextShape::line(Self::MAX_LENGTH);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl TextValue for TaskDescription {
    const SHAPE: TextShape = TextShape::lines(Self::MAX_LENGTH);

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
