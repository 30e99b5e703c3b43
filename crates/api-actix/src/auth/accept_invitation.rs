use actix_web::{HttpResponse, web};
use application::passwords::{ChooseByMail, Passwords};

use super::proof::ProofBody;
use crate::fields::{Flat, Required};
use crate::http::responses::{Body, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, JsonBody};
use crate::users::ChosenPassword;

crate::fields! {
    /// The first password, with what came in the mail: either `token`, or `email` and `code`.
    pub(crate) AcceptInvitationBody as "AcceptInvitation" -> ChooseByMail {
        proof: Flat<ProofBody>,
        new_password: Required<ChosenPassword>,
    }
    example {"email": "grace@example.com", "code": "ABCD-EFGH", "new_password": "staple battery horse correct"}
    build ChooseByMail { proof, new: new_password }
}

/// Accept an invitation.
///
/// Gives the account its password, and proves its address. It signs nobody in. Whatever is wrong with the token or the
/// code, the response is the same.
#[utoipa::path(post, path = "/api/v1/auth/invitations/accept", tag = "auth", request_body = AcceptInvitationBody,
    responses((status = 204, description = "The account has its password."), Body, RateLimited, Unavailable))]
pub(crate) async fn accept_invitation(
    passwords: web::Data<Passwords>,
    ClientAddress(address): ClientAddress,
    JsonBody(accepted): JsonBody<AcceptInvitationBody>,
) -> Result<HttpResponse, ApiError> {
    passwords.accept_invitation(accepted, address).await?;
    Ok(HttpResponse::NoContent().finish())
}
