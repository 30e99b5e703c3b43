use actix_web::http::StatusCode;

/// One row of the table of errors: what clients see of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorRow {
    /// 400 to 599.
    pub status: StatusCode,
    /// A stable word for machines.
    pub code: &'static str,
    /// One sentence for a person.
    pub detail: &'static str,
}

impl ErrorRow {
    /// A row. `status` is 400 to 599.
    pub const fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self { status, code, detail }
    }
}

/// Each row as a constant, and all of them as the part of the table that does not belong to one feature.
macro_rules! rows {
    ($($name:ident = $status:ident, $code:literal, $detail:literal;)+) => {
        /// The rows for what can happen in every feature.
        pub(crate) const ROWS: &[ErrorRow] = &[$($name),+];
        $(pub(super) const $name: ErrorRow = ErrorRow::new(StatusCode::$status, $code, $detail);)+
    };
}

rows! {
    BAD_REQUEST = BAD_REQUEST, "bad_request", "The request cannot be read.";
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE, "body_too_large", "The body must have at most 64 KiB.";
    FORBIDDEN = FORBIDDEN, "forbidden", "You are not allowed to do this.";
    INTERNAL = INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side. It has been logged.";
    INVALID = UNPROCESSABLE_ENTITY, "validation_failed", "Some fields are not valid.";
    INVALID_HOST = BAD_REQUEST, "invalid_host", "The host must be a name or an address, and may have a port.";
    INVALID_TOKEN = UNAUTHORIZED, "invalid_token", "The access token is not valid, or its session has ended.";
    MALFORMED_BODY = BAD_REQUEST, "malformed_body", "The body cannot be read.";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, "method_not_allowed", "This route does not accept this method.";
    MISSING_TOKEN = UNAUTHORIZED, "missing_token", "Send an access token: 'Authorization: Bearer …'.";
    NOT_FOUND = NOT_FOUND, "not_found", "Not found.";
    OVERLOADED = SERVICE_UNAVAILABLE, "overloaded", "Too many sign-ins at once. Try again.";
    RATE_LIMITED = TOO_MANY_REQUESTS, "rate_limited", "Too many requests. Try again after the time in Retry-After.";
    SLOW_BODY = REQUEST_TIMEOUT, "slow_body", "The body did not arrive in time.";
    TIMED_OUT = SERVICE_UNAVAILABLE, "timeout", "The request took too long. Try again.";
    TOO_MANY_ATTEMPTS = TOO_MANY_REQUESTS, "too_many_attempts", "Too many attempts. Try again after the time in Retry-After.";
    UNAVAILABLE = SERVICE_UNAVAILABLE, "unavailable", "The database is not available. Try again.";
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body has a media type that this route does not accept.";
}
