//! A running node: what it serves, and what else it does.

pub(crate) mod background;
pub mod hexauth;
mod metrics_server;
pub mod server;
pub mod wiring;
