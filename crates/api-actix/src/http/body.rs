use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING,
};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde_json::error::Category;

use super::Extracting;
use super::error::ApiError;
use super::fields::{self, FieldList, Form, RawFields};
use super::parts::rules;

/// Most bytes of a body.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// Longest wait for a whole body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

const JSON: &str = "application/json";
/// JSON of which absent members stay as they are and `null` clears (RFC 7396).
const MERGE_PATCH: &str = "application/merge-patch+json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A JSON body of at most 64 KiB, which must come within ten seconds; that of a `PATCH` also as a merge patch. It is
/// not read by `serde`: all faults are found at once, and a field that comes twice or is unknown is a fault.
pub struct JsonBody<L: FieldList>(pub L::Value);

/// The same, or no body at all.
pub(crate) struct OptionalJsonBody<L: FieldList>(pub(crate) Option<L::Value>);

/// A body as a form, within the same limits.
pub(crate) struct FormBody<L: FieldList>(pub(crate) L::Value);

/// A body as JSON or as a form, told by its type.
pub(crate) struct FormOrJsonBody<L: FieldList>(pub(crate) L::Value);

/// The same, or no body at all.
pub(crate) struct OptionalFormOrJsonBody<L: FieldList>(pub(crate) Option<L::Value>);

impl<L: FieldList + 'static> FromRequest for JsonBody<L> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        let accepted: &[_] = if request.method() == Method::PATCH { &[JSON, MERGE_PATCH] } else { &[JSON] };
        Box::pin(async move { read::<L>(&request, payload, accepted).await.map(Self) })
    }
}

impl<L: FieldList + 'static> FromRequest for OptionalJsonBody<L> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read_optional::<L>(&request, payload, &[JSON]).await.map(Self) })
    }
}

impl<L: FieldList + 'static> FromRequest for FormBody<L> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read::<L>(&request, payload, &[FORM]).await.map(Self) })
    }
}

impl<L: FieldList + 'static> FromRequest for FormOrJsonBody<L> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read::<L>(&request, payload, &[JSON, FORM]).await.map(Self) })
    }
}

impl<L: FieldList + 'static> FromRequest for OptionalFormOrJsonBody<L> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read_optional::<L>(&request, payload, &[JSON, FORM]).await.map(Self) })
    }
}

async fn read<L: FieldList>(request: &HttpRequest, payload: Payload, accepted: &[&str]) -> Result<L::Value, ApiError> {
    let media_type = media_type(request, accepted)?;
    parse::<L>(request, &media_type, &bytes(request, payload).await?)
}

async fn read_optional<L: FieldList>(
    request: &HttpRequest,
    payload: Payload,
    accepted: &[&str],
) -> Result<Option<L::Value>, ApiError> {
    // The type of a body that may come is judged before the body is asked for.
    if may_have_body(request.headers()) && request.headers().contains_key(CONTENT_TYPE) {
        media_type(request, accepted)?;
    }
    // It may still be empty: a body that is sent in chunks has no length.
    let bytes = bytes(request, payload).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let media_type = media_type(request, accepted)?;
    parse::<L>(request, &media_type, &bytes).map(Some)
}

fn parse<L: FieldList>(request: &HttpRequest, media_type: &str, bytes: &[u8]) -> Result<L::Value, ApiError> {
    let rules = rules(request)?;
    let read = if media_type == FORM {
        fields::read::<Form<L>>(form(bytes)?, rules)
    } else {
        fields::read::<L>(json(bytes)?, rules)
    };
    read.map_err(ApiError::Invalid)
}

/// The media type, which must be one of these.
fn media_type(request: &HttpRequest, accepted: &[&str]) -> Result<String, ApiError> {
    if request.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding.as_bytes() != b"identity") {
        let identity = HeaderValue::from_static("identity");
        return Err(ApiError::UnsupportedMediaType(Some((ACCEPT_ENCODING, identity))));
    }
    let media_type = read_media_type(request.headers()).filter(|media_type| accepted.contains(&media_type.as_str()));
    media_type.ok_or_else(|| {
        let types = HeaderValue::from_str(&accepted.join(", ")).ok();
        ApiError::UnsupportedMediaType(types.map(|types| (accept_header(request.method()), types)))
    })
}

/// The header of a 415 that says which types are accepted: for a PATCH RFC 5789, section 3.1; for a POST the Linked
/// Data Platform, section 7.1; for the rest RFC 9110, section 15.5.16.
fn accept_header(method: &Method) -> HeaderName {
    match *method {
        Method::POST => HeaderName::from_static("accept-post"),
        Method::PATCH => HeaderName::from_static("accept-patch"),
        _ => ACCEPT,
    }
}

/// The media type in lower case, without parameters. A charset other than UTF-8 is not accepted.
fn read_media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    let (media_type, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let charset = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("charset="));
    let (media_type, charset) = (media_type.trim(), charset.map(|charset| charset.trim_matches('"')));
    let is_readable = match charset {
        None | Some("utf-8" | "utf8" | "us-ascii") => true,
        // It has no meaning for JSON, which is UTF-8 (RFC 8259, sections 8.1 and 11), but clients send what they send
        // with texts. Those of two or four bytes for a character can not be meant so.
        Some(other) => media_type.ends_with("json") && !other.starts_with("utf-16") && !other.starts_with("utf-32"),
    };
    is_readable.then(|| media_type.to_owned())
}

/// Whether a body may come, going by the headers.
fn may_have_body(headers: &HeaderMap) -> bool {
    let has_length = headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    has_length || headers.contains_key(TRANSFER_ENCODING)
}

async fn bytes(request: &HttpRequest, mut payload: Payload) -> Result<Bytes, ApiError> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > MAX_BODY_BYTES) {
        return Err(ApiError::BodyTooLarge);
    }
    read_limited(&mut payload).await
}

/// Reads a whole body, within the limits of size and time.
async fn read_limited(payload: &mut Payload) -> Result<Bytes, ApiError> {
    let reading = async {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| ApiError::MalformedBody)?;
            if bytes.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(ApiError::BodyTooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(BODY_TIMEOUT, reading).await.unwrap_or(Err(ApiError::SlowBody))
}

fn json(bytes: &[u8]) -> Result<RawFields, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        // It is JSON, but not an object.
        Category::Data => ApiError::invalid("", "wrong_type", "The body must be an object."),
        Category::Io | Category::Syntax | Category::Eof => ApiError::MalformedBody,
    })
}

fn form(bytes: &[u8]) -> Result<RawFields, ApiError> {
    // The parser would put U+FFFD in the place of what is not UTF-8, and so change a password.
    if percent_decoded_is_utf8(bytes) { Ok(RawFields::from_urlencoded(bytes)) } else { Err(ApiError::MalformedBody) }
}

pub(super) fn percent_decoded_is_utf8(bytes: &[u8]) -> bool {
    percent_encoding::percent_decode(bytes).decode_utf8().is_ok()
}
