use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::tasks::CreateTask;
use application::tasks::Tasks;
use domain::tasks::{TaskDescription, TaskStatus, TaskTitle};

use super::TaskBody;
use crate::fields::{Optional, Required};
use crate::http::responses::{Body, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

crate::fields! {
    /// A new task.
    pub(crate) CreateTaskBody as "CreateTask" -> CreateTask {
        title: Required<TaskTitle>,
        description: Optional<TaskDescription>,
        /// `todo` when not given.
        status: Optional<TaskStatus>,
    }
    example {"title": "Buy milk", "description": "Two litres."}
}

/// Make a task.
///
/// Makes a task of the user's own.
#[utoipa::path(post, path = "/api/v1/tasks", tag = "tasks", request_body = CreateTaskBody,
    responses(
        (status = 201, description = "The task was made.", body = TaskBody,
            headers(("Location" = String, description = "Where the task is."))),
        Body, Unauthorized, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn create_task(
    tasks: web::Data<Tasks>,
    Guarded { actor, input: JsonBody(new) }: Guarded<JsonBody<CreateTaskBody>>,
) -> Result<HttpResponse, ApiError> {
    let task = tasks.create(&actor, new).await?;
    let location = format!("/api/v1/tasks/{}", task.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(TaskBody::from(task)))
}
