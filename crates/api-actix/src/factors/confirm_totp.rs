use actix_web::{HttpResponse, web};
use application::factors::Factors;
use domain::factors::{TotpCode, TotpDeviceId};

use super::RecoveryCodesBody;
use crate::fields::Required;
use crate::http::responses::{Body, Forbidden, NotFound, TooManyAttempts, Unauthorized, Unavailable};
use crate::http::{ApiError, AtId, Guarded, JsonBody};

crate::fields! {
    /// The first code of an authenticator app.
    pub(crate) ConfirmTotpBody as "ConfirmTotp" -> TotpCode {
        /// What the app shows.
        code: Required<TotpCode>,
    }
    example {"code": "123456"}
    build code
}

/// Confirm an authenticator app.
///
/// Makes the app a factor by its first code, which is spent. All access tokens become void, so refresh next; the user's
/// other sessions end. With the first factor come recovery codes, shown once.
#[utoipa::path(post, path = "/api/v1/users/me/factors/totp/{id}/confirm", tag = "factors", request_body = ConfirmTotpBody,
    params(("id" = Uuid, Path, description = "The app.")),
    responses((status = 200, description = "It is a factor.", body = RecoveryCodesBody), Body, Unauthorized, Forbidden,
        NotFound, TooManyAttempts, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn confirm_totp(
    factors: web::Data<Factors>,
    Guarded { actor, input: AtId { id, input: JsonBody(code) } }: Guarded<AtId<JsonBody<ConfirmTotpBody>>>,
) -> Result<HttpResponse, ApiError> {
    let codes = factors.confirm_totp(&actor, TotpDeviceId::new(id), &code).await?;
    Ok(HttpResponse::Ok().json(RecoveryCodesBody::of(&codes.unwrap_or_default())))
}
