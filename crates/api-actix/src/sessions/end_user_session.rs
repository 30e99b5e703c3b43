use actix_web::{HttpResponse, web};
use application::Target;
use application::sessions::Sessions;
use domain::sessions::SessionId;
use domain::users::UserId;

use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, PathSession};

/// End a user's session.
///
/// For admins.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions/{session}", tag = "users",
    params(("id" = Uuid, Path, description = "The user."), ("session" = Uuid, Path, description = "The session.")),
    responses((status = 204, description = "Its tokens are dead."), Unauthorized, Forbidden, NotFound, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn end_user_session(
    sessions: web::Data<Sessions>,
    Guarded { actor, input: AtId { id, input: PathSession(session) } }: Guarded<AtId<PathSession>>,
) -> Result<HttpResponse, ApiError> {
    sessions.end(&actor, Target::User(UserId::new(id)), SessionId::new(session)).await?;
    Ok(HttpResponse::NoContent().finish())
}
