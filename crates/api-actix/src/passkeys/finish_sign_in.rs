use actix_web::{HttpResponse, web};
use application::factors::SecondFactor;
use application::passkeys::PresentedPasskey;
use application::sign_in::{FinishSignIn, SignIn};
use domain::Secret;
use domain::passkeys::CeremonyId;
use uuid::Uuid;

use crate::auth::{CredentialBody, Presented, TokenPairBody, tokens};
use crate::fields::Required;
use crate::http::fields::Open;
use crate::http::responses::{Body, Forbidden, NotFound, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientDevice, JsonBody};

crate::fields! {
    /// The rest of a sign-in that a passkey was asked for in.
    pub(crate) PasskeyChallengeBody as "PasskeyChallenge" -> (Secret, PresentedPasskey) {
        /// As the response to the sign-in had it.
        challenge: Required<Presented>,
        /// As it came with the options.
        ceremony: Required<Uuid>,
        /// What the browser returned.
        credential: Required<Open<CredentialBody>>,
    }
    build (challenge.0, PresentedPasskey { ceremony: CeremonyId::new(ceremony), response: credential })
}

/// Finish a sign-in with a passkey.
///
/// Starts the session of a sign-in that got 403 `second_factor_required`. A wrong passkey takes other options, but not
/// another challenge.
#[utoipa::path(post, path = "/api/v1/auth/challenge/passkey", tag = "passkeys", request_body = PasskeyChallengeBody,
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Unauthorized, Forbidden,
        NotFound, RateLimited, Unavailable))]
pub(crate) async fn by_passkey(
    sign_in: web::Data<SignIn>,
    ClientDevice(device): ClientDevice,
    JsonBody((challenge, presented)): JsonBody<PasskeyChallengeBody>,
) -> Result<HttpResponse, ApiError> {
    let factor = SecondFactor::Passkey(presented);
    Ok(tokens(&sign_in.by_second_factor(FinishSignIn { challenge, factor, device }).await?))
}
