use async_trait::async_trait;

use super::{OneTimeToken, OneTimeTokenId, Purpose};
use crate::users::{Email, UserId};
use crate::{StoreError, Timestamp};

/// Keeps one-time tokens until they have expired. Every method may fail with [`StoreError::Unavailable`] or
/// [`StoreError::Internal`]. A row that is not valid counts as not there.
///
/// A token goes with its user: [`UserRepository::delete`](crate::users::UserRepository::delete) MUST remove it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OneTimeTokenRepository: Send + Sync {
    /// Adds one. It MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when its user is gone.
    async fn insert(&self, token: &OneTimeToken) -> Result<(), StoreError>;

    /// The token with this id, used or not.
    async fn find(&self, id: OneTimeTokenId) -> Result<Option<OneTimeToken>, StoreError>;

    /// The token for this purpose that was mailed to this address last, used or not. A code is compared with that one
    /// only, so that asking for another mail voids the codes of earlier ones.
    async fn find_latest(&self, purpose: Purpose, email: &Email) -> Result<Option<OneTimeToken>, StoreError>;

    /// The tokens of a user, the newest first, `limit` at most. MUST find those that were used or have expired, too,
    /// and MUST NOT return one of another user, nor one of nobody, whatever address it was mailed to.
    async fn list(&self, user: UserId, limit: u64) -> Result<Vec<OneTimeToken>, StoreError>;

    /// Uses a token, and returns whether it did. MUST do so only while it is not used and has not expired at `now`, and
    /// of several that try at once exactly one MUST succeed.
    async fn consume(&self, id: OneTimeTokenId, now: Timestamp) -> Result<bool, StoreError>;

    /// Removes all tokens of a user, and returns how many. MUST remove those for every purpose, used or not, and MUST
    /// leave those of others alone. Whatever changes how somebody gets in calls it in the same unit: a token that was
    /// asked for before is worth nothing after.
    async fn void_all(&self, user: UserId) -> Result<u64, StoreError>;

    /// Removes all tokens of a user for `purpose`, and returns how many. MUST remove them whatever address they were
    /// mailed to, and MUST leave those for other purposes and those of others alone.
    async fn void_for_user(&self, purpose: Purpose, user: UserId) -> Result<u64, StoreError>;

    /// Keeps others from using or removing any token for `purpose` that was mailed to this address, until the unit of
    /// work ends. Two that want several of them and have nothing else in common call it first, so that neither waits
    /// for the other in a circle. Returns how many there are, used and expired ones, too.
    async fn lock_for_email(&self, purpose: Purpose, email: &Email) -> Result<u64, StoreError>;

    /// Removes all tokens for `purpose` that were mailed to this address, except one if it is given, and returns how
    /// many. MUST remove them in whatever case the address was written and whoever they belong to, and MUST leave those
    /// for other purposes and to other addresses alone.
    async fn void_for_email(
        &self,
        purpose: Purpose,
        email: &Email,
        except: Option<OneTimeTokenId>,
    ) -> Result<u64, StoreError>;

    /// Removes up to `limit` that expired at `before` or earlier, and returns how many. MUST leave all others alone.
    /// SHOULD begin with the oldest, and SHOULD leave those alone that others are removing.
    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many [`OneTimeTokenRepository::delete_expired`] would remove if it had no limit. MUST change nothing.
    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError>;
}
