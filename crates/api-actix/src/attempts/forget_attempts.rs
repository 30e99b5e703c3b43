use actix_web::{HttpResponse, web};
use application::attempts::AttemptCounts;
use domain::users::UserId;

use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// Forget a user's attempts.
///
/// Whoever has to wait may try again at once, and mails are sent again. For admins, who must know that it was the owner
/// who tried, and have proven lately who they are: otherwise 403 `step_up_required`.
#[utoipa::path(delete, path = "/api/v1/users/{id}/attempts", tag = "users",
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 204, description = "Nothing is counted any more."), Unauthorized, Forbidden, NotFound, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn forget_attempts(
    attempts: web::Data<AttemptCounts>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    attempts.forget(&actor, UserId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
