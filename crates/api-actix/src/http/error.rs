//! Every error of HTTP. Sources are logged once, here, and never sent.

use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use super::allowance::Allowance;
use super::error_row::{self as rows, ErrorRow};
use super::problem::{Extension, FieldError, PROBLEM_JSON, Problem};
use super::request_id;

/// Why a request failed. The response is a problem document (RFC 9457), and what an operator has to know is in the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum ApiError {
    /// A feature refuses, with a row of its own.
    Refused(Refusal),
    /// The route needs a bearer token and there is none.
    MissingToken,
    /// The bearer token is not valid, or its session has ended.
    InvalidToken,
    /// The body is not JSON, not a form, or not UTF-8.
    MalformedBody,
    /// The body has a type that the route does not accept. Holds the header that says what it accepts.
    UnsupportedMediaType(Option<(HeaderName, HeaderValue)>),
    /// The body did not arrive in time.
    SlowBody,
    /// The body is over the limit.
    BodyTooLarge,
    /// Fields are missing, unknown or not valid.
    Invalid(Vec<FieldError>),
    /// There is no such thing: no such route, or nothing under this id for this actor.
    NotFound,
    /// The route does not accept the method. Holds the `Allow` header.
    MethodNotAllowed(Option<HeaderValue>),
    /// `Host`, or the host in the target, is not one (RFC 9112, section 3.2).
    InvalidHost,
    /// The request broke off, or the framework refused it.
    BadRequest,
    /// There were too many attempts at one secret. Holds the seconds to wait.
    TooManyAttempts(u64),
    /// The client has made too many requests of the kind.
    RateLimited(Allowance),
    /// The request took too long.
    TimedOut,
    /// A fault of ours, in a few words for the log: a panic was caught, or the framework gave up.
    Broken(&'static str),
}

/// A refusal in the words of a row. It is made from the row: `Err(TOO_MANY_NOTES.into())`.
#[derive(Debug)]
pub struct Refusal {
    row: ErrorRow,
    errors: Vec<FieldError>,
    // Few have one, and a result must not be large for it.
    extension: Option<Box<Extension>>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Seconds after which a client may try again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Marks the response to a request for which the hasher had no place.
pub(super) struct Overload;

/// Marks a refusal that has the form that it should have.
pub(super) struct Ours;

impl ApiError {
    /// Refuses in the words of this row. An operator reads `source` in the log when the row is a fault of ours or an
    /// outage.
    pub(crate) fn refused(row: ErrorRow, errors: Vec<FieldError>, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Refused(Refusal { row, errors, extension: None, source: Some(Box::new(source)) })
    }

    /// The same refusal, with these members in its document.
    pub(crate) fn extended(mut self, extension: Extension) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.extension = Some(Box::new(extension));
        }
        self
    }

    /// A fault of one field.
    pub(crate) fn invalid(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }

    /// What comes closest to a status that the framework chose.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType(None),
            status if status.is_server_error() => Self::Broken("the framework answered with a fault"),
            _ => Self::BadRequest,
        }
    }

    /// The error's row of the table.
    pub(crate) fn row(&self) -> ErrorRow {
        match self {
            Self::Refused(refusal) => refusal.row,
            Self::MissingToken => rows::MISSING_TOKEN,
            Self::InvalidToken => rows::INVALID_TOKEN,
            Self::MalformedBody => rows::MALFORMED_BODY,
            Self::UnsupportedMediaType(_) => rows::UNSUPPORTED_MEDIA_TYPE,
            Self::SlowBody => rows::SLOW_BODY,
            Self::BodyTooLarge => rows::BODY_TOO_LARGE,
            Self::Invalid(_) => rows::INVALID,
            Self::NotFound => rows::NOT_FOUND,
            Self::MethodNotAllowed(_) => rows::METHOD_NOT_ALLOWED,
            Self::InvalidHost => rows::INVALID_HOST,
            Self::BadRequest => rows::BAD_REQUEST,
            Self::TooManyAttempts(_) => rows::TOO_MANY_ATTEMPTS,
            Self::RateLimited(_) => rows::RATE_LIMITED,
            Self::TimedOut => rows::TIMED_OUT,
            Self::Broken(_) => rows::INTERNAL,
        }
    }

    /// What is wrong with which field.
    pub(crate) fn field_errors(&self) -> &[FieldError] {
        match self {
            Self::Invalid(errors) | Self::Refused(Refusal { errors, .. }) => errors,
            _ => &[],
        }
    }

    /// Logs what an operator has to know and a client must not. The hasher itself logs when an overload begins.
    fn log(&self) {
        match self {
            Self::Refused(Refusal { row, source: Some(source), .. }) if *row == rows::INTERNAL => {
                tracing::error!(error = %cause(source.as_ref()), "internal error");
            }
            Self::Refused(Refusal { row, source: Some(source), .. }) if *row == rows::UNAVAILABLE => {
                tracing::warn!(error = %cause(source.as_ref()), "the database is not available");
            }
            Self::Broken(what) => tracing::error!(what, "internal error"),
            Self::TimedOut => tracing::warn!("the request took too long"),
            _ => {}
        }
    }

    /// The document that says so.
    pub(crate) fn problem(&self, row: ErrorRow) -> Problem {
        let Extension { challenge, factors, expires_at, expires_in } = match self {
            Self::Refused(Refusal { extension: Some(extension), .. }) => Extension::clone(extension),
            _ => Extension::default(),
        };
        Problem {
            kind: "about:blank",
            title: row.status.canonical_reason().unwrap_or_default(),
            status: row.status.as_u16(),
            detail: row.detail.to_owned(),
            code: row.code,
            request_id: request_id::current(),
            errors: self.field_errors().to_vec(),
            challenge,
            factors,
            expires_at,
            expires_in,
        }
    }

    /// The header that belongs to the error.
    fn header(&self, status: StatusCode) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::InvalidToken => Some((WWW_AUTHENTICATE, INVALID_TOKEN_CHALLENGE)),
            Self::UnsupportedMediaType(accepted) => accepted.clone(),
            Self::MethodNotAllowed(allow) => allow.clone().map(|allow| (ALLOW, allow)),
            Self::TooManyAttempts(seconds) => Some((RETRY_AFTER, (*seconds).into())),
            Self::RateLimited(allowance) => Some((RETRY_AFTER, allowance.reset.into())),
            _ if status == StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, CHALLENGE)),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, RETRY_AFTER_SECONDS)),
            _ => None,
        }
    }

    /// The response with this document, and with the header that belongs to the error.
    pub(crate) fn response(
        &self,
        status: StatusCode,
        media_type: &'static str,
        document: &impl Serialize,
    ) -> HttpResponse {
        // Serialising plain text and numbers does not fail.
        self.with_body(status, media_type, serde_json::to_string(document).unwrap_or_default())
    }

    /// The response with this body, and with the header that belongs to the error.
    pub(crate) fn with_body(&self, status: StatusCode, media_type: &'static str, body: String) -> HttpResponse {
        self.log();
        let mut response = HttpResponse::build(status);
        if let Some(header) = self.header(status) {
            response.insert_header(header);
        }
        let mut response = response.insert_header((CONTENT_TYPE, media_type)).body(body);
        response.extensions_mut().insert(Ours);
        if self.row() == rows::OVERLOADED {
            response.extensions_mut().insert(Overload);
        }
        response
    }
}

/// The challenges of a 401 (RFC 6750, section 3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"hexauth\"");
const INVALID_TOKEN_CHALLENGE: HeaderValue = HeaderValue::from_static(
    "Bearer realm=\"hexauth\", error=\"invalid_token\", error_description=\"The access token is not valid\"",
);

/// The cause of an error that only says in which way a use case failed.
fn cause(error: &(dyn Error + 'static)) -> String {
    chain(error.source().unwrap_or(error))
}

/// An error and its causes on one line, for operators.
pub(crate) fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().code)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.row().status
    }

    fn error_response(&self) -> HttpResponse {
        self.response(self.row().status, PROBLEM_JSON, &self.problem(self.row()))
    }
}

/// The refusal of a route that has nothing to tell operators.
impl From<ErrorRow> for ApiError {
    fn from(row: ErrorRow) -> Self {
        Self::Refused(Refusal { row, errors: Vec::new(), extension: None, source: None })
    }
}

/// For extractors that cannot fail.
impl From<std::convert::Infallible> for ApiError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// What actix itself refuses, in our form. Its own text is not sent.
impl From<actix_web::Error> for ApiError {
    fn from(error: actix_web::Error) -> Self {
        Self::of_status(error.as_response_error().status_code())
    }
}

/// What clients see of an error, on one line: status, code, and each field with what is wrong with it.
#[cfg(test)]
pub(crate) async fn seen(error: &impl ResponseError) -> String {
    let response = error.error_response();
    let status = response.status();
    assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), status == StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers().contains_key(RETRY_AFTER), [429, 503].contains(&status.as_u16()));
    let media_type = response.headers().get(CONTENT_TYPE).unwrap().clone();
    let body = actix_web::body::to_bytes(response.into_body()).await.ok().unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(!text.contains("SELECT"), "{text}");
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status.as_u16(), problem["status"]);
    let mut seen = format!("{} {}", problem["status"], problem["code"].as_str().unwrap());
    assert_eq!(media_type, if problem["error"].is_null() { PROBLEM_JSON } else { "application/json" });
    if let Some(error) = problem["error"].as_str() {
        seen += &format!(" error={error}");
    }
    for row in problem["errors"].as_array().into_iter().flatten() {
        seen += &format!(" {}:{}", row["field"].as_str().unwrap(), row["code"].as_str().unwrap());
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_error_has_its_status_its_code_and_its_headers_and_no_source() {
        let cases = [
            (ApiError::MissingToken, "401 missing_token"),
            (ApiError::InvalidToken, "401 invalid_token"),
            (ApiError::MalformedBody, "400 malformed_body"),
            (ApiError::UnsupportedMediaType(None), "415 unsupported_media_type"),
            (ApiError::SlowBody, "408 slow_body"),
            (ApiError::BodyTooLarge, "413 body_too_large"),
            (ApiError::invalid("email", "required", "It is required."), "422 validation_failed email:required"),
            (ApiError::NotFound, "404 not_found"),
            (ApiError::MethodNotAllowed(None), "405 method_not_allowed"),
            (ErrorRow::new(StatusCode::CONFLICT, "too_many_notes", "No more notes.").into(), "409 too_many_notes"),
            (ApiError::InvalidHost, "400 invalid_host"),
            (ApiError::BadRequest, "400 bad_request"),
            (ApiError::RateLimited(Allowance { limit: 5, remaining: 0, reset: 12 }), "429 rate_limited"),
            (ApiError::TimedOut, "503 timeout"),
            (ApiError::Broken("SELECT panicked"), "500 internal_error"),
        ];
        for (error, expected) in cases {
            assert_eq!(seen(&error).await, expected);
        }
    }
}
