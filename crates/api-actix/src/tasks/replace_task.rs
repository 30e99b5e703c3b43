use actix_web::{HttpResponse, web};
use application::tasks::TaskChange;
use application::tasks::Tasks;
use domain::tasks::{TaskDescription, TaskId, TaskStatus, TaskTitle};

use super::TaskBody;
use crate::fields::{Flat, Optional, Required};
use crate::http::responses::{Body, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody, ReadOnlyBody};

crate::fields! {
    /// What a task is to be: a field that may be `null` is cleared when it is absent.
    pub(crate) ReplaceTaskBody as "ReplaceTask" -> TaskChange {
        title: Required<TaskTitle>,
        description: Optional<TaskDescription>,
        status: Required<TaskStatus>,
        read_only: Flat<ReadOnlyBody>,
    }
    example {"title": "Buy milk", "description": null, "status": "done"}
    build TaskChange { title: Some(title), description: Some(description), status: Some(status), read_only }
}

/// Replace a task.
///
/// Replaces what a task of the user's own says. What was read can be sent back whole, with what is to change.
#[utoipa::path(put, path = "/api/v1/tasks/{id}", tag = "tasks",
    request_body = ReplaceTaskBody, params(("id" = Uuid, Path, description = "The task.")),
    responses((status = 200, description = "The task as it is now.", body = TaskBody), Body, Unauthorized, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn replace_task(
    tasks: web::Data<Tasks>,
    Guarded { actor, input: AtId { id, input: JsonBody(change) } }: Guarded<AtId<JsonBody<ReplaceTaskBody>>>,
) -> Result<HttpResponse, ApiError> {
    let task = tasks.update(&actor, TaskId::new(id), change).await?;
    Ok(HttpResponse::Ok().json(TaskBody::from(task)))
}
