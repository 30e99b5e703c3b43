//! What operators watch, in the OpenMetrics text format, on a listener of its own.

mod collectors;
mod plain_text;
mod requests;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpRequest, HttpResponse, web};
use application::Application;
use domain::Timestamp;
use prometheus_client::registry::Registry;

use crate::http::{ApiError, has_valid_host};
use crate::http1;
use crate::wiring::{Connections, HashGauge};

use collectors::{ApplicationMetrics, DatabaseMetrics, HashingMetrics, NodeMetrics, ProcessMetrics};

pub(crate) use requests::{RequestMeter, method_name, route};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is measured. Most of it is read when somebody asks; only requests are counted as they come.
pub(crate) struct Metrics(Registry);

impl Metrics {
    pub(crate) fn new(
        application: Application,
        connections: Connections,
        hash_load: HashGauge,
        meter: &RequestMeter,
        started_at: Timestamp,
    ) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(ProcessMetrics { started_at }));
        let ours = registry.sub_registry_with_prefix("hexauth");
        meter.register(ours);
        ours.register_collector(Box::new(NodeMetrics(application.clone())));
        ours.register_collector(Box::new(ApplicationMetrics(application)));
        ours.register_collector(Box::new(HashingMetrics(hash_load)));
        ours.register_collector(Box::new(DatabaseMetrics(connections)));
        Self(registry)
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0).map(|()| text)
    }
}

/// Serves `/metrics`.
pub(crate) fn serve(listener: TcpListener, metrics: Metrics) -> std::io::Result<Server> {
    let metrics = web::Data::from(Arc::new(metrics));
    let app =
        move || App::new().app_data(metrics.clone()).route("/metrics", web::get().to(show)).wrap(from_fn(check_host));
    http1::Settings::for_operators().serve(listener, app)
}

/// Refuses what the API's port refuses, too.
async fn check_host<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if has_valid_host(request.request()) { next.call(request).await } else { Err(ApiError::InvalidHost.into()) }
}

async fn show(request: HttpRequest, metrics: web::Data<Metrics>) -> HttpResponse {
    // Writing into a text does not fail.
    let Ok(text) = metrics.text() else { return HttpResponse::InternalServerError().finish() };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((VARY, "Accept"));
    if takes_openmetrics(&request) {
        answer.insert_header((CONTENT_TYPE, OPENMETRICS)).body(text)
    } else {
        answer.insert_header((CONTENT_TYPE, PLAIN_TEXT)).body(plain_text::from_openmetrics(&text))
    }
}

/// Prometheus asks for OpenMetrics by name. Whoever does not, gets what everybody can read.
fn takes_openmetrics(request: &HttpRequest) -> bool {
    let accepts = |value: &str| value.split(',').any(|range| range.trim().starts_with("application/openmetrics-text"));
    request.headers().get_all(ACCEPT).any(|value| value.to_str().is_ok_and(accepts))
}
