use actix_web::{HttpResponse, web};
use application::factors::Factors;
use domain::factors::TotpDeviceId;

use crate::http::responses::{Conflict, Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, PathId};

/// Remove an authenticator app.
///
/// All access tokens become void, so refresh next; the user's other sessions end. Recovery codes go with the last
/// factor. Needs a recent proof by a factor that one has: otherwise 403 `step_up_required`.
#[utoipa::path(delete, path = "/api/v1/users/me/factors/totp/{id}", tag = "factors",
    params(("id" = Uuid, Path, description = "The app.")),
    responses((status = 204, description = "It is not a factor any more."), Unauthorized, Forbidden, NotFound, Conflict,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn remove_totp(
    factors: web::Data<Factors>,
    Guarded { actor, input: PathId(id) }: Guarded<PathId>,
) -> Result<HttpResponse, ApiError> {
    factors.remove_totp(&actor, TotpDeviceId::new(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
