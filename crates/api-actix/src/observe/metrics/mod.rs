//! What operators watch, in the OpenMetrics text format.

mod collectors;
mod plain_text;
mod requests;

use application::Application;
use domain::Timestamp;
use prometheus_client::registry::Registry;

use crate::wiring::{Connections, HashGauge};

use collectors::{ApplicationMetrics, DatabaseMetrics, HashingMetrics, NodeMetrics, OutboxMetrics, ProcessMetrics};

pub(crate) use plain_text::from_openmetrics;
pub(crate) use requests::{RequestMeter, method_name, route};

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
        ours.register_collector(Box::new(OutboxMetrics(application.clone())));
        ours.register_collector(Box::new(ApplicationMetrics(application)));
        ours.register_collector(Box::new(HashingMetrics(hash_load)));
        ours.register_collector(Box::new(DatabaseMetrics(connections)));
        Self(registry)
    }

    /// All of it, as OpenMetrics.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0).map(|()| text)
    }
}
