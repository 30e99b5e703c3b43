use actix_web::{HttpResponse, web};
use application::{Application, ListTasks};
use domain::tasks::TaskStatus;
use domain::users::UserId;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{TaskBody, TaskStatusBody};
use crate::http::responses::{Forbidden, Invalid, Unauthorized, Unavailable};
use crate::http::{ApiError, Fields, FromFields, Guarded, Query, cursor, page_size};

/// Which tasks, and which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters in the OpenAPI document; ListQuery is what the code uses")]
pub(crate) struct ListTasksParams {
    /// Most tasks on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before, under the same filters.
    cursor: Option<String>,
    #[param(value_type = Option<TaskStatusBody>)]
    status: Option<String>,
    /// Whose tasks: another's than one's own for admins only.
    owner_id: Option<Uuid>,
}

pub(crate) struct ListQuery(ListTasks);

impl FromFields for ListQuery {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        Some(Self(ListTasks {
            owner: fields.id("owner_id").map(UserId::new),
            status: fields.optional("status", TaskStatus::parse),
            cursor: cursor(fields),
            limit: page_size(fields, "limit"),
        }))
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
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", params(ListTasksParams),
    responses((status = 200, description = "A page of tasks.", body = TaskPageBody), Invalid, Unauthorized, Forbidden,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_tasks(
    application: web::Data<Application>,
    Guarded { actor, input: Query(ListQuery(list)) }: Guarded<Query<ListQuery>>,
) -> Result<HttpResponse, ApiError> {
    let page = application.tasks.list(&actor, list).await?;
    Ok(HttpResponse::Ok()
        .json(TaskPageBody { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next_cursor }))
}
