use actix_web::{HttpResponse, web};
use application::sign_in::{PasskeySignIn, SignIn};

use crate::auth::{PresentedPasskeyBody, TokenPairBody, tokens};
use crate::http::responses::{Body, Forbidden, NotFound, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientDevice, JsonBody};

/// Sign in with a passkey.
///
/// Starts a session. The passkey's device must have verified who uses it, which makes it two factors. Whatever is wrong
/// with the passkey or its account, the response is the same.
#[utoipa::path(post, path = "/api/v1/auth/passkeys", tag = "passkeys", request_body = PresentedPasskeyBody,
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Unauthorized, Forbidden,
        NotFound, RateLimited, Unavailable))]
pub(crate) async fn sign_in_with_passkey(
    sign_in: web::Data<SignIn>,
    ClientDevice(device): ClientDevice,
    JsonBody(presented): JsonBody<PresentedPasskeyBody>,
) -> Result<HttpResponse, ApiError> {
    Ok(tokens(&sign_in.by_passkey(PasskeySignIn { presented, device }).await?))
}
