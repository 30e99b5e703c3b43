use actix_web::{HttpResponse, web};
use application::factors::Factors;
use domain::users::UserId;

use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// Reset a user's factors.
///
/// Removes all second factors of a user who lost them, and ends their sessions. The user is told by mail. Where there
/// are none, nothing is changed, and it is 204 all the same. For admins, who must know that it is the owner who asks,
/// and must have proven lately who they are themselves: otherwise 403 `step_up_required`.
#[utoipa::path(delete, path = "/api/v1/users/{id}/factors", tag = "factors",
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 204, description = "The user has no second factor."), Unauthorized,
        Forbidden, NotFound, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn reset_user_factors(
    factors: web::Data<Factors>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    factors.reset(&actor, UserId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
