use async_trait::async_trait;

use crate::passwords::PasswordHash;
use crate::users::{User, UserId, UserIdentifier};
use crate::{StoreError, Timestamp};

/// Keeps the hashes of passwords, apart from the users: reading a user reads no hash. A user has one at most, and may
/// have none. Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`].
///
/// A hash goes with its user: [`UserRepository::delete`](crate::users::UserRepository::delete) MUST remove it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordRepository: Send + Sync {
    /// The user and the hash of their password, `None` where they have none. What is stored in its place and is not a
    /// hash MUST be returned as a [`PasswordHash::stored`]. Both MUST be of one moment, and SHOULD take one round trip:
    /// every sign-in begins here. It locks nothing.
    async fn find_with_user(&self, whose: &UserIdentifier) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    /// Gives the user a password, instead of the one that they have. The caller SHOULD hold the user, and MUST void
    /// their access tokens in the same unit of work if they may have any: this also refuses a sign-in with the previous
    /// password that is on its way.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user.
    async fn store(&self, user: UserId, hash: &PasswordHash, changed_at: Timestamp) -> Result<(), StoreError>;

    /// Writes the same password with another hash, and returns whether it did. It MUST do so only while `old` is the
    /// stored one: a password that was stored meanwhile wins. The time of the last change MUST stay as it is.
    async fn replace_hash(&self, user: UserId, old: &PasswordHash, new: &PasswordHash) -> Result<bool, StoreError>;

    /// Removes the password of a user, and returns whether there was one. As with [`PasswordRepository::store`], the
    /// caller MUST void their access tokens in the same unit of work.
    async fn remove(&self, user: UserId) -> Result<bool, StoreError>;
}
