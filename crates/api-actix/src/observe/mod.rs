//! What operators see: logs, traces and metrics.

pub(crate) mod metrics;
pub mod telemetry;
pub(crate) mod traces;
