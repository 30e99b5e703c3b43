//! What surrounds every request: its id, its span and one log record, a limit on its time, a net for panics, and the
//! headers that every answer has.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError, web};
use futures_util::FutureExt;
use tracing::{Instrument, info, info_span};

use crate::error::ApiError;
use crate::request_id;
use crate::state::AppState;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers of the API are data: a browser has nothing to run or to frame in them.
const API_POLICY: &str = "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
/// Swagger UI styles itself inline and has images in its style sheet.
const DOCS_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Wraps every request.
pub(crate) async fn wrap<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let started = Instant::now();
    let id = choose_id(&request);
    let span = info_span!("request", request_id = %id, method = %request.method(), path = request.path());
    // A HEAD is answered as its GET; the server leaves out the body by itself (RFC 9110, section 9.3.2).
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let path = request.path().to_owned();
    let serving = async {
        let mut answer = serve(request, next).await;
        let (status, headers) = match &mut answer {
            Ok(response) => (response.status(), response.headers_mut()),
            Err(response) => (response.status(), response.headers_mut()),
        };
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(status = status.as_u16(), milliseconds, "served");
        set_headers(headers, &path);
        // The request is gone with what failed, so the finished answer goes as an error.
        answer.map_err(|response| InternalError::from_response("failed", response).into())
    };
    request_id::scope(id, serving).instrument(span).await
}

/// Answers the response, or the one of a request that did not come to one.
async fn serve<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, HttpResponse> {
    let Some(state) = request.app_data::<web::Data<AppState>>().cloned() else {
        return Err(ApiError::Broken("the routes are mounted without their state").error_response());
    };
    let mut answering = Box::pin(AssertUnwindSafe(next.call(request)).catch_unwind());
    let on_the_shared_runtime = poll_fn(|context| {
        let _entered = state.runtime.enter();
        answering.as_mut().poll(context)
    });
    let answer = tokio::time::timeout(state.request_timeout, on_the_shared_runtime).await;
    let error = match answer {
        Ok(Ok(Ok(response))) => return Ok(in_our_form(response)),
        Ok(Ok(Err(error))) => ApiError::from(error),
        // The panic itself was logged by the hook, with the place.
        Ok(Err(_panic)) => ApiError::Broken("a handler panicked"),
        Err(_elapsed) => ApiError::TimedOut,
    };
    Err(error.error_response())
}

/// Gives actix's own refusals the form of all errors.
fn in_our_form<B: MessageBody + 'static>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let error = match (response.status(), response.response().error()) {
        (StatusCode::METHOD_NOT_ALLOWED, _) => {
            ApiError::MethodNotAllowed(response.headers().get(header::ALLOW).cloned())
        }
        (status, Some(error)) if error.as_error::<ApiError>().is_none() => ApiError::of_status(status),
        _ => return response.map_into_left_body(),
    };
    response.into_response(error.error_response()).map_into_right_body()
}

/// The client's id if it is harmless in logs and headers, else a new one.
fn choose_id(request: &ServiceRequest) -> String {
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    match (given.filter(|id| request_id::is_harmless(id)), request.app_data::<web::Data<AppState>>()) {
        (Some(id), _) => id.to_owned(),
        (None, Some(state)) => state.ids.token_id().to_string(),
        (None, None) => String::new(),
    }
}

fn set_headers(headers: &mut HeaderMap, path: &str) {
    if let Ok(id) = HeaderValue::from_str(&request_id::current()) {
        headers.insert(X_REQUEST_ID, id);
    }
    let mut set = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    if path.starts_with("/docs") {
        set(header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
    } else {
        set(header::CONTENT_SECURITY_POLICY, API_POLICY);
        set(header::CACHE_CONTROL, "no-store");
    }
}
