use async_trait::async_trait;

use crate::StoreError;
use crate::Timestamp;
use crate::sessions::Revoked;

/// Keeps what was revoked until the tokens in question have expired. Every method may fail with
/// [`StoreError::Unavailable`] or [`StoreError::Internal`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RevocationRepository: Send + Sync {
    /// Adds one. Every [`RevocationFeed`] MUST return it from a poll that begins after this was committed, and SHOULD
    /// be woken by the commit.
    async fn insert(&self, revoked: &Revoked) -> Result<(), StoreError>;

    /// Removes up to `limit` that expired at `before` or earlier. Returns how many.
    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many [`RevocationRepository::delete_expired`] would remove if it had no limit. MUST change nothing.
    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Follows what all nodes revoke. Each node has one, and asks it again and again.
#[async_trait]
pub trait RevocationFeed: Send {
    /// What was revoked and not expired at `now`. The first call MUST return everything that was committed before it
    /// began, and each later call everything that was committed since the last successful call began, in whatever order
    /// transactions began and ended. It MAY repeat what was returned before. A call whose `now` is earlier than that of
    /// the last successful call MUST return everything, as the first one does: the clock was set back, and what that
    /// call passed over as expired counts again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Internal`]; the next call MUST make up for this one.
    async fn poll(&mut self, now: Timestamp) -> Result<Vec<Revoked>, StoreError>;

    /// Returns when a poll may find something new. It MAY return when there is nothing new, and it MAY miss something:
    /// a caller polls once in a while in any case. Dropping the future MUST NOT lose anything that the next call does
    /// not return.
    async fn changed(&mut self);
}
