//! SeaORM on SQLite: the file and its rights, write-ahead log, many readers and one writer, migrations under a file
//! lock, the feed of revocations, and which errors are temporary.
//!
//! ```
//! use domain::users::{Email, Epoch, Profile, Role, User, UserId, UserRepository};
//! use infra_sqlite::SqliteSettings;
//! use migration::Step;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let settings = SqliteSettings::new(format!("sqlite://{}/hexauth.db", folder.path().display()));
//! infra_sqlite::migrate(&settings, Step::Up).await?;
//!
//! // Implements every repository port. A binary hands it to the use cases; here one is called by itself.
//! let store = infra_sqlite::connect(&settings).await?;
//! let now = "2026-11-21T12:00:00Z".parse()?;
//! let user = User {
//!     id: UserId::new(uuid::Uuid::from_u128(1)),
//!     email: Email::parse("ada@example.com")?,
//!     profile: Profile::default(),
//!     role: Role::User,
//!     is_active: true,
//!     email_verified: false,
//!     epoch: Epoch::default(),
//!     created_at: now,
//!     updated_at: now,
//!     last_login: None,
//! };
//! store.insert(&user).await?;
//! assert_eq!(store.find_by_email(&Email::parse("ADA@example.com")?).await?, Some(user));
//! # Ok(())
//! # }
//! ```

mod connect;
mod connections;
mod error;
mod migrate;
mod opened_file;
pub mod private_file;
mod revocation_feed;

pub use connect::{SqliteSettings, SqliteStore, connect};
pub use connections::{SqliteConnections, SqliteTransaction};
pub use error::{SqliteError, unavailable_or_internal};
pub use infra_seaorm::PoolUsage;
pub use migrate::{migrate, migrate_with, migration_status, migration_status_with};
pub use revocation_feed::SqliteRevocationFeed;
