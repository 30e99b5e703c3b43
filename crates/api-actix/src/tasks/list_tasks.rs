use actix_web::{HttpResponse, web};
use application::tasks::ListTasks;
use application::tasks::Tasks;
use domain::tasks::TaskStatus;
use domain::users::UserId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::TaskBody;
use crate::fields::Optional;
use crate::http::responses::{Forbidden, Invalid, Unauthorized, Unavailable};
use crate::http::{ApiError, Cursor, DEFAULT_PAGE_SIZE, Guarded, PageSize, QueryFields};

crate::fields! {
    /// Which tasks, and which page.
    pub(crate) ListTasksQuery as "ListTasks" -> ListTasks {
        /// Most tasks on the page.
        limit: Optional<PageSize>,
        /// `next_cursor` of the page before, under the same filters.
        cursor: Optional<Cursor>,
        status: Optional<TaskStatus>,
        /// Whose tasks: another's than one's own for admins only.
        owner_id: Optional<Uuid>,
    }
    build {
        let limit = limit.unwrap_or(DEFAULT_PAGE_SIZE);
        ListTasks { owner: owner_id.map(UserId::new), status, cursor, limit }
    }
}

/// A page of tasks.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskPage)]
pub(crate) struct TaskPageBody {
    items: Vec<TaskBody>,
    /// Where the next page starts; `null` on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

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
    let page = tasks.list(&actor, list).await?;
    Ok(HttpResponse::Ok()
        .json(TaskPageBody { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next_cursor }))
}
