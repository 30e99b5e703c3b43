use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};
use application::clients::Clients;
use data_encoding::BASE64;
use domain::Secret;
use zeroize::Zeroizing;

use super::INVALID_CLIENT;
use super::oauth_error::OAuthError;
use crate::fields::{Description, Fields, Form, Ignored, Optional, Presence, Required};
use crate::http::{ApiError, Extracting, FormBody, address, part};

/// A request about a token, from a client that has proven who it is (RFC 6749, section 2.3.1): by HTTP Basic, or by
/// `client_id` and `client_secret` in the body.
pub(crate) struct ClientRequest {
    /// The token it is about.
    pub(crate) token: Secret,
    /// The client's id.
    pub(crate) client_id: String,
}

/// What the body says.
pub(crate) struct TokenInquiry {
    token: Option<Secret>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

crate::fields! {
    /// A token to ask about (RFC 7662, section 2.1) or to revoke (RFC 7009, section 2.1).
    pub(crate) TokenInquiryBody as "TokenInquiry" -> TokenInquiry {
        /// An access token or a refresh token.
        token: RequiredOfClients,
        /// Not needed: tokens tell their kind.
        token_type_hint: Ignored,
        /// When the client does not use HTTP Basic.
        client_id: Optional<String>,
        /// When the client does not use HTTP Basic.
        client_secret: Optional<Secret>,
    }
    build {
        let () = token_type_hint;
        TokenInquiry { token, client_id, client_secret }
    }
}

pub(crate) type TokenInquiryForm = Form<TokenInquiryBody>;

/// The token is required, but a client that is rejected is told that first.
enum RequiredOfClients {}

impl Presence for RequiredOfClients {
    type Value = Option<Secret>;

    fn take(fields: &mut Fields<'_>, name: &str) -> Option<Self::Value> {
        Optional::<Secret>::take(fields, name)
    }

    fn describe(description: &mut Description, name: &str, doc: &[&str]) {
        Required::<Secret>::describe(description, name, doc);
    }
}

/// The id and the secret that a client proves itself by, from the header or from the body (RFC 6749, section 2.3.1).
/// `None` without a secret.
pub(crate) fn credentials(
    in_header: Option<(String, Secret)>,
    id: Option<&str>,
    secret: Option<Secret>,
) -> Result<Option<(String, Secret)>, ApiError> {
    match (in_header, id, secret) {
        // Two ways at once are one too many, but the id may be repeated.
        (Some(_), _, Some(_)) => Err(ApiError::invalid(
            "client_secret",
            "duplicate_field",
            "The client's secret must not be given more than once.",
        )),
        (Some((id, _)), Some(other), None) if id != other => {
            Err(ApiError::invalid("client_id", "mismatch", "The header names another client."))
        }
        (Some(credentials), _, None) => Ok(Some(credentials)),
        (None, Some(id), Some(secret)) => Ok(Some((id.to_owned(), secret))),
        (None, None, Some(_)) => Err(INVALID_CLIENT.into()),
        (None, _, None) => Ok(None),
    }
}

impl FromRequest for ClientRequest {
    type Error = OAuthError;
    type Future = Extracting<Self, OAuthError>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let clients = part::<Clients>(&request)?;
            let address = address(&request)?;
            let in_header = basic(&request)?;
            let body = match FormBody::<TokenInquiryBody>::from_request(&request, &mut payload).await {
                Ok(FormBody(body)) => body,
                Err(fault) => {
                    // A client that is rejected is told so first, unless the credentials may be in what cannot be read.
                    if let Some((id, secret)) = &in_header {
                        clients.authenticate(id, secret, address).await?;
                    }
                    return Err(fault.into());
                }
            };
            let proof = credentials(in_header, body.client_id.as_deref(), body.client_secret)?;
            let (id, secret) = proof.ok_or(ApiError::from(INVALID_CLIENT))?;
            clients.authenticate(&id, &secret, address).await?;
            let token = body.token.ok_or_else(|| ApiError::invalid("token", "required", "This field is required."))?;
            Ok(Self { token, client_id: id })
        })
    }
}

/// Id and secret, each percent-encoded as in forms, joined by a colon, in Base64. An empty secret is none, and neither
/// is a bearer token one: clients send theirs along with every request.
pub(crate) fn basic(request: &HttpRequest) -> Result<Option<(String, Secret)>, ApiError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else { return Ok(None) };
    let text = header.to_str().ok().filter(|_| headers.next().is_none());
    let Some(text) = text else { return Err(INVALID_CLIENT.into()) };
    let (scheme, encoded) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("Bearer") {
        return Ok(None);
    }
    let credentials = || {
        let decoded = BASE64.decode(encoded.trim().as_bytes()).ok().filter(|_| scheme.eq_ignore_ascii_case("Basic"))?;
        let decoded = Zeroizing::new(String::from_utf8(decoded).ok()?);
        let (id, secret) = decoded.split_once(':')?;
        Some((percent_decoded(id)?, Secret::new(percent_decoded(secret)?)))
    };
    let (id, secret) = credentials().ok_or(ApiError::from(INVALID_CLIENT))?;
    Ok((!secret.expose().is_empty()).then_some((id, secret)))
}

fn percent_decoded(text: &str) -> Option<String> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(|text| text.into_owned())
}
