use async_trait::async_trait;

use crate::StoreError;
use crate::Timestamp;
use crate::sessions::Revoked;

/// Keeps what was revoked until the tokens in question have expired. Every method may fail with
/// [`StoreError::Unavailable`] or [`StoreError::Internal`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RevocationRepository: Send + Sync {
    /// Adds one. Every [`RevocationFeed`] MUST answer it in a poll that begins after this was committed, and SHOULD
    /// be woken by the commit.
    async fn insert(&self, revoked: &Revoked) -> Result<(), StoreError>;

    /// Removes up to `limit` whose time was over at `before` or earlier. Answers how many.
    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many [`RevocationRepository::delete_expired`] would remove if it had no limit. MUST change nothing.
    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Follows what all nodes revoke. Each node has one, and asks it again and again.
#[async_trait]
pub trait RevocationFeed: Send {
    /// What was revoked and not expired at `now`. The first call MUST answer all that was committed before it began,
    /// and each later one all that was committed since the last call that succeeded began, in whatever order
    /// transactions began and ended. It MAY repeat what was answered before. A call whose `now` is earlier than that of
    /// the last call that succeeded MUST answer all, as the first one does: the clock was set back, and what that one
    /// passed over as expired counts again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Internal`]; the next call MUST make up for this one.
    async fn poll(&mut self, now: Timestamp) -> Result<Vec<Revoked>, StoreError>;

    /// Returns when a poll may find something new. It MAY return for nothing, and it MAY miss something: a caller
    /// polls once in a while in any case. Dropping the future MUST lose nothing that the next call would not tell.
    async fn changed(&mut self);
}
