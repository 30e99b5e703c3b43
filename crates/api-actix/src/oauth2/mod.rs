//! The token endpoint, for programs that speak OAuth (RFC 6749, section 3.2). What else they ask is in
//! [`clients`](crate::clients).

mod token;

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, post, resource};
use utoipa::OpenApi;

#[cfg(test)]
use crate::http::fields::checked::checked;
use crate::http::{ErrorRow, Feature, limit_in_handler};

/// Where it is. Not under `/api/v1`: its form is that of a standard, and does not change with the API.
pub(crate) const TOKEN_PATH: &str = "/oauth2/token";

pub(crate) const FEATURE: Feature = Feature {
    data: |_, data| data,
    routes,
    openapi: Document::openapi,
    errors: &[UNSUPPORTED_GRANT_TYPE],
    #[cfg(test)]
    bodies: || vec![checked::<token::AccessTokenRequestForm>()],
};

fn routes(config: &mut ServiceConfig) {
    config.service(resource(TOKEN_PATH).route(limit_in_handler(post().to(token::token))));
}

#[derive(OpenApi)]
#[openapi(paths(token::token))]
struct Document;

const UNSUPPORTED_GRANT_TYPE: ErrorRow = ErrorRow::new(
    StatusCode::BAD_REQUEST,
    "unsupported_grant_type",
    "The grant type must be 'password' or 'refresh_token'.",
);
