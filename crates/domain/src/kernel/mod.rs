//! What several features share.

mod clock;
mod date;
mod health;
mod id;
mod ids;
mod mac;
mod nonce;
mod secret;
mod store_error;
pub(crate) mod text;
mod validation;

pub use clock::Clock;
pub use date::parse_date;
pub use health::HealthCheck;
pub use id::Id;
pub use ids::Ids;
pub use mac::{Mac, MacPurpose, MacTag};
pub use nonce::Nonce;
pub use secret::Secret;
pub use store_error::{Source, StoreError};
pub use validation::ValidationError;

#[cfg(feature = "mocks")]
pub use {clock::MockClock, health::MockHealthCheck, ids::MockIds, mac::MockMac};

/// A moment in time, UTC. Ports that make one truncate it to microseconds, the precision every database keeps.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
