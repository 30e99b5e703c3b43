//! What surrounds every request: its id, its span and one log record, a limit on its time, a net for panics, and the
//! headers that every response has.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError};
use domain::Ids;
use futures_util::FutureExt;
use tracing::{Instrument, debug, info, info_span};

use super::client_address;
use super::draining::Draining;
use super::error::{ApiError, Ours, Overload};
use super::forward_auth::own_path;
use super::host;
use super::parts::part;
use super::problem::PROBLEM_JSON;
use super::request_id;
use super::settings::HttpSettings;
use crate::observe::metrics::RequestMeter;
use crate::observe::traces::RequestTrace;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Responses of the API are data: a browser has nothing to run or to frame in them.
const API_POLICY: &str = "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
/// Swagger UI styles itself inline and has images in its style sheet.
const DOCS_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// How long a request is held back for which the hasher had no place. Otherwise hundreds of clients that try again at
/// once would keep the processors busy with refusals, cheap as each is. Meanwhile the request holds no connection to
/// the database. The aim is that its client still gets its response within a tenth of a second.
const OVERLOAD_DELAY: Duration = Duration::from_millis(80);

/// Wraps every request.
pub(crate) async fn wrap<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let started = Instant::now();
    let settings = part::<HttpSettings>(request.request())?.clone();
    let draining = part::<Draining>(request.request())?.clone();
    let mut measured = request.app_data::<RequestMeter>().and_then(|meter| meter.start(&request));
    let id = choose_id(&request)?;
    let (method, path) = (request.method(), own_path(&request));
    let trace = RequestTrace::start(&request, path, &id);
    let (trace_id, span_id) = trace.ids().unzip();
    let (trace_id, span_id) = (trace_id.map(tracing::field::display), span_id.map(tracing::field::display));
    let client = client_address::of(request.request(), &settings.proxies).map(tracing::field::display);
    let span = info_span!("request", request_id = %id, client, %method, path, trace_id, span_id);
    // A HEAD is served as its GET; the server leaves out the body by itself (RFC 9110, section 9.3.2).
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let path = request.path().to_owned();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let serving = async {
        let mut answer = serve(request, next, &settings).await;
        let head = match &mut answer {
            Ok(response) => response.response_mut().head_mut(),
            Err(response) => response.head_mut(),
        };
        let status = head.status;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Probes come every few seconds, for as long as the node runs.
        match status.is_success() && path.starts_with("/health/") {
            true => debug!(status = status.as_u16(), milliseconds, "served"),
            false => info!(status = status.as_u16(), milliseconds, "served"),
        }
        trace.answered(status);
        if let Some(measured) = &mut measured {
            measured.answered(status);
        }
        set_headers(head.headers_mut(), &path, &settings);
        complete_location(head.headers_mut(), settings.public_path());
        settings.cors.set_headers(origin.as_ref(), head.headers_mut());
        if draining.has_begun() {
            head.set_connection_type(ConnectionType::Close);
        }
        // The request is gone with what failed, so the finished response is returned as an error.
        answer.map_err(|response| InternalError::from_response("failed", response).into())
    };
    request_id::scope(id, serving).instrument(span).await
}

/// Returns the response, or the one for a request that did not get one.
async fn serve<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    settings: &HttpSettings,
) -> Result<ServiceResponse<EitherBody<B>>, HttpResponse> {
    if !host::is_valid(request.request()) {
        return Err(ApiError::InvalidHost.error_response());
    }
    if let Some(answer) = settings.cors.answer_preflight(&request) {
        return Ok(request.into_response(answer).map_into_right_body());
    }
    let answering = AssertUnwindSafe(next.call(request)).catch_unwind();
    let answer = tokio::time::timeout(settings.request_timeout, answering).await;
    let error = match answer {
        Ok(Ok(Ok(response))) => {
            if is_overload(&response) {
                tokio::time::sleep(OVERLOAD_DELAY).await;
            }
            return Ok(in_our_form(response));
        }
        Ok(Ok(Err(error))) => ApiError::from(error),
        // The panic itself was logged by the hook, with the place.
        Ok(Err(_panic)) => ApiError::Broken("a handler panicked"),
        Err(_elapsed) => ApiError::TimedOut,
    };
    Err(error.error_response())
}

fn is_overload<B>(response: &ServiceResponse<B>) -> bool {
    response.response().extensions().contains::<Overload>()
}

/// Gives actix's own refusals the form of all errors.
fn in_our_form<B: MessageBody + 'static>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let error = match (response.status(), response.response().error()) {
        (StatusCode::METHOD_NOT_ALLOWED, _) => {
            ApiError::MethodNotAllowed(response.headers().get(header::ALLOW).map(with_head))
        }
        (status, Some(_)) if !is_ours(&response) && !is_problem(&response) => ApiError::of_status(status),
        _ => return response.map_into_left_body(),
    };
    response.into_response(error.error_response()).map_into_right_body()
}

fn is_ours<B>(response: &ServiceResponse<B>) -> bool {
    response.response().extensions().contains::<Ours>()
}

/// As another program's own errors may be.
fn is_problem<B>(response: &ServiceResponse<B>) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|media_type| media_type == PROBLEM_JSON)
}

/// Where there is a GET, there is a HEAD.
fn with_head(allow: &HeaderValue) -> HeaderValue {
    let text = allow.to_str().unwrap_or_default();
    let with_head = if text.contains("GET") { format!("{text}, HEAD") } else { text.to_owned() };
    HeaderValue::from_str(&with_head).unwrap_or_else(|_| allow.clone())
}

/// The client's id if it is harmless in logs and headers, else a new one.
fn choose_id(request: &ServiceRequest) -> Result<String, ApiError> {
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    match given.filter(|id| request_id::is_harmless(id)) {
        Some(id) => Ok(id.to_owned()),
        None => Ok(part::<dyn Ids>(request.request())?.v4().to_string()),
    }
}

/// Handlers name a path of ours, and clients are to find it where they find us.
fn complete_location(headers: &mut HeaderMap, public_path: &str) {
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    let is_path = |location: &&str| location.starts_with('/') && !location.starts_with("//");
    if let Some(location) = location.filter(is_path)
        && let Ok(location) = HeaderValue::from_str(&format!("{public_path}{location}"))
    {
        headers.insert(header::LOCATION, location);
    }
}

fn set_headers(headers: &mut HeaderMap, path: &str, settings: &HttpSettings) {
    if let Ok(id) = HeaderValue::from_str(&request_id::current()) {
        headers.insert(X_REQUEST_ID, id);
    }
    let mut set = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    set(header::CROSS_ORIGIN_OPENER_POLICY, "same-origin");
    if let Some(hsts) = settings.hsts {
        set(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    if path.starts_with("/docs") {
        set(header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
    } else {
        // Pages have a policy of their own, and only what is public may be cached.
        let mut set_if_absent = |name, value| {
            if !headers.contains_key(&name) {
                headers.insert(name, HeaderValue::from_static(value));
            }
        };
        set_if_absent(header::CONTENT_SECURITY_POLICY, API_POLICY);
        set_if_absent(header::CACHE_CONTROL, "no-store");
    }
}
