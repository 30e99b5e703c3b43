use actix_web::{HttpResponse, web};
use application::passwords::Passwords;
use domain::users::Email;

use crate::fields::Required;
use crate::http::responses::{Body, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, ClientLocale, JsonBody};

crate::fields! {
    /// Whose password to reset.
    pub(crate) RequestPasswordResetBody as "RequestPasswordReset" -> Email {
        email: Required<Email>,
    }
    example {"email": "ada@example.com"}
    build email
}

/// Ask for a new password.
///
/// Mails a code, and a link where the service has a page for it, to the owner of the address. The response is the same,
/// and takes as long, whether or not there is an account, and when there were too many mails. The code is good for 10
/// minutes, the link for an hour, and each for one use.
#[utoipa::path(post, path = "/api/v1/auth/password-reset", tag = "auth", request_body = RequestPasswordResetBody,
    responses((status = 202, description = "If there is an account with the address, a mail is on its way."), Body,
        RateLimited, Unavailable))]
pub(crate) async fn request_password_reset(
    passwords: web::Data<Passwords>,
    ClientAddress(address): ClientAddress,
    ClientLocale(locale): ClientLocale,
    JsonBody(email): JsonBody<RequestPasswordResetBody>,
) -> Result<HttpResponse, ApiError> {
    passwords.request_reset(&email, locale, address).await?;
    Ok(HttpResponse::Accepted().finish())
}
