use actix_web::{HttpResponse, web};
use application::sign_in::SignIn;

use super::{OptionsBody, answer};
use crate::auth::Identifier;
use crate::fields::Optional;
use crate::http::responses::{Body, NotFound, RateLimited, Unavailable};
use crate::http::{ApiError, JsonBody};

crate::fields! {
    /// Who wants to sign in with a passkey.
    pub(crate) StartPasskeySignInBody as "StartPasskeySignIn" -> Option<Identifier> {
        /// Email or username. With one, only this account's passkeys are taken; without, anybody's.
        username: Optional<Identifier>,
    }
    example {}
    build username
}

/// Ask for a passkey to sign in.
///
/// Returns what the browser is asked, good for five minutes and once. It is the same for every name, known or not, and
/// for none: passkeys are found without a list of them, by a button as well as by autofill.
#[utoipa::path(post, path = "/api/v1/auth/passkeys/options", tag = "passkeys", request_body = StartPasskeySignInBody,
    responses((status = 200, description = "The options.", body = OptionsBody), Body, NotFound, RateLimited, Unavailable))]
pub(crate) async fn start_passkey_sign_in(
    sign_in: web::Data<SignIn>,
    JsonBody(name): JsonBody<StartPasskeySignInBody>,
) -> Result<HttpResponse, ApiError> {
    answer(&sign_in.start_by_passkey(name.as_ref().map(|name| name.0.as_str())).await?)
}
