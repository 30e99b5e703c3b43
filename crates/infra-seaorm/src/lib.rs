//! The repository ports on SeaORM: one implementation for every SQL database and for pool and transaction alike.
//!
//! [`Store`] implements all of them over anything that is a SeaORM connection. What differs between databases comes
//! from the adapter crates: how to connect, how a unit of work begins ([`Connections`]), which errors pass, and how to
//! follow what is revoked, for which [`revoked_from_row`] is here.
//!
//! To add a repository: the entity in `entities/`, its port implemented for `Store` in a file of its own, and an
//! accessor in `unit_of_work.rs`.

mod entities;
mod error;
mod health;
mod refresh_tokens;
mod revocations;
mod revoked_row;
mod signing_keys;
#[cfg(feature = "sqlx")]
mod sqlx_error;
mod statements;
mod store;
mod tasks;
mod unit_of_work;
mod users;

pub use error::unavailable_or_internal;
pub use revoked_row::revoked_from_row;
#[cfg(feature = "sqlx")]
pub use sqlx_error::is_transient;
pub use store::{Connections, PoolUsage, Store, Transaction};
