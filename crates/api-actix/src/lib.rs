//! HTTP, configuration, command line and wiring of Hexauth. The binary `hexauth` is a thin shell around this crate.
//!
//! A binary of your own mounts Hexauth's routes beside its own with [`Hexauth`](hexauth::Hexauth), and writes its
//! handlers with [`Guarded`], [`JsonBody`], [`QueryFields`] and [`ApiError`], as Hexauth's are written. What a body has
//! in it is declared by [`fields!`]: see [`mod@fields`].

pub mod cli;
pub mod config;
pub mod http1;

mod docs;
mod errors;
mod features;
mod http;
mod node;
mod observe;

mod attempts;
mod auth;
mod clients;
mod emails;
mod exports;
mod factors;
mod health;
mod oauth2;
mod outbox;
mod pages;
mod sessions;
mod tasks;
mod users;
mod well_known;

pub use docs::openapi;
pub use http::fields;
pub use http::{
    Allowance, ApiError, AtId, ErrorRow, FieldError, Guarded, GuardedIfKnown, JsonBody, PathId, QueryFields, Refusal,
};
pub use node::{hexauth, server, wiring};
pub use observe::telemetry;

/// What the macros expand to. It is not for others.
#[doc(hidden)]
pub mod private {
    pub use serde_json::json;
    pub use utoipa::openapi::path::{Parameter, ParameterIn};
    pub use utoipa::openapi::{Ref, RefOr, Schema};
    pub use utoipa::{IntoParams, PartialSchema, ToSchema};

    pub use crate::http::fields::schema::{object, parameters, schemas};
}
