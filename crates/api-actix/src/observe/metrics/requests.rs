use std::sync::Arc;
use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the durations that are told apart, in seconds.
const BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The route of all paths that are not in the table: no client can make up others.
const UNMATCHED: &str = "unmatched";
/// The status of a request that broke off before there was a response, as nginx has it.
const BROKEN_OFF: u16 = 499;

/// Counts and times requests, if metrics are on.
#[derive(Clone, Default)]
pub(crate) struct RequestMeter(Option<Arc<Requests>>);

struct Requests {
    in_flight: Gauge,
    answered: Family<Labels, Counter>,
    duration: Family<Labels, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    route: String,
    status: u16,
}

impl RequestMeter {
    pub(crate) fn on() -> Self {
        Self(Some(Arc::new(Requests {
            in_flight: Gauge::default(),
            answered: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        })))
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let Some(requests) = &self.0 else { return };
        let help = "Requests that are being answered";
        registry.register("http_requests_in_flight", help, requests.in_flight.clone());
        let help = "Requests, by route. Status 499: broken off";
        registry.register("http_requests", help, requests.answered.clone());
        let help = "How long requests took, until the answer began";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, requests.duration.clone());
    }

    /// Begins to time a request, which is counted when what this returns is dropped.
    pub(crate) fn start(&self, request: &ServiceRequest) -> Option<MeasuredRequest> {
        let requests = Arc::clone(self.0.as_ref()?);
        requests.in_flight.inc();
        let labels = Labels {
            method: method_name(request.method()),
            route: route(request).unwrap_or_else(|| UNMATCHED.to_owned()),
            status: BROKEN_OFF,
        };
        Some(MeasuredRequest { requests, labels, started: Instant::now() })
    }
}

/// A request in flight. Counted when dropped, which is what happens to one that breaks off.
pub(crate) struct MeasuredRequest {
    requests: Arc<Requests>,
    labels: Labels,
    started: Instant,
}

impl MeasuredRequest {
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.labels.status = status.as_u16();
    }
}

impl Drop for MeasuredRequest {
    fn drop(&mut self) {
        self.requests.in_flight.dec();
        self.requests.answered.get_or_create(&self.labels).inc();
        self.requests.duration.get_or_create(&self.labels).observe(self.started.elapsed().as_secs_f64());
    }
}

/// The template of the path, such as `/api/v1/users/{id}`. Looked up before the request is served: for one that broke
/// off or took too long there is nothing left to ask afterwards.
pub(crate) fn route(request: &ServiceRequest) -> Option<String> {
    let path = request.match_info().as_str();
    // Each path is served with and without a slash at its end.
    request.resource_map().match_pattern(path.trim_end_matches('/'))
}

/// The method if it is a known one: no client can make up others.
pub(crate) fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}
