use actix_web::{HttpResponse, web};
use application::Target;
use domain::UserId;

use crate::error::ApiError;
use crate::extract::{Guarded, PathId};
use crate::responses::{Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::state::AppState;

/// Delete a user.
///
/// Deletes an account and all that belongs to it, for admins.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users",
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 204, description = "The account is gone."), Unauthorized, Forbidden, NotFound, Conflict,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn delete_user(
    state: web::Data<AppState>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    state.application.delete_user(&actor, Target::User(UserId::new(id))).await?;
    Ok(HttpResponse::NoContent().finish())
}
