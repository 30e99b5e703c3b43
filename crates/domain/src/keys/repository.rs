use async_trait::async_trait;
use chrono::TimeDelta;

use crate::Timestamp;
use crate::keys::{Algorithm, KeyId, KeyState, SealedKey, SigningKey, StoredKeys};
use crate::{Source, StoreError};

/// How long a node may use the key ring without looking at it again. A key is published at least this long before it
/// signs, and still accepted this long after its last token should have expired.
pub const MAX_KEY_RING_AGE: TimeDelta = TimeDelta::seconds(5);

/// Keeps signing keys, sealed. Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SigningKeyRepository: Send + Sync {
    /// All keys. One that cannot be read MUST NOT keep the others from being returned: nodes of another version may
    /// have written it.
    async fn list(&self) -> Result<StoredKeys, StoreError>;

    /// Adds a key. MUST NOT add a second next key or a second active key: of any number of callers at the same time
    /// exactly one MUST get `true`. Returns whether it was added.
    async fn insert(&self, key: &SigningKey) -> Result<bool, StoreError>;

    /// Gives a key another state. MUST do so only where it is in `from`, in one atomic step, and MUST return whether it
    /// did.
    async fn change_state(&self, id: KeyId, from: KeyState, to: KeyState) -> Result<bool, StoreError>;

    /// Removes a key. MUST do so only where it is in `from`, in one atomic step, and MUST return whether it did.
    async fn delete(&self, id: KeyId, from: KeyState) -> Result<bool, StoreError>;

    /// Removes every key. Returns how many.
    async fn delete_all(&self) -> Result<u64, StoreError>;

    /// Removes retired keys that are no longer accepted at `before`. Returns how many.
    async fn delete_retired(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// How many keys [`SigningKeyRepository::delete_retired`] would remove. MUST change nothing.
    async fn count_retired(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Makes signing keys, and seals them so that the database alone tells nothing.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SigningKeyFactory: Send + Sync {
    /// A new key, sealed for this id and algorithm. MUST NOT block the thread for long.
    ///
    /// # Errors
    /// The error of the operating system or the library. None is expected.
    async fn generate(&self, id: KeyId, algorithm: Algorithm) -> Result<SealedKey, Source>;

    /// Whether the key can be opened: whether it was sealed with our root secret, for its own id and algorithm.
    fn can_open(&self, key: &SigningKey) -> bool;
}
