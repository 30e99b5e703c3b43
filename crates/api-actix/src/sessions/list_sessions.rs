use actix_web::{HttpResponse, web};
use application::Target;
use application::sessions::Sessions;

use super::{SessionBody, answer};
use crate::http::responses::{Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// List sessions.
///
/// The user's live sessions, last used first, 100 at most.
#[utoipa::path(get, path = "/api/v1/auth/sessions", tag = "auth",
    responses((status = 200, description = "The sessions.", body = [SessionBody]), Unauthorized, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_sessions(
    sessions: web::Data<Sessions>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    let sessions = sessions.list(&guarded.actor, Target::Me).await?;
    Ok(answer(sessions))
}
