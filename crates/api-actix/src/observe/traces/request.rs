use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanId, TraceContextExt, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::TARGET;
use crate::observe::metrics::{method_name, route};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// Length of version 00, which is the one there is: `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const TRACEPARENT_LENGTH: usize = 55;
/// Longest `tracestate` that is kept: as much as must be kept (W3C Trace Context, section 3.3.1.5).
const MAX_TRACESTATE: usize = 512;

/// Whether clients' `traceparent` is believed. Among the application's data.
#[derive(Clone, Copy)]
pub(crate) struct AcceptParents(pub(crate) bool);

/// The span of one request, with the attributes of OpenTelemetry's conventions for HTTP servers. Of what a client sent
/// it holds the path only. Does nothing while traces are off.
pub(crate) struct RequestTrace(Span);

impl RequestTrace {
    pub(crate) fn start(request: &ServiceRequest, path: &str, id: &str) -> Self {
        let span = info_span!(
            target: TARGET, parent: None, "request", otel.name = Empty, otel.kind = "server", otel.status_code = Empty,
            http.request.method = Empty, http.route = Empty, http.response.status_code = Empty, url.path = Empty,
            url.scheme = Empty, hexauth.request_id = Empty,
        );
        if span.is_disabled() {
            return Self(span);
        }
        if let Some(AcceptParents(true)) = request.app_data() {
            let parent = TraceContextPropagator::new().extract(&Headers(request.headers()));
            // It fails if there is no layer, and then the span is disabled.
            drop(span.set_parent(parent));
        }
        let method = method_name(request.method());
        match route(request) {
            Some(route) => {
                span.record("otel.name", format!("{method} {route}"));
                span.record("http.route", route);
            }
            None => drop(span.record("otel.name", method)),
        }
        span.record("http.request.method", method);
        span.record("url.path", path);
        span.record("url.scheme", "http");
        span.record("hexauth.request_id", id);
        Self(span)
    }

    /// The ids of the trace and of this span, for the log. `None` where the request is not traced.
    pub(crate) fn ids(&self) -> Option<(TraceId, SpanId)> {
        if self.0.is_disabled() {
            return None;
        }
        let context = self.0.context();
        let context = context.span().span_context().clone();
        context.is_sampled().then(|| (context.trace_id(), context.span_id()))
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        self.0.record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.0.record("otel.status_code", "ERROR");
        }
    }
}

/// The two headers of W3C Trace Context, each if it is there once and harmless.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.0.get_all(key);
        let value = values.next()?.to_str().ok().filter(|_| values.next().is_none())?;
        let is_allowed = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b'-';
        let is_harmless = match key {
            TRACEPARENT => value.len() == TRACEPARENT_LENGTH && value.bytes().all(is_allowed),
            _ => value.len() <= MAX_TRACESTATE,
        };
        is_harmless.then_some(value)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}
