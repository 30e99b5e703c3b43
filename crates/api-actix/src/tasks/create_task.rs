use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use application::{Application, CreateTask};
use domain::tasks::{TaskDescription, TaskStatus, TaskTitle};
use utoipa::ToSchema;

use super::{TaskBody, TaskStatusBody};
use crate::http::responses::{Body, Unauthorized, Unavailable};
use crate::http::{ApiError, Fields, FromFields, Guarded, Json};

/// A new task.
#[derive(ToSchema)]
#[schema(as = CreateTask, example = json!({"title": "Buy milk", "description": "Two litres."}))]
pub(crate) struct CreateTaskBody {
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    title: TaskTitle,
    #[schema(value_type = Option<String>, max_length = 10_000)]
    description: Option<TaskDescription>,
    /// `todo` when not given.
    #[schema(value_type = TaskStatusBody, required = false)]
    status: Option<TaskStatus>,
}

impl FromFields for CreateTaskBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let title = fields.required("title", TaskTitle::parse);
        let description = fields.optional("description", TaskDescription::parse);
        let status = fields.change("status", TaskStatus::parse);
        Some(Self { title: title?, description, status })
    }
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
    application: web::Data<Application>,
    Guarded { actor, input: Json(body) }: Guarded<Json<CreateTaskBody>>,
) -> Result<HttpResponse, ApiError> {
    let new = CreateTask { title: body.title, description: body.description, status: body.status };
    let task = application.tasks.create(&actor, new).await?;
    let location = format!("/api/v1/tasks/{}", task.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(TaskBody::from(task)))
}
