//! Every error that HTTP can answer, in one table. Sources are logged once, here, and never sent.

use std::fmt;

use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use application::ApplicationError;

use crate::problem::{FieldError, PROBLEM_JSON, Problem};
use crate::rate_limit::Allowance;
use crate::request_id;

/// What a request failed of. As an answer it is a problem document (RFC 9457), and what an operator has to know is in
/// the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum ApiError {
    /// A use case refused.
    Application(ApplicationError),
    /// The route needs a bearer token and there is none.
    MissingToken,
    /// The body is not JSON, not a form, or not UTF-8.
    MalformedBody,
    /// The body is of a type the route does not take.
    UnsupportedMediaType,
    /// The body did not come in time.
    SlowBody,
    /// The body is over the limit.
    BodyTooLarge,
    /// A request to an OAuth endpoint has this fault of its body, and is told so in OAuth's way, too (RFC 6749, section
    /// 5.2).
    InvalidOAuthRequest(Box<ApiError>),
    /// Fields are missing, unknown or not valid.
    Invalid(Vec<FieldError>),
    /// There is no such route, or a part of the path is no id.
    NotFound,
    /// The route does not take the method. Holds the `Allow` header.
    MethodNotAllowed(Option<HeaderValue>),
    /// A route that is not ours refuses, with a code of its own.
    Refused {
        /// 400 to 499.
        status: StatusCode,
        /// A stable word for machines.
        code: &'static str,
        /// One sentence for a person.
        detail: &'static str,
    },
    /// `Host`, or the host in the target, is not one (RFC 9112, section 3.2).
    InvalidHost,
    /// The request broke off, or the framework refused it.
    BadRequest,
    /// The client has made too many requests of the kind.
    RateLimited(Allowance),
    /// The request took too long.
    TimedOut,
    /// A fault of ours, in a few words for the log: a panic was caught, or the framework gave up.
    Broken(&'static str),
}

/// One row of the table.
struct Row(StatusCode, &'static str, &'static str);

/// Seconds after which a client may try again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

impl ApiError {
    /// What comes closest to a status that the framework chose.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            status if status.is_server_error() => Self::Broken("the framework answered with a fault"),
            _ => Self::BadRequest,
        }
    }

    fn row(&self) -> Row {
        use ApplicationError as A;
        use StatusCode as S;
        match self {
            Self::Application(error) => match error {
                A::InvalidCredentials => {
                    Row(S::UNAUTHORIZED, "invalid_credentials", "The name or the password is wrong.")
                }
                A::AccountDisabled => Row(S::FORBIDDEN, "account_disabled", "The account is disabled."),
                A::InvalidAccessToken => {
                    Row(S::UNAUTHORIZED, "invalid_token", "The access token is not valid, or its session has ended.")
                }
                A::InvalidRefreshToken => Row(
                    S::UNAUTHORIZED,
                    "invalid_refresh_token",
                    "The refresh token is not valid, or its session has ended.",
                ),
                A::Forbidden => Row(S::FORBIDDEN, "forbidden", "You may not do this."),
                A::RegistrationClosed => {
                    Row(S::FORBIDDEN, "registration_closed", "Registration is closed: only admins create users.")
                }
                A::WrongCurrentPassword => {
                    Row(S::FORBIDDEN, "wrong_current_password", "The current password is wrong.")
                }
                A::CurrentPasswordRequired | A::RefusedPassword(_) | A::UnchangedPassword | A::InvalidCursor(_) => {
                    INVALID
                }
                A::NotFound => NOT_FOUND,
                A::InvalidClient => {
                    Row(S::UNAUTHORIZED, INVALID_CLIENT, "The client is not known, or its secret is missing or wrong.")
                }
                A::Duplicate(_) => Row(S::CONFLICT, "duplicate", "Another user has this value."),
                A::LastAdmin => {
                    Row(S::CONFLICT, "last_admin", "The last active admin cannot be demoted, disabled or deleted.")
                }
                A::Overloaded => Row(S::SERVICE_UNAVAILABLE, "overloaded", "Too many sign-ins at once. Try again."),
                A::Unavailable(_) => {
                    Row(S::SERVICE_UNAVAILABLE, "unavailable", "The database is not available. Try again.")
                }
                A::ForeignKeys | A::Internal(_) => INTERNAL,
            },
            Self::MissingToken => {
                Row(S::UNAUTHORIZED, "missing_token", "Send an access token: 'Authorization: Bearer …'.")
            }
            Self::MalformedBody => Row(S::BAD_REQUEST, "malformed_body", "The body cannot be read."),
            Self::UnsupportedMediaType => Row(
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body is of a type that is not taken here.",
            ),
            Self::SlowBody => Row(S::REQUEST_TIMEOUT, "slow_body", "The body did not come in time."),
            Self::BodyTooLarge => Row(S::PAYLOAD_TOO_LARGE, "body_too_large", "The body is over 64 KiB."),
            Self::InvalidOAuthRequest(fault) => match fault.as_ref() {
                Self::Invalid(_) => Row(
                    S::BAD_REQUEST,
                    INVALID_REQUEST,
                    "A parameter is missing, is there more than once, or contradicts another.",
                ),
                fault => fault.row(),
            },
            Self::Invalid(_) => INVALID,
            Self::NotFound => NOT_FOUND,
            Self::MethodNotAllowed(_) => {
                Row(S::METHOD_NOT_ALLOWED, "method_not_allowed", "The route does not take this method.")
            }
            Self::Refused { status, code, detail } => Row(*status, code, detail),
            Self::InvalidHost => {
                Row(S::BAD_REQUEST, "invalid_host", "The host must be a name or an address, and may have a port.")
            }
            Self::BadRequest => Row(S::BAD_REQUEST, "bad_request", "The request cannot be read."),
            Self::RateLimited(_) => {
                Row(S::TOO_MANY_REQUESTS, "rate_limited", "Too many requests. Try again after the time in Retry-After.")
            }
            Self::TimedOut => Row(S::SERVICE_UNAVAILABLE, "timeout", "The request took too long. Try again."),
            Self::Broken(_) => INTERNAL,
        }
    }

    /// What is wrong with which field.
    fn field_errors(&self) -> Vec<FieldError> {
        use ApplicationError as A;
        let (field, code, message) = match self {
            Self::Invalid(errors) => return errors.clone(),
            Self::InvalidOAuthRequest(fault) => return fault.field_errors(),
            Self::Application(A::Duplicate(field)) => (*field, "duplicate", format!("Another user has this {field}.")),
            Self::Application(A::CurrentPasswordRequired) => {
                ("current_password", "required", "This field is required.".to_owned())
            }
            Self::Application(A::RefusedPassword(error)) => ("password", error.code, error.message.clone()),
            Self::Application(A::UnchangedPassword) => {
                ("new_password", "unchanged", "The new password equals the current one.".to_owned())
            }
            Self::Application(A::InvalidCursor(error)) => ("cursor", error.code, error.message.clone()),
            _ => return Vec::new(),
        };
        vec![FieldError { field: field.to_owned(), code, message }]
    }

    /// What OAuth's clients look for in `error` (RFC 6749, section 5.2).
    fn oauth_error(&self) -> Option<&'static str> {
        match self {
            Self::Application(ApplicationError::InvalidClient) => Some(INVALID_CLIENT),
            Self::InvalidOAuthRequest(_) => Some(INVALID_REQUEST),
            _ => None,
        }
    }

    /// The challenge of a 401 (RFC 6750, section 3; RFC 7617 for clients).
    fn challenge(&self) -> &'static str {
        match self {
            Self::Application(ApplicationError::InvalidAccessToken) => {
                "Bearer realm=\"hexauth\", error=\"invalid_token\", error_description=\"The access token is not valid\""
            }
            Self::Application(ApplicationError::InvalidClient) => "Basic realm=\"hexauth\", charset=\"UTF-8\"",
            _ => "Bearer realm=\"hexauth\"",
        }
    }

    /// Whether the hasher had no place for the request.
    pub(crate) fn is_overload(&self) -> bool {
        matches!(self, Self::Application(ApplicationError::Overloaded))
    }

    /// Logs what an operator has to know and a client must not. Of an overload the hasher itself says when it begins.
    fn log(&self) {
        match self {
            Self::Application(ApplicationError::Internal(source)) => {
                tracing::error!(error = %chain(source.as_ref()), "internal error");
            }
            Self::Application(ApplicationError::Unavailable(source)) => {
                tracing::warn!(error = %chain(source.as_ref()), "the database is not available");
            }
            Self::Application(error @ ApplicationError::ForeignKeys) => {
                tracing::error!(%error, "internal error");
            }
            Self::Broken(what) => tracing::error!(what, "internal error"),
            Self::TimedOut => tracing::warn!("the request took too long"),
            _ => {}
        }
    }
}

/// Codes that OAuth names.
const INVALID_CLIENT: &str = "invalid_client";
const INVALID_REQUEST: &str = "invalid_request";

const INVALID: Row = Row(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "Some fields are not valid.");
const NOT_FOUND: Row = Row(StatusCode::NOT_FOUND, "not_found", "There is no such thing here.");
const INTERNAL: Row = Row(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Something broke. It has been logged.");

/// An error and its causes on one line, for operators.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().1)
    }
}

impl From<ApplicationError> for ApiError {
    fn from(error: ApplicationError) -> Self {
        Self::Application(error)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.row().0
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let Row(status, code, detail) = self.row();
        let problem = Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.to_owned(),
            code,
            error: self.oauth_error(),
            request_id: request_id::current(),
            errors: self.field_errors(),
        };
        let mut response = HttpResponse::build(status);
        match status {
            StatusCode::UNAUTHORIZED => drop(response.insert_header((WWW_AUTHENTICATE, self.challenge()))),
            StatusCode::SERVICE_UNAVAILABLE => drop(response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS))),
            _ => {}
        }
        match self {
            Self::MethodNotAllowed(Some(allow)) => drop(response.insert_header((ALLOW, allow.clone()))),
            Self::RateLimited(allowance) => drop(response.insert_header((RETRY_AFTER, allowance.reset))),
            _ => {}
        }
        // Serialising plain text and numbers does not fail.
        let body = serde_json::to_string(&problem).unwrap_or_default();
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON)).body(body)
    }
}

/// For extractors that cannot fail.
impl From<std::convert::Infallible> for ApiError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// What actix itself refuses, in our form. Its own text stays here.
impl From<actix_web::Error> for ApiError {
    fn from(error: actix_web::Error) -> Self {
        Self::of_status(error.as_response_error().status_code())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use domain::ValidationError;

    use super::*;

    const SOURCE: &str = "SELECT secret FROM somewhere";

    /// Every variant, with what clients see of it. A new one is not seen here by itself, but the table is exhaustive.
    fn all() -> Vec<(ApiError, &'static str)> {
        use ApplicationError as A;
        let field = FieldError { field: "email".to_owned(), code: "required", message: "It is required.".to_owned() };
        let cursor = ValidationError::new("invalid_cursor", "It is no cursor.");
        let short = ValidationError::new("too_short", "It is too short.");
        let oauth = |fault| ApiError::InvalidOAuthRequest(Box::new(fault));
        vec![
            (A::InvalidCredentials.into(), "401 invalid_credentials"),
            (A::AccountDisabled.into(), "403 account_disabled"),
            (A::InvalidAccessToken.into(), "401 invalid_token"),
            (A::InvalidRefreshToken.into(), "401 invalid_refresh_token"),
            (A::Forbidden.into(), "403 forbidden"),
            (A::RegistrationClosed.into(), "403 registration_closed"),
            (A::WrongCurrentPassword.into(), "403 wrong_current_password"),
            (A::CurrentPasswordRequired.into(), "422 validation_failed current_password:required"),
            (A::RefusedPassword(short).into(), "422 validation_failed password:too_short"),
            (A::UnchangedPassword.into(), "422 validation_failed new_password:unchanged"),
            (A::NotFound.into(), "404 not_found"),
            (A::InvalidClient.into(), "401 invalid_client"),
            (A::ForeignKeys.into(), "500 internal_error"),
            (A::Duplicate("email").into(), "409 duplicate email:duplicate"),
            (A::LastAdmin.into(), "409 last_admin"),
            (A::InvalidCursor(cursor).into(), "422 validation_failed cursor:invalid_cursor"),
            (A::Overloaded.into(), "503 overloaded"),
            (A::Unavailable(SOURCE.into()).into(), "503 unavailable"),
            (A::Internal(SOURCE.into()).into(), "500 internal_error"),
            (ApiError::MissingToken, "401 missing_token"),
            (ApiError::MalformedBody, "400 malformed_body"),
            (ApiError::UnsupportedMediaType, "415 unsupported_media_type"),
            (ApiError::SlowBody, "408 slow_body"),
            (ApiError::BodyTooLarge, "413 body_too_large"),
            (oauth(ApiError::Invalid(vec![field.clone()])), "400 invalid_request email:required"),
            (oauth(ApiError::BodyTooLarge), "413 body_too_large"),
            (ApiError::Invalid(vec![field]), "422 validation_failed email:required"),
            (ApiError::NotFound, "404 not_found"),
            (ApiError::MethodNotAllowed(None), "405 method_not_allowed"),
            (
                ApiError::Refused { status: StatusCode::CONFLICT, code: "too_many_notes", detail: "No more notes." },
                "409 too_many_notes",
            ),
            (ApiError::InvalidHost, "400 invalid_host"),
            (ApiError::BadRequest, "400 bad_request"),
            (ApiError::RateLimited(Allowance { limit: 5, remaining: 0, reset: 12 }), "429 rate_limited"),
            (ApiError::TimedOut, "503 timeout"),
            (ApiError::Broken("a handler panicked"), "500 internal_error"),
        ]
    }

    #[tokio::test]
    async fn every_error_has_its_status_its_code_and_its_headers_and_no_source() {
        for (error, expected) in all() {
            let response = error.error_response();
            let status = response.status();
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), status == StatusCode::UNAUTHORIZED);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), [429, 503].contains(&status.as_u16()));
            assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), PROBLEM_JSON);
            let body = to_bytes(response.into_body()).await.ok().unwrap();
            let text = String::from_utf8(body.to_vec()).unwrap();
            assert!(!text.contains(SOURCE) && !text.contains("panicked"), "{text}");
            let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
            let mut seen = format!("{} {}", problem["status"], problem["code"].as_str().unwrap());
            for row in problem["errors"].as_array().into_iter().flatten() {
                seen += &format!(" {}:{}", row["field"].as_str().unwrap(), row["code"].as_str().unwrap());
            }
            assert_eq!(seen, expected);
            assert_eq!(status.as_u16(), problem["status"]);
        }
    }
}
