use crate::Timestamp;
use crate::sessions::SessionId;
use crate::users::{Epoch, UserId};

/// Access tokens that are void before they expire. Every node has to know until the last of them has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Which.
    pub tokens: RevokedTokens,
    /// When the last of them has expired, and this can be forgotten.
    pub until: Timestamp,
}

/// A set of access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokedTokens {
    /// Those of one session.
    OfSession(SessionId),
    /// Those of a user that were issued before this epoch.
    OfUser(UserId, Epoch),
}
