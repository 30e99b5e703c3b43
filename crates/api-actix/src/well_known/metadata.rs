use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{HttpSettings, TokenParties};

/// What an OAuth client has to know about this service (RFC 8414, section 2).
#[derive(Serialize, ToSchema)]
#[schema(as = ServerMetadata)]
pub(crate) struct MetadataBody<'a> {
    #[schema(example = "https://auth.example.com")]
    issuer: &'a str,
    token_endpoint: String,
    token_endpoint_auth_methods_supported: [&'static str; 1],
    jwks_uri: String,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    /// Empty: there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 1],
    service_documentation: String,
}

/// Server metadata.
///
/// Where the endpoints are, and what they accept (RFC 8414).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "keys",
    responses((status = 200, description = "The metadata.", body = MetadataBody)))]
pub(crate) async fn metadata(settings: web::Data<HttpSettings>, parties: web::Data<TokenParties>) -> HttpResponse {
    const OF_CLIENTS: [&str; 2] = ["client_secret_basic", "client_secret_post"];
    let at = |path: &str| format!("{}{path}", settings.public_url);
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(MetadataBody {
        issuer: &parties.issuer,
        token_endpoint: at("/api/v1/auth/login"),
        token_endpoint_auth_methods_supported: ["none"],
        jwks_uri: at("/.well-known/jwks.json"),
        introspection_endpoint: at("/api/v1/auth/introspect"),
        introspection_endpoint_auth_methods_supported: OF_CLIENTS,
        revocation_endpoint: at("/api/v1/auth/revoke"),
        revocation_endpoint_auth_methods_supported: OF_CLIENTS,
        response_types_supported: [],
        grant_types_supported: ["password"],
        service_documentation: at("/docs/"),
    })
}
