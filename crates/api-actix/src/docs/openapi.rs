//! The OpenAPI 3.1 document, made of the features' parts.

use utoipa::openapi::security::{Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::features;
use crate::http::{FieldError, Problem};

/// What does not belong to one feature.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hexauth",
        description = "Sign-in and users. Every error is an `application/problem+json` document (RFC 9457) with a \
            stable `code`; every answer has an `X-Request-Id`. Each path under \
            `/api/v1` is served with and without a slash at its end."
    ),
    components(schemas(Problem, FieldError)),
    modifiers(&SecuritySchemes)
)]
struct Document;

/// The document as JSON.
pub fn json() -> String {
    let parts = features::all().map(|feature| (feature.openapi)());
    let document = parts.fold(Document::openapi(), utoipa::openapi::OpenApi::merge_from);
    // Made of plain maps and text: serialising it does not fail.
    document.to_pretty_json().unwrap_or_default()
}

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let Some(components) = &mut document.components else { return };
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        // What Swagger UI's Authorize button signs in with.
        let password = Password::new("/api/v1/auth/login", Scopes::new());
        let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).build();
        components.add_security_scheme("client", SecurityScheme::Http(basic));
        components.add_security_scheme("password", SecurityScheme::OAuth2(OAuth2::new([Flow::Password(password)])));
    }
}
