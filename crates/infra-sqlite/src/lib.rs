//! SeaORM on SQLite: the file and its rights, write-ahead log, many readers and one writer, migrations under a file
//! lock, the feed of what is revoked, and which errors pass.

mod connect;
mod connections;
mod error;
mod migrate;
mod revocation_feed;

pub use connect::{SqliteSettings, SqliteStore, connect};
pub use connections::SqliteConnections;
pub use error::SqliteError;
pub use infra_seaorm::PoolUsage;
pub use migrate::{migrate, migration_status};
pub use revocation_feed::SqliteRevocationFeed;
