use actix_web::{HttpResponse, web};
use application::Target;
use application::sessions::Sessions;
use domain::sessions::SessionId;

use crate::http::responses::{NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// End a session.
///
/// Ends one of the user's sessions.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The session.")),
    responses((status = 204, description = "Its tokens are dead."), Unauthorized, NotFound, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn end_session(
    sessions: web::Data<Sessions>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    sessions.end(&actor, Target::Me, SessionId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
