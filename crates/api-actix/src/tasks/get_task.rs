use actix_web::{HttpResponse, web};
use application::tasks::Tasks;
use domain::tasks::TaskId;

use super::TaskBody;
use crate::http::responses::{NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// Read a task.
///
/// A task of the user's own. Another's is not found, for admins neither.
#[utoipa::path(get, path = "/api/v1/tasks/{id}", tag = "tasks", params(("id" = Uuid, Path, description = "The task.")),
    responses((status = 200, description = "The task.", body = TaskBody), Unauthorized, NotFound, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn get_task(
    tasks: web::Data<Tasks>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    let task = tasks.get(&actor, TaskId::new(id)).await?;
    Ok(HttpResponse::Ok().json(TaskBody::from(task)))
}
