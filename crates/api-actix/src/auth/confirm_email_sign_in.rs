use actix_web::{HttpResponse, web};
use application::sign_in::SignIn;

use super::proof::ProofBody;
use super::{TokenPairBody, tokens};
use crate::http::responses::{Body, Forbidden, RateLimited, Unavailable};
use crate::http::{ApiError, ClientDevice, JsonBody};

/// Sign in by mail.
///
/// Starts a session of whoever holds the token or the code of the mail, and proves the address. If nobody had proven it
/// before, the password of the account is removed and its other sessions end: somebody else may have made it. Whatever
/// is wrong with the token or the code, the response is the same. An account with a second factor gets 403
/// `second_factor_required`, as at the sign-in with a password.
#[utoipa::path(post, path = "/api/v1/auth/email-sign-in/confirm", tag = "auth", request_body = ProofBody,
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Forbidden, RateLimited,
        Unavailable))]
pub(crate) async fn confirm_email_sign_in(
    sign_in: web::Data<SignIn>,
    ClientDevice(device): ClientDevice,
    JsonBody(proof): JsonBody<ProofBody>,
) -> Result<HttpResponse, ApiError> {
    Ok(tokens(&sign_in.by_mail(proof, device).await?))
}
