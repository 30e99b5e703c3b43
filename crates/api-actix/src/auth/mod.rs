//! Sign-in, refresh and sign-out.

mod accept_invitation;
mod check_password;
mod codes;
mod confirm_email_sign_in;
mod confirm_password_reset;
#[expect(non_snake_case, reason = "names of Web Authentication")]
mod credential;
mod finish_sign_in;
mod login;
mod logout;
mod logout_all;
mod logout_others;
mod proof;
mod refresh;
mod request_email_sign_in;
mod request_password_reset;
mod step_up;
mod verify;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig, post, resource, route};
use application::sessions::TokenPair;
use serde::Serialize;
use utoipa::{Modify, OpenApi, ToSchema};

#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{ErrorRow, Feature, Limited, limit, take_no_body_too};

pub(crate) use credential::{CredentialBody, NewCredentialBody, PresentedPasskeyBody};
pub(crate) use login::Identifier;
pub(crate) use proof::{MAX_PROOF_BYTES, Presented, ProofBody};
pub(crate) use refresh::PresentedToken;

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.sign_in.clone())),
    routes,
    openapi: Document::openapi,
    errors: ERRORS,
    #[cfg(test)]
    bodies: || {
        vec![
            checked::<login::LoginBody>(),
            checked::<login::LoginForm>(),
            checked::<logout::LogoutBody>(),
            checked::<logout::LogoutForm>(),
            checked::<refresh::RefreshTokenBody>(),
            checked::<request_password_reset::RequestPasswordResetBody>(),
            checked::<confirm_password_reset::ConfirmPasswordResetBody>(),
            checked::<accept_invitation::AcceptInvitationBody>(),
            checked::<request_email_sign_in::RequestEmailSignInBody>(),
            checked::<proof::ProofBody>(),
            checked::<check_password::CheckPasswordBody>(),
            checked::<finish_sign_in::ChallengeTotpBody>(),
            checked::<finish_sign_in::ChallengeRecoveryCodeBody>(),
            checked::<finish_sign_in::ChallengeEmailCodeBody>(),
            checked::<finish_sign_in::ChallengeBody>(),
            checked::<step_up::StepUpBody>(),
        ]
    },
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/auth/login").route(limit(Limited::Login, post().to(login::login))))
        .service(
            resource("/auth/challenge/totp").route(limit(Limited::SignInSteps, post().to(finish_sign_in::by_totp))),
        )
        .service(
            resource("/auth/challenge/recovery-code")
                .route(limit(Limited::SignInSteps, post().to(finish_sign_in::by_recovery_code))),
        )
        .service(
            resource("/auth/challenge/email-code/send")
                .route(limit(Limited::PasswordReset, post().to(finish_sign_in::send_email_code))),
        )
        .service(
            resource("/auth/challenge/email-code")
                .route(limit(Limited::SignInSteps, post().to(finish_sign_in::by_email_code))),
        )
        .service(resource("/auth/step-up").route(limit(Limited::SignInSteps, post().to(step_up::step_up))))
        .service(resource("/auth/refresh").route(limit(Limited::Refresh, post().to(refresh::refresh))))
        .service(
            resource("/auth/password-reset")
                .route(limit(Limited::PasswordReset, post().to(request_password_reset::request_password_reset))),
        )
        .service(
            resource("/auth/password-reset/confirm")
                .route(limit(Limited::PasswordReset, post().to(confirm_password_reset::confirm_password_reset))),
        )
        .service(
            resource("/auth/invitations/accept")
                .route(limit(Limited::PasswordReset, post().to(accept_invitation::accept_invitation))),
        )
        .service(
            resource("/auth/email-sign-in")
                .route(limit(Limited::PasswordReset, post().to(request_email_sign_in::request_email_sign_in))),
        )
        .service(
            resource("/auth/email-sign-in/confirm")
                .route(limit(Limited::PasswordReset, post().to(confirm_email_sign_in::confirm_email_sign_in))),
        )
        .service(
            resource("/auth/password-check")
                .route(limit(Limited::PasswordCheck, post().to(check_password::check_password))),
        )
        .service(resource("/auth/logout").route(limit(Limited::Logout, post().to(logout::logout))))
        .service(resource("/auth/logout-all").route(limit(Limited::Logout, post().to(logout_all::logout_all))))
        .service(resource("/auth/logout-others").route(limit(Limited::Logout, post().to(logout_others::logout_others))))
        .service(resource(verify::PATHS).route(route().to(verify::verify)));
}

#[derive(OpenApi)]
#[openapi(
    paths(
        login::login,
        finish_sign_in::by_totp,
        finish_sign_in::by_recovery_code,
        finish_sign_in::send_email_code,
        finish_sign_in::by_email_code,
        step_up::step_up,
        refresh::refresh,
        request_password_reset::request_password_reset,
        confirm_password_reset::confirm_password_reset,
        accept_invitation::accept_invitation,
        request_email_sign_in::request_email_sign_in,
        confirm_email_sign_in::confirm_email_sign_in,
        check_password::check_password,
        logout::logout,
        logout_all::logout_all,
        logout_others::logout_others,
        verify::verify,
    ),
    tags((name = "auth", description = "Sign in, refresh, sign out, sessions.")),
    modifiers(&LogoutTakesNoBodyToo)
)]
struct Document;

const ERRORS: &[ErrorRow] = &[
    ErrorRow::new(StatusCode::UNAUTHORIZED, "invalid_credentials", "The name or the password is wrong."),
    ErrorRow::new(StatusCode::FORBIDDEN, "account_disabled", "The account is disabled."),
    ErrorRow::new(
        StatusCode::FORBIDDEN,
        "email_not_verified",
        "The address of the account is not proven. Confirm it by the mail that was sent to it.",
    ),
    ErrorRow::new(StatusCode::FORBIDDEN, "email_sign_in_off", "Signing in by mail is off."),
    ErrorRow::new(
        StatusCode::FORBIDDEN,
        "second_factor_required",
        "That is not enough for this account. Send one of the factors with the challenge.",
    ),
    ErrorRow::new(StatusCode::UNAUTHORIZED, "invalid_second_factor", "The code is wrong, or was used before."),
    ErrorRow::new(
        StatusCode::FORBIDDEN,
        "wrong_proof",
        "The code or the passkey is wrong, or was used before. You are signed in all the same: try again.",
    ),
    ErrorRow::new(
        StatusCode::FORBIDDEN,
        "no_password",
        "The account has no password. Send none: a recent sign-in is the proof.",
    ),
    ErrorRow::new(
        StatusCode::FORBIDDEN,
        "email_code_not_offered",
        "No code by mail is offered for this sign-in. Use one of the factors that came with the challenge, or ask an admin.",
    ),
    ErrorRow::new(
        StatusCode::FORBIDDEN,
        "totp_used_up",
        "There were too many wrong codes of authenticator apps in a row. Use a recovery code.",
    ),
    ErrorRow::new(
        StatusCode::FORBIDDEN,
        "step_up_required",
        "Prove again that it is you, by the strongest factor that you have.",
    ),
    ErrorRow::new(
        StatusCode::UNAUTHORIZED,
        "invalid_refresh_token",
        "The refresh token is not valid, or its session has ended.",
    ),
    ErrorRow::new(
        StatusCode::BAD_REQUEST,
        "invalid_one_time_token",
        "The link or the code is not valid: it was used, has expired, or was never sent.",
    ),
    ErrorRow::new(StatusCode::SERVICE_UNAVAILABLE, "mail_is_off", "This service sends no mail."),
];

/// The access token alone also ends a session.
struct LogoutTakesNoBodyToo;

impl Modify for LogoutTakesNoBodyToo {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let logout = document.paths.paths.get_mut("/api/v1/auth/logout");
        take_no_body_too(logout.and_then(|logout| logout.post.as_mut()));
    }
}

/// Tokens (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = TokenPair)]
pub(crate) struct TokenPairBody<'a> {
    /// For the `Authorization` header of requests: a JWT per RFC 9068.
    #[schema(example = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl")]
    access_token: &'a str,
    /// For the next pair, once. Opaque.
    #[schema(example = "hxr_AAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    refresh_token: &'a str,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds for which the access token is valid from now.
    #[schema(example = 900)]
    expires_in: i64,
}

/// `Cache-Control: no-store` is on every response.
pub(crate) fn tokens(pair: &TokenPair) -> HttpResponse {
    HttpResponse::Ok().json(TokenPairBody {
        access_token: pair.access_token.expose(),
        refresh_token: pair.refresh_token.expose(),
        token_type: "bearer",
        expires_in: pair.expires_in.num_seconds(),
    })
}
