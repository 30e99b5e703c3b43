//! SeaORM on PostgreSQL: the pool with its limits, TLS, PgBouncer, migrations under an advisory lock, the feed of
//! revocations, and which errors are temporary.

mod connect;
mod connections;
mod error;
mod lease;
mod migrate;
mod notifications;
mod pool;
mod revocation_feed;
mod url;

pub use connect::{PostgresSettings, PostgresStore, connect};
pub use connections::{PostgresConnections, PostgresTransaction};
pub use error::{PostgresError, unavailable_or_internal};
pub use infra_seaorm::PoolUsage;
pub use migrate::{migrate, migrate_with, migration_status, migration_status_with};
pub use revocation_feed::PostgresRevocationFeed;
pub use url::{PostgresUrl, UrlError};
