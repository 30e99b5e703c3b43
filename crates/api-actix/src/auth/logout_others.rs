use actix_web::{HttpResponse, web};
use application::Application;

use crate::http::responses::{RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// Sign out elsewhere.
///
/// Ends all of the user's sessions but this one.
#[utoipa::path(post, path = "/api/v1/auth/logout-others", tag = "auth",
    responses((status = 204, description = "All tokens of the other sessions are dead."), Unauthorized, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn logout_others(
    application: web::Data<Application>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    application.sessions.logout_others(&guarded.actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
