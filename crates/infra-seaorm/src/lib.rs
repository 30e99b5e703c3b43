//! The repository ports on SeaORM: one implementation for every SQL database and for pool and transaction alike.
//!
//! [`Store`] implements all of them over anything that is a SeaORM connection. What differs between databases comes
//! from the adapter crates: how to connect, how a unit of work begins ([`Connections`]), and which errors pass.
//!
//! To add a repository: the entity in `entities/`, its port implemented for `Store` in a file of its own, and an
//! accessor in `unit_of_work.rs`.

mod entities;
mod error;
mod refresh_tokens;
#[cfg(feature = "sqlx")]
mod sqlx_error;
mod store;
mod unit_of_work;
mod users;

#[cfg(feature = "sqlx")]
pub use sqlx_error::is_transient;
pub use store::{Connections, Store};
