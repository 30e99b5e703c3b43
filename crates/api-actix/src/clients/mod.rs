//! What services that are configured as clients ask about tokens, in OAuth's form.

mod client_request;
mod introspect;
mod oauth_error;
mod revoke;

use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig, post, resource};
use utoipa::OpenApi;

#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{ErrorRow, Feature};

pub(crate) const FEATURE: Feature = Feature {
    data: |application, data| data.with(Data::new(application.clients.clone())),
    routes,
    openapi: Document::openapi,
    errors: ERRORS,
    #[cfg(test)]
    bodies: || vec![checked::<client_request::TokenInquiryForm>()],
};

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/auth/introspect").route(post().to(introspect::introspect)))
        .service(resource("/auth/revoke").route(post().to(revoke::revoke)));
}

#[derive(OpenApi)]
#[openapi(paths(introspect::introspect, revoke::revoke), components(schemas(oauth_error::OAuthErrorBody)))]
struct Document;

pub(crate) use client_request::{basic, credentials};
pub(crate) use oauth_error::OAuthError;

const ERRORS: &[ErrorRow] = &[INVALID_CLIENT, INVALID_REQUEST];

/// The codes are those that OAuth has for `error` (RFC 6749, section 5.2).
const INVALID_CLIENT: ErrorRow = ErrorRow::new(
    StatusCode::UNAUTHORIZED,
    "invalid_client",
    "The client is unknown, or its secret is missing or wrong.",
);
const INVALID_REQUEST: ErrorRow = ErrorRow::new(
    StatusCode::BAD_REQUEST,
    "invalid_request",
    "A parameter is missing, given more than once, or contradicts another.",
);
