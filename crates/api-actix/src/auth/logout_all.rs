use actix_web::{HttpResponse, web};
use application::{Application, Target};

use crate::http::responses::{RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// Sign out everywhere.
///
/// Ends all of the user's sessions, this one too.
#[utoipa::path(post, path = "/api/v1/auth/logout-all", tag = "auth",
    responses((status = 204, description = "All tokens of the user are dead."), Unauthorized, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn logout_all(
    application: web::Data<Application>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    application.sessions.logout_all(&guarded.actor, Target::Me).await?;
    Ok(HttpResponse::NoContent().finish())
}
