//! HTTP, configuration, command line and wiring of Hexauth. The binary `hexauth` is a thin shell around this crate.
//!
//! A binary of your own mounts Hexauth's routes beside its own with [`Hexauth`](hexauth::Hexauth), and writes its
//! handlers with [`Guarded`], [`Json`], [`Query`] and [`ApiError`], as Hexauth's are written.

pub mod cli;
pub mod config;
pub mod http1;

mod docs;
mod errors;
mod features;
mod http;
mod node;
mod observe;

mod auth;
mod clients;
mod health;
mod sessions;
mod tasks;
mod users;
mod well_known;

pub use docs::openapi;
pub use http::{
    Allowance, ApiError, AtId, ErrorRow, FieldError, Fields, FromFields, Guarded, GuardedIfKnown, Json, PathId, Query,
    Refusal,
};
pub use node::{hexauth, server, wiring};
pub use observe::telemetry;
