use actix_web::{HttpResponse, web};
use application::factors::Factors;

use super::RecoveryCodesBody;
use crate::http::responses::{Forbidden, NotFound, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded};

/// Renew recovery codes.
///
/// Makes ten other codes, shown once. Those before are worth nothing any more. 404 where there is no factor that they
/// stand in for. Needs a recent proof by a factor that one has: otherwise 403 `step_up_required`.
#[utoipa::path(post, path = "/api/v1/users/me/factors/recovery-codes", tag = "factors",
    responses((status = 200, description = "The codes.", body = RecoveryCodesBody), Unauthorized, Forbidden, NotFound,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn renew_recovery_codes(
    factors: web::Data<Factors>,
    guarded: Guarded<()>,
) -> Result<HttpResponse, ApiError> {
    let codes = factors.renew_recovery_codes(&guarded.actor).await?;
    Ok(HttpResponse::Ok().json(RecoveryCodesBody::of(&codes)))
}
