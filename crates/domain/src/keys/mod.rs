//! The keys that sign access tokens.

mod repository;
mod root_secret;
mod signing_key;
mod unit;

pub use repository::{MAX_KEY_RING_AGE, SigningKeyFactory, SigningKeyRepository};
pub use root_secret::RootSecret;
pub use signing_key::{Algorithm, KeyState, SealedKey, SigningKey, StoredKeys, UnreadableKey};
pub use unit::KeyUnit;

#[cfg(feature = "mocks")]
pub use {
    repository::{MockSigningKeyFactory, MockSigningKeyRepository},
    unit::MockKeyUnit,
};

use crate::Id;

/// Names a signing key: the `kid` header of the tokens it signs (RFC 7515, section 4.1.4).
pub type KeyId = Id<SigningKey>;
