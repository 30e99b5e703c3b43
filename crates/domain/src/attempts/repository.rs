use async_trait::async_trait;

use super::{AttemptKey, AttemptLimit, Attempted, Network};
use crate::users::UserId;
use crate::{StoreError, Timestamp};

/// Counts attempts. Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Internal`].
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AttemptRepository: Send + Sync {
    /// Takes an attempt, or refuses it where it comes before the wait is over. One that is refused MUST NOT count. Of
    /// many that come at once, over all nodes, no more MUST be taken than `limit` allows, and none MUST fail for the
    /// others' sake. Outside a unit it MUST last before it returns; in one, it MUST last if, and only if, the unit is
    /// committed.
    ///
    /// Where there is no wait, one MUST be taken also if it comes with a time before that of one that was counted: many
    /// that come at once are written in any order.
    ///
    /// A clock that was set back MUST NOT make anybody wait for longer than `limit.max_delay`, but one that is behind
    /// by [`AttemptLimit::CLOCK_TOLERANCE`] MUST NOT spare anybody a wait.
    async fn reserve(&self, key: &AttemptKey, limit: &AttemptLimit, now: Timestamp) -> Result<Reservation, StoreError>;

    /// Takes an attempt back that came to nothing: the secret was right, or was not looked at. The wait that it caused
    /// ends. A count that is not there stays so.
    async fn give_back(&self, key: &AttemptKey) -> Result<(), StoreError>;

    /// Forgets a count, and returns whether there was one.
    async fn forget(&self, key: &AttemptKey) -> Result<bool, StoreError>;

    /// Up to `limit` counts whose keys name this user, or are among `others`, the last used first. MUST leave out those
    /// whose attempts were all given back.
    async fn list(&self, user: UserId, others: &[AttemptKey], limit: u64) -> Result<Vec<Counted>, StoreError>;

    /// Forgets all counts whose keys name this user, or are among `others`, and returns how many there were. MUST leave
    /// all others alone.
    async fn forget_all(&self, user: UserId, others: &[AttemptKey]) -> Result<u64, StoreError>;

    /// Removes up to `limit` counts that rested since `before`, and returns how many. MUST leave all others alone.
    /// SHOULD leave those alone that others are removing.
    async fn delete_rested(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many [`AttemptRepository::delete_rested`] would remove if it had no limit. MUST change nothing.
    async fn count_rested(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// It is counted: look at the secret now.
    Taken,
    /// It came too early.
    Refused {
        /// The next one is taken then.
        free_at: Timestamp,
    },
}

/// Attempts that were taken and not given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptCount {
    /// How many.
    pub count: u32,
    /// When the last one was taken.
    pub last_at: Timestamp,
    /// When the next one is taken; long ago where there is no wait.
    pub free_at: Timestamp,
}

/// A count, and what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What is guessed.
    pub attempted: Attempted,
    /// From where. `None` for attempts from everywhere.
    pub network: Option<Network>,
    /// How often.
    pub count: AttemptCount,
}
