use actix_web::{HttpResponse, web};
use application::sign_in::SignIn;
use domain::users::Email;

use crate::fields::Required;
use crate::http::responses::{Body, Forbidden, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, ClientLocale, JsonBody};

crate::fields! {
    /// Where to mail a way to sign in.
    pub(crate) RequestEmailSignInBody as "RequestEmailSignIn" -> Email {
        email: Required<Email>,
    }
    example {"email": "ada@example.com"}
    build email
}

/// Ask for a mail to sign in by.
///
/// Mails a code, and a link where there is one, to the owner of the address, if they have an account. The response is
/// the same, and takes as long, whether or not there is one, and when there were too many mails. Both are good for 10
/// minutes and for one use. 403 with the code `email_sign_in_off` where this is off, as it is by default.
#[utoipa::path(post, path = "/api/v1/auth/email-sign-in", tag = "auth", request_body = RequestEmailSignInBody,
    responses((status = 202, description = "If there is an account with the address, a mail is on its way."), Body,
        Forbidden, RateLimited, Unavailable))]
pub(crate) async fn request_email_sign_in(
    sign_in: web::Data<SignIn>,
    ClientAddress(address): ClientAddress,
    ClientLocale(locale): ClientLocale,
    JsonBody(email): JsonBody<RequestEmailSignInBody>,
) -> Result<HttpResponse, ApiError> {
    sign_in.request_by_mail(&email, locale, address).await?;
    Ok(HttpResponse::Accepted().finish())
}
