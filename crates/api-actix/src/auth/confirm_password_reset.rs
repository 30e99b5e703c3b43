use actix_web::{HttpResponse, web};
use application::passwords::{ChooseByMail, Passwords};

use super::proof::ProofBody;
use crate::fields::{Flat, Required};
use crate::http::responses::{Body, RateLimited, Unavailable};
use crate::http::{ApiError, ClientAddress, JsonBody};
use crate::users::ChosenPassword;

crate::fields! {
    /// A new password, with what came in the mail: either `token`, or `email` and `code`.
    pub(crate) ConfirmPasswordResetBody as "ConfirmPasswordReset" -> ChooseByMail {
        proof: Flat<ProofBody>,
        new_password: Required<ChosenPassword>,
    }
    example {"email": "ada@example.com", "code": "ABCD-EFGH", "new_password": "staple battery horse correct"}
    build ChooseByMail { proof, new: new_password }
}

/// Choose a new password.
///
/// Gives the account another password, ends all of its sessions, and proves its address. It signs nobody in. Whatever
/// is wrong with the token or the code, the response is the same.
#[utoipa::path(post, path = "/api/v1/auth/password-reset/confirm", tag = "auth",
    request_body = ConfirmPasswordResetBody,
    responses((status = 204, description = "The password is another one, and all tokens of the user are dead."), Body,
        RateLimited, Unavailable))]
pub(crate) async fn confirm_password_reset(
    passwords: web::Data<Passwords>,
    ClientAddress(address): ClientAddress,
    JsonBody(reset): JsonBody<ConfirmPasswordResetBody>,
) -> Result<HttpResponse, ApiError> {
    passwords.confirm_reset(reset, address).await?;
    Ok(HttpResponse::NoContent().finish())
}
