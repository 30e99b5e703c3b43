//! The OpenAPI 3.1 document, made of the features' parts.

use utoipa::OpenApi as _;
use utoipa::openapi::security::{Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme};
use utoipa::openapi::{OpenApi, Server};

use crate::features;
use crate::http::{FieldError, Problem};
use crate::oauth2::TOKEN_PATH;

/// What does not belong to one feature.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Hexauth",
        description = "Sign-in and users. Every error is an `application/problem+json` document (RFC 9457) with a \
            stable `code`; at OAuth's endpoints it is `application/json` and has `error` besides (RFC 6749). Every \
            answer has an `X-Request-Id`. Each path under `/api/v1` is served with and without a slash at its end."
    ),
    components(schemas(Problem, FieldError))
)]
struct Document;

/// The document as JSON.
pub fn json() -> String {
    json_at("")
}

/// The same for clients who have this path before each of ours.
pub(super) fn json_at(public_path: &str) -> String {
    let parts = features::all().map(|feature| (feature.openapi)());
    let mut document = parts.fold(Document::openapi(), OpenApi::merge_from);
    add_security_schemes(&mut document, public_path);
    if !public_path.is_empty() {
        document.servers = Some(vec![Server::new(public_path)]);
    }
    // Made of plain maps and text: serialising it does not fail.
    document.to_pretty_json().unwrap_or_default()
}

fn add_security_schemes(document: &mut OpenApi, public_path: &str) {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    // What Swagger UI's Authorize button signs in with. It takes a path as it stands, whatever the server is.
    let password = Password::new(format!("{public_path}{TOKEN_PATH}"), Scopes::new());
    let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).build();
    components.add_security_scheme("client", SecurityScheme::Http(basic));
    components.add_security_scheme("password", SecurityScheme::OAuth2(OAuth2::new([Flow::Password(password)])));
}
