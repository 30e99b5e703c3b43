use actix_web::{HttpResponse, web};
use application::tasks::ListTasks;
use application::tasks::Tasks;
use domain::tasks::TaskStatus;
use domain::users::UserId;
use uuid::Uuid;

use super::TaskBody;
use crate::fields::Optional;
use crate::http::responses::{Forbidden, Invalid, Unauthorized, Unavailable};
use crate::http::{AnyPage, ApiError, Guarded, PageBody, QueryFields};

crate::fields! {
    /// Which tasks, and which page.
    pub(crate) ListTasksQuery as "ListTasks" -> ListTasks {
        paging: AnyPage,
        status: Optional<TaskStatus>,
        /// Whose tasks: another's than one's own for admins only.
        owner_id: Optional<Uuid>,
    }
    build ListTasks { owner: owner_id.map(UserId::new), status, paging }
}

pub(crate) type TaskPageBody = PageBody<TaskBody>;

/// List tasks.
///
/// Lists the user's own tasks, or for admins anybody's, oldest first.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", params(ListTasksQuery),
    responses((status = 200, description = "A page of tasks.", body = TaskPageBody), Invalid, Unauthorized, Forbidden,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_tasks(
    tasks: web::Data<Tasks>,
    Guarded { actor, input: QueryFields(list) }: Guarded<QueryFields<ListTasksQuery>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(TaskPageBody::from(tasks.list(&actor, list).await?)))
}
