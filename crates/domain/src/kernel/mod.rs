//! What several features share.

mod clock;
mod decimal;
mod health;
mod id;
mod ids;
mod long_text;
mod mac;
mod secret;
mod short_text;
mod store_error;
pub(crate) mod text;
mod validation;

pub use clock::Clock;
pub use decimal::Decimal;
pub use health::HealthCheck;
pub use id::Id;
pub use ids::Ids;
pub use long_text::LongText;
pub use mac::{Mac, MacPurpose, MacTag};
pub use secret::Secret;
pub use short_text::ShortText;
pub use store_error::{Source, StoreError};
pub use validation::ValidationError;

#[cfg(feature = "mocks")]
pub use {clock::MockClock, health::MockHealthCheck, ids::MockIds, mac::MockMac};

/// A moment in time, UTC. Ports that make one truncate it to microseconds, the precision every database keeps.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
