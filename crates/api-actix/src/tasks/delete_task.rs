use actix_web::{HttpResponse, web};
use application::tasks::Tasks;
use domain::tasks::TaskId;

use crate::http::responses::{NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// Delete a task.
///
/// Deletes a task of the user's own.
#[utoipa::path(delete, path = "/api/v1/tasks/{id}", tag = "tasks",
    params(("id" = Uuid, Path, description = "The task.")),
    responses((status = 204, description = "The task is gone."), Unauthorized, NotFound, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn delete_task(
    tasks: web::Data<Tasks>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    tasks.delete(&actor, TaskId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
