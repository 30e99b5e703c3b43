//! HTTP, configuration, command line and wiring of Hexauth. The binary `hexauth` is a thin shell around this crate.

pub mod cli;
pub mod config;
pub mod openapi;
pub mod server;
pub mod state;
pub mod wiring;

mod background;
mod device_name;
mod error;
mod extract;
mod fields;
mod metrics;
mod problem;
mod request_context;
mod request_id;
mod responses;
mod routes;
mod telemetry;
mod traces;
