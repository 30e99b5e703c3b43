use actix_web::{HttpResponse, web};
use application::sign_in::SignIn;
use domain::Secret;

use super::{OptionsBody, answer};
use crate::auth::Presented;
use crate::fields::Required;
use crate::http::responses::{Body, NotFound, RateLimited, Unavailable};
use crate::http::{ApiError, JsonBody};

crate::fields! {
    /// A sign-in that a second factor was asked for in.
    pub(crate) StartPasskeyChallengeBody as "StartPasskeyChallenge" -> Secret {
        /// As the response to the sign-in had it.
        challenge: Required<Presented>,
    }
    example {"challenge": "hxc_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
    build challenge.0
}

/// Ask for a passkey as a second factor.
///
/// Returns what the browser is asked, good for five minutes and once. 404 `no_passkey` where the account has none.
#[utoipa::path(post, path = "/api/v1/auth/challenge/passkey/options", tag = "passkeys",
    request_body = StartPasskeyChallengeBody,
    responses((status = 200, description = "The options.", body = OptionsBody), Body, NotFound, RateLimited, Unavailable))]
pub(crate) async fn start_passkey_challenge(
    sign_in: web::Data<SignIn>,
    JsonBody(challenge): JsonBody<StartPasskeyChallengeBody>,
) -> Result<HttpResponse, ApiError> {
    answer(&sign_in.start_challenge_by_passkey(challenge).await?)
}
