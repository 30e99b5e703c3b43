use actix_web::{HttpResponse, web};
use application::emails::{Emails, RequestEmailChange};
use domain::passwords::Password;
use domain::users::Email;

use crate::fields::{Optional, Required};
use crate::http::responses::{Body, Forbidden, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientLocale, Guarded, JsonBody};

crate::fields! {
    /// Another email for one's own account.
    pub(crate) RequestEmailChangeBody as "RequestEmailChange" -> (Email, Option<Password>) {
        email: Required<Email>,
        /// Left out by whoever has no password.
        current_password: Optional<Password>,
    }
    example {"email": "lovelace@example.com", "current_password": "correct horse battery staple"}
    build (email, current_password)
}

/// Ask for another email.
///
/// Mails a code, and a link where the service has a page for it, to the new address. The account keeps its address
/// until the new one is confirmed by `POST /api/v1/auth/email-change/confirm`. The old address, if it was proven, is
/// told at once, and can stop the change. The response is the same, and takes as long, whether or not the new address
/// is somebody else's, and when there were too many mails. Asking again voids what was mailed to the new address
/// before; asking for the address that the account has calls a change off. A user with a second factor must have proven
/// lately by it who they are, and one without a password by anything. Otherwise it is 403 with `step_up_required`.
#[utoipa::path(put, path = "/api/v1/users/me/email", operation_id = "request_email_change", tag = "users",
    request_body = RequestEmailChangeBody,
    responses((status = 202, description = "If nobody else has the address, a mail is on its way there."),
        Body, Unauthorized, Forbidden, RateLimited, Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn request_change(
    emails: web::Data<Emails>,
    ClientLocale(locale): ClientLocale,
    Guarded { actor, input: JsonBody((email, current)) }: Guarded<JsonBody<RequestEmailChangeBody>>,
) -> Result<HttpResponse, ApiError> {
    emails.request_change(&actor, RequestEmailChange { email, current, locale }).await?;
    Ok(HttpResponse::Accepted().finish())
}
