use actix_web::{HttpResponse, web};
use application::emails::Emails;
use domain::users::Email;

use crate::fields::Required;
use crate::http::responses::{Body, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, ClientLocale, JsonBody};

crate::fields! {
    /// Which address to prove.
    pub(crate) ResendVerificationBody as "ResendVerification" -> Email {
        email: Required<Email>,
    }
    example {"email": "ada@example.com"}
    build email
}

/// Ask for another mail to prove an address.
///
/// Mails a code, and a link where the service has a page for it, to the owner of an address that was not proven yet.
/// The response is the same, and takes as long, whether or not there is such an account, and when there were too many
/// mails. The code is good for 10 minutes, the link for a day, and each for one use.
#[utoipa::path(post, path = "/api/v1/auth/verify-email/resend", operation_id = "resend_verification", tag = "auth",
    request_body = ResendVerificationBody,
    responses(
        (status = 202, description = "If there is an account with the address, unproven, a mail is on its way."),
        Body, RateLimited, Unavailable))]
pub(crate) async fn resend_verification(
    emails: web::Data<Emails>,
    ClientAddress(address): ClientAddress,
    ClientLocale(locale): ClientLocale,
    JsonBody(email): JsonBody<ResendVerificationBody>,
) -> Result<HttpResponse, ApiError> {
    emails.resend_verification(&email, locale, address).await?;
    Ok(HttpResponse::Accepted().finish())
}
