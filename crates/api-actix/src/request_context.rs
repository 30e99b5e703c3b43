//! What surrounds every request: its id, its span and one log record, a limit on its time, a net for panics, and the
//! headers that every answer has.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, ResponseError, web};
use futures_util::FutureExt;
use tracing::{Instrument, info, info_span, warn};

use crate::error::ApiError;
use crate::state::AppState;

tokio::task_local! {
    static REQUEST_ID: String;
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken from a client.
const MAX_REQUEST_ID_LENGTH: usize = 64;

/// The id of the request that is being served; empty outside one.
pub(crate) fn current_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Wraps every request.
pub(crate) async fn wrap<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let started = Instant::now();
    let id = request_id(&request);
    let span = info_span!("request", request_id = %id, method = %request.method(), path = request.path());
    // A HEAD is answered as its GET; the server leaves out the body by itself (RFC 9110, section 9.3.2).
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let serving = async {
        let mut response = serve(request, next).await;
        let status = response.status().as_u16();
        info!(status, milliseconds = started.elapsed().as_millis(), "served");
        set_headers(&mut response, &current_id());
        Ok(response)
    };
    REQUEST_ID.scope(id, serving).instrument(span).await
}

async fn serve<B: MessageBody + 'static>(request: ServiceRequest, next: Next<B>) -> ServiceResponse<EitherBody<B>> {
    let http_request = request.request().clone();
    let limit = http_request.app_data::<web::Data<AppState>>().map(|state| state.request_timeout);
    let answering = AssertUnwindSafe(next.call(request)).catch_unwind();
    let answer = match limit {
        Some(limit) => tokio::time::timeout(limit, answering).await,
        None => Ok(answering.await),
    };
    match answer {
        Ok(Ok(Ok(response))) => in_our_form(http_request, response),
        // An extractor or a middleware of actix refused.
        Ok(Ok(Err(error))) => fail(http_request, &ApiError::from(error)),
        // The panic itself was logged by the hook, with the place.
        Ok(Err(_panic)) => fail(http_request, &ApiError::Panicked),
        Err(_elapsed) => fail(http_request, &ApiError::TimedOut),
    }
}

/// Gives actix's own refusals the form of all errors.
fn in_our_form<B: MessageBody + 'static>(
    request: HttpRequest,
    response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B>> {
    let own_error = response.response().error().is_none_or(|error| error.as_error::<ApiError>().is_some());
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(header::ALLOW).cloned();
        return fail(request, &ApiError::MethodNotAllowed(allow));
    }
    if !own_error && let (_, Some(error)) = (response.status(), response.response().error()) {
        warn!(status = response.status().as_u16(), %error, "refused by the framework");
        let error = match response.status() {
            StatusCode::NOT_FOUND => ApiError::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::BodyTooLarge,
            _ => ApiError::BadRequest,
        };
        return fail(request, &error);
    }
    response.map_into_left_body()
}

fn fail<B>(request: HttpRequest, error: &ApiError) -> ServiceResponse<EitherBody<B>> {
    ServiceResponse::new(request, error.error_response()).map_into_right_body()
}

/// The client's id if it is harmless in logs and headers, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_harmless = |id: &&str| {
        (1..=MAX_REQUEST_ID_LENGTH).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match (given.filter(is_harmless), request.app_data::<web::Data<AppState>>()) {
        (Some(id), _) => id.to_owned(),
        (None, Some(state)) => state.ids.token_id().to_string(),
        (None, None) => String::new(),
    }
}

fn set_headers<B>(response: &mut ServiceResponse<B>, id: &str) {
    let path = response.request().path().to_owned();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    let mut set = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    if path.starts_with("/docs") {
        // Swagger UI styles itself inline.
        set(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        );
    } else {
        set(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        );
        set(header::CACHE_CONTROL, "no-store");
    }
}
