use actix_web::{HttpResponse, web};
use application::factors::SecondFactor;
use application::sign_in::{SignIn, StepUp};
use domain::factors::{RecoveryCode, TotpCode};
use domain::passwords::Password;

use super::credential::PresentedPasskeyBody;
use crate::fields::{Description, FieldList, Fields, Optional, Presence};
use crate::http::responses::{Body, Forbidden, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, Guarded, JsonBody};

crate::fields! {
    /// The proof that it is still you: one of these.
    pub(crate) StepUpBody as "StepUp" -> StepUp {
        proof: OneProof,
    }
    example {"password": "correct horse battery staple"}
    build proof
}

/// The fields of [`StepUpBody`], of which one must be there and the others absent.
struct OneProof;

crate::fields! {
    AllProofs as "AllProofs" -> [Option<StepUp>; 4] {
        /// The password, if you have no second factor.
        password: Optional<Password>,
        /// What an authenticator app shows.
        totp: Optional<TotpCode>,
        /// A recovery code.
        recovery_code: Optional<RecoveryCode>,
        /// A passkey.
        passkey: Optional<PresentedPasskeyBody>,
    }
    build [
        password.map(StepUp::Password),
        totp.map(|code| StepUp::SecondFactor(SecondFactor::Totp(code))),
        recovery_code.map(|code| StepUp::SecondFactor(SecondFactor::RecoveryCode(code))),
        passkey.map(|presented| StepUp::SecondFactor(SecondFactor::Passkey(presented))),
    ]
}

impl Presence for OneProof {
    type Value = StepUp;

    fn take(fields: &mut Fields<'_>, _: &str) -> Option<StepUp> {
        let mut proofs = AllProofs::read(fields)?.into_iter().flatten();
        match (proofs.next(), proofs.next()) {
            (Some(proof), None) => Some(proof),
            _ => {
                fields.note(
                    "password",
                    "required",
                    "Exactly one of 'password', 'totp', 'recovery_code' and 'passkey' is required.",
                );
                None
            }
        }
    }

    fn describe(description: &mut Description, _: &str, _: &[&str]) {
        AllProofs::describe(description);
    }
}

/// Prove again that it is you.
///
/// What changes how somebody gets in needs a recent proof by the strongest factor that they have, and is 403
/// `step_up_required` otherwise, with `factors`. Where these are empty, there is nothing to prove it by but to sign in
/// again. A code of a kind that is not set up is 403 `step_up_required`, too. A proof that is wrong is 403
/// `wrong_proof` or `wrong_current_password`: the session goes on. The proof counts for this session alone, for the
/// time of `APP_AUTH__SUDO_WINDOW`, and no refresh makes that longer.
#[utoipa::path(post, path = "/api/v1/auth/step-up", tag = "auth", request_body = StepUpBody,
    responses((status = 204, description = "The session has a recent proof."), Body, Unauthorized, Forbidden, RateLimited,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn step_up(
    sign_in: web::Data<SignIn>,
    Guarded { actor, input: JsonBody(proof) }: Guarded<JsonBody<StepUpBody>>,
) -> Result<HttpResponse, ApiError> {
    sign_in.step_up(&actor, proof).await?;
    Ok(HttpResponse::NoContent().finish())
}
