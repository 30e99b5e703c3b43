//! What operators see: logs, traces and metrics.

mod json_records;
pub(crate) mod metrics;
pub mod telemetry;
pub(crate) mod traces;
