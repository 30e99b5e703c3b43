use actix_web::{HttpResponse, web};
use application::one_time_tokens::Proof;
use application::passwords::{ConfirmReset, Passwords};
use domain::users::Email;
use domain::{Secret, ValidationError};

use crate::fields::{Optional, Required, TextShape, TextValue};
use crate::http::responses::{Body, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, JsonBody};
use crate::users::ChosenPassword;

/// Longest token or code that is looked at, in bytes.
const MAX_BYTES: usize = 128;

crate::fields! {
    /// A new password, with what came in the mail: either `token`, or `email` and `code`.
    pub(crate) ConfirmPasswordResetBody as "ConfirmPasswordReset" -> Option<ConfirmReset> {
        /// What the link ends in.
        token: Optional<Mailed>,
        /// The address that the code was mailed to.
        email: Optional<Email>,
        /// The code, in upper or lower case, with or without its hyphen.
        code: Optional<Mailed>,
        new_password: Required<ChosenPassword>,
    }
    example {"email": "ada@example.com", "code": "ABCD-EFGH", "new_password": "staple battery horse correct"}
    build {
        let proof = match (token, email, code) {
            (Some(token), None, None) => Some(Proof::Token(token.0)),
            (None, Some(email), Some(code)) => Some(Proof::Code { email, code: code.0 }),
            _ => None,
        };
        proof.map(|proof| ConfirmReset { proof, new: new_password })
    }
}

/// A token or a code as it was mailed.
struct Mailed(Secret);

impl TextValue for Mailed {
    const SHAPE: TextShape = TextShape::ANY.length(1, MAX_BYTES);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        match text.len() {
            0 => Err(ValidationError::new("too_short", "This must not be empty.")),
            1..=MAX_BYTES => Ok(Self(Secret::new(text.to_owned()))),
            _ => Err(ValidationError::new("too_long", "This must have at most 128 bytes.")),
        }
    }
}

/// Choose a new password.
///
/// Gives the account another password, ends all of its sessions, and proves its address. It signs nobody in. Whatever is
/// wrong with the token or the code, the response is the same.
#[utoipa::path(post, path = "/api/v1/auth/password-reset/confirm", tag = "auth",
    request_body = ConfirmPasswordResetBody,
    responses((status = 204, description = "The password is another one, and all tokens of the user are dead."), Body,
        RateLimited, Unavailable))]
pub(crate) async fn confirm_password_reset(
    passwords: web::Data<Passwords>,
    ClientAddress(address): ClientAddress,
    JsonBody(reset): JsonBody<ConfirmPasswordResetBody>,
) -> Result<HttpResponse, ApiError> {
    let reset = reset
        .ok_or_else(|| ApiError::invalid("token", "required", "Either 'token' is required, or 'email' and 'code'."))?;
    passwords.confirm_reset(reset, address).await?;
    Ok(HttpResponse::NoContent().finish())
}
