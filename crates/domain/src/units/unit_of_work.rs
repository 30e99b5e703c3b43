use async_trait::async_trait;

use crate::StoreError;
use crate::events::Event;
use crate::sessions::{RefreshToken, SessionId};
use crate::users::{User, UserId};

/// Begins units of work of one kind, such as `Begin<dyn TaskUnit>`. Each feature has the kind that lends out the
/// repositories that it writes together, and no others.
#[async_trait]
pub trait Begin<U: UnitOfWork + ?Sized>: Send + Sync {
    /// Begins one. Between this and `commit` a caller awaits repositories of the unit only: never hashing, mail or
    /// HTTP, since it holds a connection and perhaps locks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection is free in time.
    async fn begin(&self) -> Result<Box<U>, StoreError>;
}

/// Several writes that happen together or not at all.
///
/// Others MUST see none of its writes before `commit` returns, and all of them after. Dropping it without `commit` MUST
/// undo them. Rows that it read `for_update` or wrote MUST be left alone by other units until it ends.
///
/// What it reads after it locked a row MUST NOT be older than that lock: it sees whatever was committed while it
/// waited.
///
/// Lock users before their refresh tokens, so that units do not wait for each other in a circle.
#[async_trait]
pub trait UnitOfWork: Send + Sync {
    /// Locks this account and then returns this session with its user, as they are under that lock. They tell whether
    /// an actor still may act by the session, and nothing ends them before the unit ends. `None` when there is no such
    /// session.
    async fn hold(&self, user: UserId, session: SessionId) -> Result<Option<(RefreshToken, User)>, StoreError>;

    /// Writes what happened, as one more write of this unit: it MUST last exactly when the others do. Every field MUST
    /// be kept as it is, and the event MUST outlive whatever it is about.
    async fn record(&self, event: &Event) -> Result<(), StoreError>;

    /// Makes the writes last. When this returns `Ok` they MUST survive a crash of the service or the database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: it is unknown whether the writes last. [`StoreError::Internal`] after the database
    /// refused a statement of the unit: then it MUST NOT succeed, and nothing lasts.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
