use actix_web::{HttpResponse, web};
use application::Target;
use application::sessions::Sessions;
use domain::users::UserId;

use super::{SessionBody, answer};
use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// List a user's sessions.
///
/// Their live sessions, last used first, 100 at most. For admins.
#[utoipa::path(get, path = "/api/v1/users/{id}/sessions", tag = "users",
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The sessions.", body = [SessionBody]), Unauthorized, Forbidden, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_user_sessions(
    sessions: web::Data<Sessions>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(sessions.list(&actor, Target::User(UserId::new(id))).await?))
}
