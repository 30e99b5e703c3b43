use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{ApiError, HttpSettings, TokenParties, path_of};
use crate::oauth2::TOKEN_PATH;

const OF_CLIENTS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// What an OAuth client has to know about this service (RFC 8414, section 2).
#[derive(Serialize, ToSchema)]
#[schema(as = ServerMetadata)]
pub(crate) struct MetadataBody<'a> {
    /// As it is configured, byte for byte.
    #[schema(example = "https://auth.example.com")]
    issuer: &'a str,
    token_endpoint: String,
    /// `none`: anyone may ask.
    token_endpoint_auth_methods_supported: [&'static str; 3],
    jwks_uri: String,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    /// Empty: there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 2],
    service_documentation: String,
}

/// Server metadata.
///
/// Where the endpoints are, and what they accept (RFC 8414). Where the issuer has a path, it is also where clients look
/// for that issuer's: with the path behind this one (section 3.1), or before it (section 5).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "keys",
    responses((status = 200, description = "The metadata.", body = MetadataBody)))]
pub(crate) async fn metadata(settings: web::Data<HttpSettings>, parties: web::Data<TokenParties>) -> HttpResponse {
    let at = |path: &str| format!("{}{path}", settings.public_url);
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(MetadataBody {
        issuer: &parties.issuer,
        token_endpoint: at(TOKEN_PATH),
        token_endpoint_auth_methods_supported: ["none", OF_CLIENTS[0], OF_CLIENTS[1]],
        jwks_uri: at("/.well-known/jwks.json"),
        introspection_endpoint: at("/api/v1/auth/introspect"),
        introspection_endpoint_auth_methods_supported: OF_CLIENTS,
        revocation_endpoint: at("/api/v1/auth/revoke"),
        revocation_endpoint_auth_methods_supported: OF_CLIENTS,
        response_types_supported: [],
        grant_types_supported: ["password", "refresh_token"],
        service_documentation: at("/docs/"),
    })
}

/// The same, where clients look for that of an issuer with this path. There is no other issuer here.
pub(crate) async fn metadata_of_path(
    settings: web::Data<HttpSettings>,
    parties: web::Data<TokenParties>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let expected = percent_decode_str(path_of(&parties.issuer)).decode_utf8_lossy();
    if path.trim_matches('/') != expected.trim_matches('/') {
        return Err(ApiError::NotFound);
    }
    Ok(metadata(settings, parties).await)
}
