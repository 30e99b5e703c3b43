use actix_web::{HttpResponse, web};
use application::emails::Emails;

use crate::auth::ProofBody;
use crate::http::responses::{Body, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, JsonBody};

/// Stop a change of the email.
///
/// Takes what was mailed to the old address, and voids whatever was mailed to the user, so that the new address is not
/// confirmed any more. Once it was confirmed there is nothing left to stop.
#[utoipa::path(post, path = "/api/v1/auth/email-change/stop", operation_id = "stop_email_change", tag = "auth",
    request_body = ProofBody,
    responses((status = 204, description = "The account keeps its address."), Body, RateLimited, Unavailable))]
pub(crate) async fn stop_change(
    emails: web::Data<Emails>,
    ClientAddress(address): ClientAddress,
    JsonBody(proof): JsonBody<ProofBody>,
) -> Result<HttpResponse, ApiError> {
    emails.stop_change(proof, address).await?;
    Ok(HttpResponse::NoContent().finish())
}
