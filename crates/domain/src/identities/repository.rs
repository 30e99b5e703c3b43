use async_trait::async_trait;

use super::{Identity, IdentityId, ProviderAccount};
use crate::StoreError;
use crate::users::UserId;

/// Keeps identities. Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`].
///
/// They go with their user: [`UserRepository::delete`](crate::users::UserRepository::delete) MUST remove them. One of
/// which the account is not valid MUST be read as if it were not there, and logged.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdentityRepository: Send + Sync {
    /// Adds one. It MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] with `identity` when the account is linked already, to whomever;
    /// [`StoreError::NotFound`] when the user is gone.
    async fn insert(&self, identity: &Identity) -> Result<(), StoreError>;

    /// The identity with this account. Issuer and subject MUST be compared byte by byte.
    async fn find(&self, account: &ProviderAccount) -> Result<Option<Identity>, StoreError>;

    /// Those of a user, the oldest first.
    async fn list(&self, user: UserId) -> Result<Vec<Identity>, StoreError>;

    /// Removes one of this user, and returns whether it was there.
    async fn delete(&self, user: UserId, id: IdentityId) -> Result<bool, StoreError>;

    /// Removes all of a user, and returns how many. MUST leave those of others alone.
    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError>;
}
