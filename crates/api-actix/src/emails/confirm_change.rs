use actix_web::{HttpResponse, web};
use application::emails::Emails;

use crate::auth::ProofBody;
use crate::http::responses::{Body, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, JsonBody};

/// Confirm another email.
///
/// Takes what was mailed to the new address, and makes it the account's, proven. All sessions end, and whatever else
/// was mailed to the user is void. It signs nobody in. Whatever is wrong with the token or the code, the response is
/// the same, also when somebody else has the address by now.
#[utoipa::path(post, path = "/api/v1/auth/email-change/confirm", operation_id = "confirm_email_change", tag = "auth",
    request_body = ProofBody,
    responses((status = 204, description = "The account has the new address, and all tokens of the user are dead."),
        Body, RateLimited, Unavailable))]
pub(crate) async fn confirm_change(
    emails: web::Data<Emails>,
    ClientAddress(address): ClientAddress,
    JsonBody(proof): JsonBody<ProofBody>,
) -> Result<HttpResponse, ApiError> {
    emails.confirm_change(proof, address).await?;
    Ok(HttpResponse::NoContent().finish())
}
