use async_trait::async_trait;

use super::{Ceremony, CeremonyId, CredentialId, Passkey, PasskeyId, PasskeyUse};
use crate::factors::FactorName;
use crate::users::UserId;
use crate::{StoreError, Timestamp};

/// Keeps passkeys. Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`].
///
/// Passkeys go with their user: [`UserRepository::delete`](crate::users::UserRepository::delete) MUST remove them. One
/// of which anything but the name is not valid MUST be read as if it were not there, and logged: nobody signs in with
/// it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasskeyRepository: Send + Sync {
    /// Adds a passkey. It MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] with `credential` when anybody has this credential id, and with `name` when the user
    /// has one of this name; [`StoreError::NotFound`] when the user is gone.
    async fn insert(&self, passkey: &Passkey) -> Result<(), StoreError>;

    /// The passkeys of a user, the oldest first.
    async fn list(&self, user: UserId) -> Result<Vec<Passkey>, StoreError>;

    /// The passkey that an authenticator calls so, whoever has it.
    async fn find_by_credential(&self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError>;

    /// Records a use, and returns whether it did. MUST do so only if the count is higher than the stored one or both
    /// are 0, so that of two uses at once none lowers it. A use in which the user was verified MUST set
    /// [`Passkey::has_verified_user`], and no other use MUST clear it.
    async fn record_use(&self, id: PasskeyId, used: &PasskeyUse) -> Result<bool, StoreError>;

    /// Gives a passkey of this user another name, and returns whether it is there.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] with `name`.
    async fn rename(&self, user: UserId, id: PasskeyId, name: &FactorName) -> Result<bool, StoreError>;

    /// Removes a passkey of this user, and returns whether it was there.
    async fn delete(&self, user: UserId, id: PasskeyId) -> Result<bool, StoreError>;

    /// Removes all passkeys of a user, and returns how many.
    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError>;
}

/// Keeps ceremonies until they are taken or have expired. Every method may fail with [`StoreError::Unavailable`] or
/// [`StoreError::Internal`]. One that is not valid counts as not there.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CeremonyRepository: Send + Sync {
    /// Adds one. It MUST equal this one in every field when taken.
    async fn insert(&self, ceremony: &Ceremony) -> Result<(), StoreError>;

    /// Removes a ceremony and returns it. MUST return it only if it has not expired at `now`, and of several that try
    /// at once to one at most. It MUST be gone whatever becomes of what is done with it.
    async fn take(&self, id: CeremonyId, now: Timestamp) -> Result<Option<Ceremony>, StoreError>;

    /// Removes up to `limit` that expired at `before` or earlier, and returns how many. MUST leave all others alone.
    /// SHOULD begin with the oldest, and SHOULD leave those alone that others are removing.
    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many [`CeremonyRepository::delete_expired`] would remove if it had no limit. MUST change nothing.
    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError>;
}
