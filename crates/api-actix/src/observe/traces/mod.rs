//! Traces per OpenTelemetry: one span for each request, sent to a collector.

mod collector;
mod request;
mod sampler;

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::config::TraceSettings;

use collector::Collector;
use sampler::Ratio;

pub(crate) use request::{AcceptParents, RequestTrace};

/// The target of the spans that are traced, and of no others: what leaves the server is written in one place.
const TARGET: &str = "traces";
/// A directive that keeps these spans, which the log has in another form, out of the log.
pub(crate) const NOT_LOGGED: &str = "traces=off";

/// Longest wait for the collector's response.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait at the end for what is left to be sent.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes traces, if so configured.
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Starts the thread that sends them.
    pub(crate) fn start(config: Option<&TraceSettings>) -> Self {
        Self(config.and_then(provider))
    }

    /// Turns the spans of requests into traces.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer = self.0.as_ref()?.tracer("hexauth");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        let layer = layer.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false);
        Some(layer.with_filter(filter_fn(|metadata| metadata.target() == TARGET)))
    }

    /// Sends what is left, for a moment.
    pub(crate) fn stop(self) {
        if let Some(provider) = self.0 {
            // Whether the collector was there has been logged.
            drop(provider.shutdown_with_timeout(FLUSH_TIMEOUT));
        }
    }
}

fn provider(config: &TraceSettings) -> Option<SdkTracerProvider> {
    let exporter = SpanExporter::builder().with_http().with_http_client(Collector::default());
    let exporter = exporter.with_endpoint(&config.endpoint).with_timeout(EXPORT_TIMEOUT).build();
    // The configuration has checked the URL.
    let exporter = exporter.ok()?;
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_service_name("hexauth").with_attribute(version).build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource);
    Some(provider.with_sampler(Ratio::new(config.sample_ratio)).build())
}
