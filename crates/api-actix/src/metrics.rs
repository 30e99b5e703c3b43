//! What operators watch, in the OpenMetrics text format, on a listener of its own.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, HttpResponse, HttpServer, web};
use application::Application;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is measured.
pub(crate) struct Metrics(Registry);

impl Metrics {
    pub(crate) fn new(application: &Application) -> Self {
        let mut registry = Registry::with_prefix("hexauth");
        registry.register_collector(Box::new(Feed(application.clone())));
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
    let server = HttpServer::new(move || App::new().app_data(metrics.clone()).route("/metrics", web::get().to(show)));
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

async fn show(metrics: web::Data<Metrics>) -> HttpResponse {
    match metrics.text() {
        Ok(text) => HttpResponse::Ok().insert_header((CONTENT_TYPE, OPENMETRICS)).body(text),
        // Writing into a text does not fail.
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// The revocation feed, read when somebody asks.
struct Feed(Application);

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Feed")
    }
}

impl Collector for Feed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let status = self.0.feed_status();
        let size = ConstGauge::new(i64::try_from(status.size).unwrap_or(i64::MAX));
        let help = "Revocations that this node holds in memory.";
        size.encode(encoder.encode_descriptor("revocations", help, None, size.metric_type())?)?;
        let Some(age) = status.age else { return Ok(()) };
        let lag = ConstGauge::new(age.as_seconds_f64());
        let help = "How long ago this node read the revocations last. Over 5, it asks the database for each request.";
        lag.encode(encoder.encode_descriptor("revocations_lag", help, Some(&Unit::Seconds), lag.metric_type())?)
    }
}
