use actix_web::{HttpResponse, web};
use application::Target;
use application::sessions::Sessions;
use domain::users::UserId;

use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// End all of a user's sessions.
///
/// For admins.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", tag = "users",
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 204, description = "All tokens of the user are dead."), Unauthorized, Forbidden, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn end_user_sessions(
    sessions: web::Data<Sessions>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    sessions.logout_all(&actor, Target::User(UserId::new(id))).await?;
    Ok(HttpResponse::NoContent().finish())
}
