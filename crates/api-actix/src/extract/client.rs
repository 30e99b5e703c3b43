use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};
use application::ApplicationError;
use data_encoding::BASE64;
use domain::Secret;
use zeroize::Zeroizing;

use super::{Extracting, FormOrJson, state};
use crate::error::ApiError;
use crate::fields::{Fields, FromFields};
use crate::problem::FieldError;

/// A request about a token, from a client that was let in (RFC 6749, section 2.3.1): by HTTP Basic, or by `client_id` and
/// `client_secret` in the body.
pub(crate) struct ClientRequest {
    /// The token it is about.
    pub(crate) token: Secret,
}

struct Body {
    token: Secret,
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

impl FromFields for Body {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let client_id = fields.optional("client_id", |text| Ok(text.to_owned()));
        let client_secret = fields.optional_secret("client_secret");
        let token = fields.secret("token");
        fields.ignore_rest();
        Some(Self { token: token?, client_id, client_secret })
    }
}

impl FromRequest for ClientRequest {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let application = &state(&request)?.application;
            let body = FormOrJson::<Body>::from_request(&request, &mut payload).await;
            let body = body.map(|FormOrJson(body)| body).map_err(oauth);
            let in_body = body.as_ref().is_ok_and(|body| body.client_secret.is_some());
            let (id, secret) = match (basic(&request)?, body.as_ref().ok()) {
                // Two ways at once are one too many.
                (Some(_), _) if in_body => return Err(ApiError::InvalidOAuthRequest(vec![twice()])),
                (Some(credentials), _) => credentials,
                (None, Some(Body { client_id: Some(id), client_secret: Some(secret), .. })) => {
                    (id.clone(), secret.clone())
                }
                // Who is not let in is told so before what is wrong with the rest.
                (None, _) => return Err(ApplicationError::InvalidClient.into()),
            };
            application.authenticate_client(&id, &secret).await?;
            body.map(|body| Self { token: body.token })
        })
    }
}

/// Faults of fields in OAuth's own way.
fn oauth(error: ApiError) -> ApiError {
    match error {
        ApiError::Invalid(errors) => ApiError::InvalidOAuthRequest(errors),
        error => error,
    }
}

fn twice() -> FieldError {
    FieldError {
        field: "client_secret".to_owned(),
        code: "duplicate_field",
        message: "The client's secret is given more than once.".to_owned(),
    }
}

/// Id and secret, each percent-encoded as in forms, joined by a colon, in Base64.
fn basic(request: &HttpRequest) -> Result<Option<(String, Secret)>, ApiError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else { return Ok(None) };
    let text = header.to_str().ok().filter(|_| headers.next().is_none());
    let credentials = text.and_then(|text| {
        let (scheme, encoded) = text.split_once(' ')?;
        let decoded = BASE64.decode(encoded.trim().as_bytes()).ok().filter(|_| scheme.eq_ignore_ascii_case("Basic"))?;
        let decoded = Zeroizing::new(String::from_utf8(decoded).ok()?);
        let (id, secret) = decoded.split_once(':')?;
        Some((percent_decoded(id)?, Secret::new(percent_decoded(secret)?)))
    });
    credentials.map(Some).ok_or(ApplicationError::InvalidClient.into())
}

fn percent_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(|text| text.into_owned())
}
