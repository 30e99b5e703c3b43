//! SeaORM on PostgreSQL: the pool with its limits, TLS, migrations under an advisory lock, and which errors pass.

mod connect;
mod error;
mod migrate;

pub use connect::{PostgresSettings, PostgresStore, connect};
pub use error::PostgresError;
pub use migrate::{migrate, migration_status};
