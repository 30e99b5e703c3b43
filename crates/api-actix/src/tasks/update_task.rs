use actix_web::{HttpResponse, web};
use application::tasks::TaskChange;
use application::tasks::Tasks;
use domain::tasks::{TaskDescription, TaskId, TaskStatus, TaskTitle};

use super::TaskBody;
use crate::fields::{Clearable, Flat, NotNull};
use crate::http::responses::{Body, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody, ReadOnlyBody};

crate::fields! {
    /// What to change of a task: a field that is absent stays, one that is `null` is cleared.
    pub(crate) UpdateTaskBody as "UpdateTask" -> TaskChange {
        title: NotNull<TaskTitle>,
        description: Clearable<TaskDescription>,
        status: NotNull<TaskStatus>,
        read_only: Flat<ReadOnlyBody>,
    }
    example {"status": "done", "description": null}
}

/// Change a task.
///
/// Changes a task of the user's own.
#[utoipa::path(patch, path = "/api/v1/tasks/{id}", tag = "tasks",
    request_body(content((UpdateTaskBody = "application/json"), (UpdateTaskBody = "application/merge-patch+json"))),
    params(("id" = Uuid, Path, description = "The task.")),
    responses((status = 200, description = "The task as it is now.", body = TaskBody), Body, Unauthorized, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn update_task(
    tasks: web::Data<Tasks>,
    Guarded { actor, input: AtId { id, input: JsonBody(change) } }: Guarded<AtId<JsonBody<UpdateTaskBody>>>,
) -> Result<HttpResponse, ApiError> {
    let task = tasks.update(&actor, TaskId::new(id), change).await?;
    Ok(HttpResponse::Ok().json(TaskBody::from(task)))
}
