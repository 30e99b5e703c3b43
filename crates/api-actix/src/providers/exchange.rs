use actix_web::{HttpResponse, web};
use application::providers::Providers;

use super::RedeemCodeBody;
use crate::auth::{TokenPairBody, tokens};
use crate::http::responses::{Body, Conflict, Forbidden, RateLimited, Unavailable};
use crate::http::{ApiError, ClientDevice, JsonBody};

/// Sign in by a provider.
///
/// Starts a session by the code that `return_to` got. An account is found by the provider's issuer and subject. Where
/// these are not known yet, it is found by the address, if both sides have proven that and the account has no second
/// factor; otherwise 409 `link_required`: sign in, then link. If nobody has the address, an account is made, where the
/// mode of registration lets it: 403 `registration_closed`. A second factor is asked for as after a password.
#[utoipa::path(post, path = "/api/v1/auth/providers/exchange", tag = "providers", request_body = RedeemCodeBody,
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Forbidden, Conflict,
        RateLimited, Unavailable))]
pub(crate) async fn exchange(
    providers: web::Data<Providers>,
    ClientDevice(device): ClientDevice,
    JsonBody(redeem): JsonBody<RedeemCodeBody>,
) -> Result<HttpResponse, ApiError> {
    Ok(tokens(&providers.sign_in(redeem, device).await?))
}
