//! Which web pages may read responses (CORS, in the Fetch standard): those of the origins that are configured.
//!
//! actix-cors is not used: inside of `request_context` it sees no time-out and no panic, and around it, it lets
//! preflights past the request's id, the log and the other headers.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};

use super::forward_auth::is_forward_auth;
use crate::config::CorsSettings;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// What a page may always send.
const REQUEST_HEADERS: [&str; 5] = ["Authorization", "Content-Type", "X-Request-Id", "Traceparent", "Tracestate"];
/// What a page may read beyond what any page may.
const RESPONSE_HEADERS: &str =
    "Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, WWW-Authenticate, X-Request-Id";
/// For how many seconds a browser need not ask again. No browser remembers longer than two hours.
const MAX_AGE: &str = "7200";

/// The origins that are allowed, compared byte by byte. Without any, no response has CORS headers.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    origins: Vec<String>,
    /// The names of what a page may send.
    request_headers: String,
    /// Whether pages may have cookies sent. Hexauth reads none: tokens go in a header that pages set themselves.
    credentials: bool,
}

impl Cors {
    pub(crate) fn new(settings: &CorsSettings) -> Self {
        let is_new = |name: &&str| !REQUEST_HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name));
        let added = settings.request_headers.iter().map(String::as_str).filter(is_new);
        Self {
            origins: settings.origins.clone(),
            request_headers: REQUEST_HEADERS.into_iter().chain(added).collect::<Vec<_>>().join(", "),
            credentials: settings.credentials,
        }
    }

    /// The response to a preflight. `None` when the request is not one, or its page is not allowed: then it is a
    /// request like any other, and an `OPTIONS` is refused, which ends the preflight.
    pub(crate) fn answer_preflight(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
            // It would say that somebody's request may pass, and nobody has shown a token.
            && !is_forward_auth(request.path());
        let allowed = self.allowed(request.headers().get(ORIGIN));
        allowed.filter(|_| asks).map(|_| {
            HttpResponse::NoContent()
                .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
                .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, self.request_headers.as_str()))
                .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
                .finish()
        })
    }

    /// Says on a response which page may read it. `origin` is that of the request.
    pub(crate) fn set_headers(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        // For caches: a request that is not allowed would also get another response from another origin.
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.allowed(origin) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(RESPONSE_HEADERS));
            if self.credentials {
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
        }
    }

    fn allowed<'a>(&self, origin: Option<&'a HeaderValue>) -> Option<&'a HeaderValue> {
        origin.filter(|origin| self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()))
    }
}
