use actix_web::{HttpResponse, web};
use application::emails::Emails;

use crate::auth::ProofBody;
use crate::http::responses::{Body, Forbidden, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, JsonBody};

/// Prove an address.
///
/// Takes what was mailed to the address of an account, and notes that it is its owner's. Where a registration waits for
/// this proof, it makes the account. It signs nobody in. Whatever is wrong with the token or the code, the response is
/// the same.
#[utoipa::path(post, path = "/api/v1/auth/verify-email", operation_id = "verify_email", tag = "auth",
    request_body = ProofBody,
    responses((status = 204, description = "The address is proven."), Body, Forbidden, RateLimited, Unavailable))]
pub(crate) async fn verify(
    emails: web::Data<Emails>,
    ClientAddress(address): ClientAddress,
    JsonBody(proof): JsonBody<ProofBody>,
) -> Result<HttpResponse, ApiError> {
    emails.verify(proof, address).await?;
    Ok(HttpResponse::NoContent().finish())
}
