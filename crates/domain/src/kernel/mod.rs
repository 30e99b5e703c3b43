//! What several features share.

mod clock;
mod decimal;
mod health;
mod id;
mod id_generator;
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
pub use id_generator::IdGenerator;
pub use long_text::LongText;
pub use mac::{Mac, MacPurpose, MacTag};
pub use secret::Secret;
pub use short_text::ShortText;
pub use store_error::{RepositoryError, Source};
pub use validation::ValidationError;

#[cfg(feature = "mocks")]
pub use {clock::MockClock, health::MockHealthCheck, id_generator::MockIdGenerator, mac::MockMac};

/// A moment in time, UTC. Ports that make one truncate it to microseconds, the precision every database keeps.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
