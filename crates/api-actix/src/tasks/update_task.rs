use actix_web::{HttpResponse, web};
use application::{Application, TaskChange};
use domain::tasks::{TaskDescription, TaskId, TaskStatus, TaskTitle};
use utoipa::ToSchema;

use super::{TaskBody, TaskStatusBody};
use crate::http::responses::{Body, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Fields, FromFields, Guarded, Json};

/// What to change of a task: a field that is absent stays, one that is `null` is cleared.
#[derive(ToSchema)]
#[schema(as = UpdateTask, example = json!({"status": "done", "description": null}))]
pub(crate) struct UpdateTaskBody {
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    title: Option<TaskTitle>,
    #[schema(value_type = Option<String>, max_length = 10_000)]
    description: Option<Option<TaskDescription>>,
    #[schema(value_type = TaskStatusBody, required = false)]
    status: Option<TaskStatus>,
}

impl FromFields for UpdateTaskBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            title: fields.change("title", TaskTitle::parse),
            description: fields.clearable("description", TaskDescription::parse),
            status: fields.change("status", TaskStatus::parse),
        })
    }
}

/// Change a task.
///
/// Changes a task of the user's own.
#[utoipa::path(patch, path = "/api/v1/tasks/{id}", tag = "tasks",
    request_body = UpdateTaskBody, params(("id" = Uuid, Path, description = "The task.")),
    responses((status = 200, description = "The task as it is now.", body = TaskBody), Body, Unauthorized, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn update_task(
    application: web::Data<Application>,
    Guarded { actor, input: AtId { id, input: Json(body) } }: Guarded<AtId<Json<UpdateTaskBody>>>,
) -> Result<HttpResponse, ApiError> {
    let change = TaskChange { title: body.title, description: body.description, status: body.status };
    let task = application.tasks.update(&actor, TaskId::new(id), change).await?;
    Ok(HttpResponse::Ok().json(TaskBody::from(task)))
}
