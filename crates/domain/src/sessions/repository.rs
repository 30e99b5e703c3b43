use async_trait::async_trait;

use crate::Nonce;
use crate::StoreError;
use crate::Timestamp;
use crate::sessions::{Authentication, Device, RefreshToken, Revocation, SessionId};
use crate::users::{User, UserId};

/// Keeps refresh tokens: one row per sign-in. Every method may fail with [`StoreError::Unavailable`] or
/// [`StoreError::Internal`]. A stored one of which more than the device is not valid MUST be read as if it were not
/// there: its token is refused.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RefreshTokenRepository: Send + Sync {
    /// Adds a refresh token. The stored one MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when its user is gone.
    async fn insert(&self, token: &RefreshToken) -> Result<(), StoreError>;

    /// The refresh token with this id and its user, read at one moment.
    async fn find_with_user(&self, id: SessionId) -> Result<Option<(RefreshToken, User)>, StoreError>;

    /// Whose session this is, and what it takes to recognize its tokens. MUST find also one that is not valid
    /// otherwise: whoever holds its token may end it.
    async fn find_owner(&self, id: SessionId) -> Result<Option<(UserId, Nonce)>, StoreError>;

    /// The user's live sessions at `now`, last used first, `limit` at most.
    async fn list_live(&self, user_id: UserId, now: Timestamp, limit: u64) -> Result<Vec<RefreshToken>, StoreError>;

    /// The user's sessions that are stored, last used first, `limit` at most. MUST find those that have ended, too, and
    /// MUST NOT return one of another user.
    async fn list(&self, user_id: UserId, limit: u64) -> Result<Vec<RefreshToken>, StoreError>;

    /// The devices of all of the user's sessions that are stored, also of those that have ended: each user agent once,
    /// without an address, `limit` at most.
    async fn list_devices(&self, user_id: UserId, limit: u64) -> Result<Vec<Device>, StoreError>;

    /// Stores the state after a rotation. MUST write only where the stored generation is the predecessor of
    /// `next.generation` and the session is not revoked, in one atomic step, and MUST return whether it did. Of any
    /// number of callers with the same `next.generation`, at the same time or not, exactly one MUST get `true`.
    async fn rotate(&self, next: &RefreshToken) -> Result<bool, StoreError>;

    /// Ends a session. MUST leave one that is already revoked as it is. Returns whether this call ended it.
    async fn revoke(&self, id: SessionId, revocation: Revocation) -> Result<bool, StoreError>;

    /// Ends all sessions of a user except `except`. MUST leave those that are already revoked as they are. Returns
    /// which it ended, in no particular order.
    async fn revoke_all(
        &self,
        user_id: UserId,
        except: Option<SessionId>,
        revocation: Revocation,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Notes how somebody proved again who they are, and returns whether the session is there. MUST change nothing
    /// else.
    async fn record_authentication(
        &self,
        session: SessionId,
        authentication: Authentication,
    ) -> Result<bool, StoreError>;

    /// Notes that these sessions were used at `at`. MUST leave those alone that were used after `unless_since`, so that
    /// many nodes together write no more often than one.
    async fn record_use(
        &self,
        sessions: &[SessionId],
        at: Timestamp,
        unless_since: Timestamp,
    ) -> Result<(), StoreError>;

    /// Removes up to `limit` sessions that were revoked or expired at `before` or earlier. Returns how many. SHOULD
    /// leave those alone that others hold, and SHOULD NOT look at those that are live.
    async fn delete_ended(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many sessions [`RefreshTokenRepository::delete_ended`] would remove if it had no limit. MUST change nothing.
    async fn count_ended(&self, before: Timestamp) -> Result<u64, StoreError>;
}
