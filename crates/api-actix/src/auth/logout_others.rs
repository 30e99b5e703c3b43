use actix_web::{HttpResponse, web};
use application::sessions::Sessions;

use crate::http::responses::{RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// Sign out elsewhere.
///
/// Ends all of the user's sessions except this one.
#[utoipa::path(post, path = "/api/v1/auth/logout-others", tag = "auth",
    responses((status = 204, description = "All tokens of the other sessions are dead."), Unauthorized, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn logout_others(
    sessions: web::Data<Sessions>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    sessions.logout_others(&guarded.actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
