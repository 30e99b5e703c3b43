//! The refusals that routes declare in the OpenAPI document.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use utoipa::IntoResponses;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::problem::PROBLEM_JSON;

const JSON: &str = "application/json";

/// Declares the responses with one status, for the `responses` of routes.
macro_rules! problem_response {
    ($($(#[$doc:meta])* $name:ident = $($status:ident: $description:literal),+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(problem(StatusCode::$status, $description)),+])
            }
        }
    )+};
}

problem_response! {
    /// What any request can be refused for.
    Any = BAD_REQUEST: "The request cannot be read.", INTERNAL_SERVER_ERROR: "A fault of the server. It was logged.",
        SERVICE_UNAVAILABLE: "Too busy, or the request took too long. Try again.";
    /// What a body can be refused for.
    Body = BAD_REQUEST: "The body cannot be read.", REQUEST_TIMEOUT: "The body did not arrive in time.",
        PAYLOAD_TOO_LARGE: "The body must have at most 64 KiB.",
        UNSUPPORTED_MEDIA_TYPE: "The body has another media type.",
        UNPROCESSABLE_ENTITY: "Some fields are not valid: see `errors`.";
    /// What a query can be refused for.
    Invalid = BAD_REQUEST: "The query cannot be read.",
        UNPROCESSABLE_ENTITY: "Some parameters are not valid: see `errors`.";
    /// No valid credentials.
    Unauthorized = UNAUTHORIZED: "No valid credentials.";
    /// Not allowed.
    Forbidden = FORBIDDEN: "Not allowed: see `code`.";
    /// No such thing.
    NotFound = NOT_FOUND: "Not found, or not for this user.";
    /// In conflict with another's value or with a rule.
    Conflict = CONFLICT: "The value is taken, or a rule forbids it: see `code`.";
    /// Too often.
    RateLimited = TOO_MANY_REQUESTS: "Too many requests from this client.";
    /// Try again.
    Unavailable = SERVICE_UNAVAILABLE: "Too busy, or the database is not available. Try again.";
}

/// Too many attempts at a secret.
pub(crate) struct TooManyAttempts;

impl IntoResponses for TooManyAttempts {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let description = "Too many attempts at the secret, whether or not this one is right.";
        BTreeMap::from([without_rate(problem(StatusCode::TOO_MANY_REQUESTS, description))])
    }
}

/// A 429 that no rate limit is the reason for has no headers of one.
fn without_rate((status, mut response): (String, RefOr<Response>)) -> (String, RefOr<Response>) {
    if let RefOr::T(response) = &mut response {
        response.headers.retain(|name, _| !name.starts_with("RateLimit"));
    }
    (status, response)
}

/// What an OAuth endpoint can refuse.
pub(crate) struct OAuth;

impl IntoResponses for OAuth {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = BTreeMap::from([
            oauth(StatusCode::BAD_REQUEST, "The request is refused: see `error`."),
            oauth(StatusCode::UNAUTHORIZED, "The client is rejected: `error` is `invalid_client`."),
            oauth(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time."),
            oauth(StatusCode::PAYLOAD_TOO_LARGE, "The body must have at most 64 KiB."),
            oauth(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body has another media type."),
            without_rate(oauth(StatusCode::TOO_MANY_REQUESTS, "Too many attempts at the client's secret.")),
        ]);
        // What is told the same on every route, such as that the request took too long, is a problem document here,
        // too.
        for (status, mut response) in Any::responses().into_iter().filter(|(status, _)| status.starts_with('5')) {
            if let RefOr::T(response) = &mut response {
                response.content.insert(JSON.to_owned(), RefOr::T(content("OAuthError")));
            }
            responses.insert(status, response);
        }
        responses
    }
}

/// Too often, at an OAuth endpoint.
pub(crate) struct OAuthRateLimited;

impl IntoResponses for OAuthRateLimited {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([oauth(StatusCode::TOO_MANY_REQUESTS, "Too many requests from this client.")])
    }
}

fn content(schema: &str) -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build()
}

fn oauth(status: StatusCode, description: &str) -> (String, RefOr<Response>) {
    refusal(status, description, JSON, "OAuthError")
}

fn problem(status: StatusCode, description: &str) -> (String, RefOr<Response>) {
    refusal(status, description, PROBLEM_JSON, "Problem")
}

fn refusal(status: StatusCode, description: &str, media_type: &str, schema: &str) -> (String, RefOr<Response>) {
    let mut response = ResponseBuilder::new().description(description).content(media_type, content(schema));
    const RETRY_AFTER: (&str, &str, Type) = ("Retry-After", "Seconds to wait.", Type::Integer);
    let headers = match status {
        StatusCode::UNAUTHORIZED => vec![("WWW-Authenticate", "The challenge (RFC 6750).", Type::String)],
        StatusCode::TOO_MANY_REQUESTS => vec![
            RETRY_AFTER,
            ("RateLimit-Limit", "Requests that a client may make at once. On every answer here.", Type::Integer),
            ("RateLimit-Remaining", "How many of these are left.", Type::Integer),
            ("RateLimit-Reset", "Seconds until there is one more.", Type::Integer),
        ],
        StatusCode::SERVICE_UNAVAILABLE => vec![RETRY_AFTER],
        StatusCode::UNSUPPORTED_MEDIA_TYPE => vec![
            ("Accept-Patch", "The media types that are taken, where it was a `PATCH` (RFC 5789).", Type::String),
            ("Accept-Post", "The media types that are taken, where it was a `POST`.", Type::String),
        ],
        _ => Vec::new(),
    };
    for (name, description, kind) in headers {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        response =
            response.header(name, HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build());
    }
    (status.as_u16().to_string(), response.build().into())
}
