use actix_web::{HttpResponse, web};
use application::Target;

use crate::error::ApiError;
use crate::extract::Guarded;
use crate::responses::{Conflict, Unauthorized, Unavailable};
use crate::state::AppState;

/// Delete oneself.
///
/// Deletes the user's own account and all that belongs to it.
#[utoipa::path(delete, path = "/api/v1/users/me", tag = "users",
    responses((status = 204, description = "The account is gone."), Unauthorized, Conflict, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn delete_me(state: web::Data<AppState>, guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
    state.application.delete_user(&guarded.actor, Target::Me).await?;
    Ok(HttpResponse::NoContent().finish())
}
