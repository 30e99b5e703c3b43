use async_trait::async_trait;

use crate::users::UserId;
use crate::{StoreError, Timestamp};

use super::RecordedEvent;

/// Keeps events until they are old. They are written by [`UnitOfWork::record`](crate::units::UnitOfWork::record) only.
/// Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventRepository: Send + Sync {
    /// The events about a user, the newest first, `limit` at most. MUST NOT return one about anybody else, whoever did
    /// it, and MUST find those about a user who is gone.
    async fn list_about(&self, user: UserId, limit: u64) -> Result<Vec<RecordedEvent>, StoreError>;

    /// Removes up to `limit` that happened at `before` or earlier, and returns how many. MUST leave all others alone.
    /// SHOULD begin with the oldest, and SHOULD leave those alone that others are removing.
    async fn delete_older(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many [`EventRepository::delete_older`] would remove if it had no limit. MUST change nothing.
    async fn count_older(&self, before: Timestamp) -> Result<u64, StoreError>;
}
