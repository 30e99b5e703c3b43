//! Addresses: how somebody proves that one is theirs, and how an account gets another.

mod confirm_change;
mod request_change;
mod resend_verification;
mod stop_change;
mod verify;

use actix_web::web::{Data, ServiceConfig, post, put, resource};
use utoipa::OpenApi;

#[cfg(test)]
use crate::auth::ProofBody;
#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{Feature, Limited, limit};

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.emails.clone())),
    routes,
    openapi: Document::openapi,
    errors: &[],
    #[cfg(test)]
    bodies: || {
        vec![
            checked::<ProofBody>(),
            checked::<request_change::RequestEmailChangeBody>(),
            checked::<resend_verification::ResendVerificationBody>(),
        ]
    },
};

fn routes(config: &mut ServiceConfig) {
    let limited = |route| limit(Limited::PasswordReset, route);
    config
        .service(resource("/auth/verify-email").route(limited(post().to(verify::verify))))
        .service(
            resource("/auth/verify-email/resend").route(limited(post().to(resend_verification::resend_verification))),
        )
        .service(resource("/users/me/email").route(limited(put().to(request_change::request_change))))
        .service(resource("/auth/email-change/confirm").route(limited(post().to(confirm_change::confirm_change))))
        .service(resource("/auth/email-change/stop").route(limited(post().to(stop_change::stop_change))));
}

#[derive(OpenApi)]
#[openapi(paths(
    verify::verify,
    resend_verification::resend_verification,
    request_change::request_change,
    confirm_change::confirm_change,
    stop_change::stop_change,
))]
struct Document;
