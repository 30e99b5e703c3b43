//! One's own tasks: an example of a resource.

mod create_task;
mod delete_task;
mod get_task;
mod list_tasks;
mod update_task;

use actix_web::web::{ServiceConfig, delete, get, patch, post, resource};
use domain::tasks::Task;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::http::{Feature, Time};

pub(crate) const FEATURE: Feature = Feature { routes, openapi: Document::openapi, errors: &[] };

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/tasks").route(get().to(list_tasks::list_tasks)).route(post().to(create_task::create_task)))
        .service(
            resource("/tasks/{id}")
                .route(get().to(get_task::get_task))
                .route(patch().to(update_task::update_task))
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
