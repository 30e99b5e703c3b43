use actix_web::{HttpResponse, web};
use application::clients::Clients;
use application::clients::{Introspection, RefreshTokenInfo};
use domain::access_tokens::AccessClaims;
use domain::clients::ClientId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::client_request::{ClientRequest, TokenInquiryForm};
use super::oauth_error::OAuthError;
use crate::http::TokenParties;
use crate::http::responses::OAuth;

/// What a token is worth (RFC 7662, section 2.2). For one that is not active, nothing else is told.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Introspection)]
pub(crate) struct IntrospectionBody<'a> {
    /// Whether it is worth anything now.
    active: bool,
    /// `Bearer` for an access token, `refresh_token` for a refresh token, which opens no resource. A service that takes
    /// access tokens has to look at this or at `aud`, which a refresh token does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// For an access token: the client that it was issued to. Not in tokens of versions that did not write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<Uuid>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    /// For an access token: what the user may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// For an access token of a service that writes it: whether the user had proven the email when it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    /// How the user proved last who they are (RFC 8176): `pwd`, `mail`, `otp`, `recovery`, and `mfa` for two factors.
    /// Not of access tokens of versions that did not write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<&'static str>>,
    /// When they did, in seconds since 1970. Likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// When it begins to be valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// Its issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    /// For an access token: its audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    /// For an access token: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<Uuid>,
}

/// Introspect.
///
/// What a token is worth now, for the clients that are configured (RFC 7662). Asking uses nothing up.
#[utoipa::path(post, path = "/api/v1/auth/introspect", tag = "auth",
    request_body(content = TokenInquiryForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What it is worth.", body = IntrospectionBody), OAuth),
    security(("client" = [])))]
pub(crate) async fn introspect(
    clients: web::Data<Clients>,
    parties: web::Data<TokenParties>,
    request: ClientRequest,
) -> Result<HttpResponse, OAuthError> {
    let told = clients.introspect(request.token.expose()).await?;
    let body = match &told {
        Introspection::Inactive => IntrospectionBody::default(),
        Introspection::AccessToken(claims) => of_access_token(claims, &parties),
        Introspection::RefreshToken(info) => of_refresh_token(info, &parties),
    };
    Ok(HttpResponse::Ok().json(body))
}

fn of_access_token<'a>(claims: &'a AccessClaims, parties: &'a TokenParties) -> IntrospectionBody<'a> {
    IntrospectionBody {
        active: true,
        token_type: Some("Bearer"),
        client_id: claims.client_id.as_ref().map(ClientId::as_str),
        sub: Some(claims.user_id.as_uuid()),
        sid: Some(claims.session_id.as_uuid()),
        role: Some(claims.role.as_str()),
        email_verified: claims.email_verified,
        amr: claims.authentication.map(|it| it.methods.names()),
        auth_time: claims.authentication.map(|it| it.at.timestamp()),
        iat: Some(claims.issued_at.timestamp()),
        nbf: Some(claims.issued_at.timestamp()),
        exp: Some(claims.expires_at.timestamp()),
        iss: Some(&parties.issuer),
        aud: Some(&parties.audience),
        jti: Some(claims.id.as_uuid()),
    }
}

/// Active also without a hint: a hint may not narrow the search (RFC 7662, section 2.1).
fn of_refresh_token<'a>(info: &RefreshTokenInfo, parties: &'a TokenParties) -> IntrospectionBody<'a> {
    IntrospectionBody {
        active: true,
        token_type: Some("refresh_token"),
        sub: Some(info.user_id.as_uuid()),
        sid: Some(info.session_id.as_uuid()),
        amr: Some(info.authentication.methods.names()),
        auth_time: Some(info.authentication.at.timestamp()),
        iat: Some(info.issued_at.timestamp()),
        exp: Some(info.expires_at.timestamp()),
        iss: Some(&parties.issuer),
        ..IntrospectionBody::default()
    }
}
