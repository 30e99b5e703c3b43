//! The repository ports on SeaORM: one implementation for every SQL database and for pool and transaction alike.
//!
//! [`Store`] implements all of them over anything that is a SeaORM connection. What differs between databases comes
//! from the adapter crates: how to connect, how a unit of work begins ([`SqlConnections`]), which errors are transient,
//! and how to follow what is revoked, for which [`revoked_from_row`] is here.
//!
//! To add a feature: a folder with the entity, and its ports and its unit of work implemented for [`Store`].

mod attempts;
mod columns;
mod error;
mod events;
mod factors;
mod health;
mod identities;
mod keys;
mod mail;
mod one_time_tokens;
mod passkeys;
mod passwords;
mod providers;
mod registration;
mod revocations;
mod sessions;
#[cfg(feature = "sqlx")]
mod sqlx_error;
mod statements;
mod store;
mod tasks;
mod unit_of_work;
mod users;

pub use error::unavailable_or_internal;
pub use revocations::revoked_from_row;
#[cfg(feature = "sqlx")]
pub use sqlx_error::is_transient;
pub use store::{PoolUsage, SqlConnections, Store, Transaction};
