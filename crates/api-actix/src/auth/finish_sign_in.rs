use actix_web::{HttpResponse, web};
use application::factors::SecondFactor;
use application::sign_in::{FinishSignIn, SignIn};
use domain::Secret;
use domain::factors::{RecoveryCode, TotpCode};
use domain::one_time_tokens::MailedCode;

use super::proof::Presented;
use super::{TokenPairBody, tokens};
use crate::fields::Required;
use crate::http::responses::{Body, Forbidden, RateLimited, Unauthorized, Unavailable};
use crate::http::{ApiError, ClientDevice, ClientLocale, JsonBody};

crate::fields! {
    /// The rest of a sign-in that a code of an authenticator app was asked for in.
    pub(crate) ChallengeTotpBody as "ChallengeTotp" -> (Secret, TotpCode) {
        /// As the response to the sign-in had it.
        challenge: Required<Presented>,
        /// What the app shows.
        code: Required<TotpCode>,
    }
    example {"challenge": "hxc_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "code": "123456"}
    build (challenge.0, code)
}

/// Finish a sign-in with an authenticator app.
///
/// Starts the session of a sign-in that got 403 `second_factor_required`. A code is good once, and so is the challenge:
/// a wrong code spends neither.
#[utoipa::path(post, path = "/api/v1/auth/challenge/totp", tag = "auth", request_body = ChallengeTotpBody,
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Unauthorized, Forbidden,
        RateLimited, Unavailable))]
pub(crate) async fn by_totp(
    sign_in: web::Data<SignIn>,
    ClientDevice(device): ClientDevice,
    JsonBody((challenge, code)): JsonBody<ChallengeTotpBody>,
) -> Result<HttpResponse, ApiError> {
    let factor = SecondFactor::Totp(code);
    Ok(tokens(&sign_in.by_second_factor(FinishSignIn { challenge, factor, device }).await?))
}

crate::fields! {
    /// The rest of a sign-in that a recovery code was asked for in.
    pub(crate) ChallengeRecoveryCodeBody as "ChallengeRecoveryCode" -> (Secret, RecoveryCode) {
        /// As the response to the sign-in had it.
        challenge: Required<Presented>,
        /// A recovery code, in upper or lower case, with or without its hyphen.
        code: Required<RecoveryCode>,
    }
    example {"challenge": "hxc_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "code": "23456-789AB"}
    build (challenge.0, code)
}

/// Finish a sign-in with a recovery code.
///
/// Likewise, for whoever lost the app. The user is told by mail how many codes are left.
#[utoipa::path(post, path = "/api/v1/auth/challenge/recovery-code", tag = "auth", request_body = ChallengeRecoveryCodeBody,
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Unauthorized, Forbidden,
        RateLimited, Unavailable))]
pub(crate) async fn by_recovery_code(
    sign_in: web::Data<SignIn>,
    ClientDevice(device): ClientDevice,
    JsonBody((challenge, code)): JsonBody<ChallengeRecoveryCodeBody>,
) -> Result<HttpResponse, ApiError> {
    let factor = SecondFactor::RecoveryCode(code);
    Ok(tokens(&sign_in.by_second_factor(FinishSignIn { challenge, factor, device }).await?))
}

crate::fields! {
    /// A sign-in that a mailed code is wanted for.
    pub(crate) ChallengeBody as "Challenge" -> Secret {
        /// As the response to the sign-in had it.
        challenge: Required<Presented>,
    }
    example {"challenge": "hxc_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
    build challenge.0
}

/// Ask for a code by mail.
///
/// For a challenge that offers `email_code`: the account must have a second factor, has none, and its time without one
/// is over. An earlier code is void. The response is the same when there were too many mails.
#[utoipa::path(post, path = "/api/v1/auth/challenge/email-code/send", tag = "auth", request_body = ChallengeBody,
    responses((status = 202, description = "A mail is on its way."), Body, Forbidden, RateLimited, Unavailable))]
pub(crate) async fn send_email_code(
    sign_in: web::Data<SignIn>,
    ClientLocale(locale): ClientLocale,
    ClientDevice(device): ClientDevice,
    JsonBody(challenge): JsonBody<ChallengeBody>,
) -> Result<HttpResponse, ApiError> {
    sign_in.send_email_code(challenge, locale, device.address()).await?;
    Ok(HttpResponse::Accepted().finish())
}

crate::fields! {
    /// The rest of a sign-in that a code by mail was asked for in.
    pub(crate) ChallengeEmailCodeBody as "ChallengeEmailCode" -> (Secret, MailedCode) {
        /// As the response to the sign-in had it.
        challenge: Required<Presented>,
        /// The code, in upper or lower case, with or without its hyphen.
        code: Required<MailedCode>,
    }
    example {"challenge": "hxc_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "code": "ABCD-EFGH"}
    build (challenge.0, code)
}

/// Finish a sign-in with a code from a mail.
///
/// Likewise, with the code, for a challenge that offers `email_code`. Add a second factor next.
#[utoipa::path(post, path = "/api/v1/auth/challenge/email-code", tag = "auth", request_body = ChallengeEmailCodeBody,
    responses((status = 200, description = "A session has begun.", body = TokenPairBody), Body, Unauthorized, Forbidden,
        RateLimited, Unavailable))]
pub(crate) async fn by_email_code(
    sign_in: web::Data<SignIn>,
    ClientDevice(device): ClientDevice,
    JsonBody((challenge, code)): JsonBody<ChallengeEmailCodeBody>,
) -> Result<HttpResponse, ApiError> {
    Ok(tokens(&sign_in.by_email_code(challenge, code, device).await?))
}
