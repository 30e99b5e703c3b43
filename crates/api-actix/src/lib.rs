//! HTTP, configuration, command line and wiring of Hexauth. The binary `hexauth` is a thin shell around this crate.
//!
//! A binary of your own mounts Hexauth's routes beside its own with [`Hexauth`](hexauth::Hexauth), and writes its
//! handlers with [`Guarded`], [`Json`], [`Query`] and [`ApiError`], as Hexauth's are written.

pub mod cli;
pub mod config;
pub mod hexauth;
pub mod http1;
pub mod openapi;
pub mod server;
pub mod state;
pub mod telemetry;

mod background;
mod client_address;
mod cors;
mod device_name;
mod error;
mod extract;
mod field_values;
mod fields;
mod host;
mod json_value;
mod metrics;
mod node;
mod problem;
mod rate_limit;
mod request_context;
mod request_id;
mod responses;
mod routes;
mod traces;

pub use error::ApiError;
pub use extract::{AtId, Guarded, GuardedIfKnown, Json, PathId, Query};
pub use fields::{Fields, FromFields};
pub use node::wiring;
pub use problem::FieldError;
pub use rate_limit::Allowance;
