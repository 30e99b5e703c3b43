use actix_web::{HttpResponse, web};
use application::Target;
use application::sessions::Sessions;

use crate::http::responses::{RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// Sign out everywhere.
///
/// Ends all of the user's sessions, also this one.
#[utoipa::path(post, path = "/api/v1/auth/logout-all", tag = "auth",
    responses((status = 204, description = "All tokens of the user are dead."), Unauthorized, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn logout_all(sessions: web::Data<Sessions>, guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
    sessions.logout_all(&guarded.actor, Target::Me).await?;
    Ok(HttpResponse::NoContent().finish())
}
