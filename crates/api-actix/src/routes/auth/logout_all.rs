use actix_web::{HttpResponse, web};
use application::Target;

use crate::error::ApiError;
use crate::extract::Guarded;
use crate::responses::{RateLimited, Unauthorized, Unavailable};
use crate::state::AppState;

/// Sign out everywhere.
///
/// Ends all of the user's sessions, this one too.
#[utoipa::path(post, path = "/api/v1/auth/logout-all", tag = "auth",
    responses((status = 204, description = "All tokens of the user are dead."), Unauthorized, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn logout_all(state: web::Data<AppState>, guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
    state.application.sessions.logout_all(&guarded.actor, Target::Me).await?;
    Ok(HttpResponse::NoContent().finish())
}
