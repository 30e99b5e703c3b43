use std::net::IpAddr;

use domain::Timestamp;
use domain::access_tokens::AccessClaims;
use domain::events::{By, NewEvent, What};
use domain::sessions::{Authentication, RefreshToken, SessionId};
use domain::users::{Epoch, Role, User, UserId};

use crate::ApplicationError;

/// The holder of a valid access token, who makes a request. Only
/// [`Sessions::authenticate`](crate::sessions::Sessions::authenticate) should make one outside tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// The user's epoch when the token was issued.
    pub epoch: Epoch,
    /// The session the token belongs to.
    pub session: SessionId,
    /// When the token expires.
    pub token_expires_at: Timestamp,
    /// When and how they had proven who they are when the token was issued. `None` in tokens of versions that did not
    /// write it. It is told to others, and decides nothing here: what needs a recent proof asks the session.
    pub authentication: Option<Authentication>,
    /// From where they ask, if it is known. It is recorded, and decides nothing.
    pub address: Option<IpAddr>,
}

impl From<&AccessClaims> for Actor {
    fn from(claims: &AccessClaims) -> Self {
        Self {
            user_id: claims.user_id,
            role: claims.role,
            epoch: claims.epoch,
            session: claims.session_id,
            token_expires_at: claims.expires_at,
            authentication: claims.authentication,
            address: None,
        }
    }
}

impl Actor {
    /// Whether the actor may still act at `now`, going by the database: their session with its user.
    pub(crate) fn holds(&self, session: &RefreshToken, user: &User, now: Timestamp) -> bool {
        let is_theirs = session.id == self.session && session.user_id == self.user_id && user.id == self.user_id;
        let is_unchanged = user.is_active && user.epoch == self.epoch && user.role == self.role;
        is_theirs && is_unchanged && session.is_live(now) && now < self.token_expires_at
    }

    /// What they did, from where they ask.
    pub(crate) fn did(&self, what: What) -> NewEvent {
        By::User { user: self.user_id, session: self.session }.did(what).from_address(self.address)
    }

    /// Rejects anyone who is not an admin.
    pub(crate) fn require_admin(&self) -> Result<(), ApplicationError> {
        if self.role == Role::Admin { Ok(()) } else { Err(ApplicationError::Forbidden) }
    }
}

/// Whose account a use case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The actor's own.
    Me,
    /// Anybody's: for admins only, even where it is the actor's own.
    User(UserId),
}

impl Target {
    /// The account's id, if the actor may touch it.
    pub(crate) fn authorize(self, actor: &Actor) -> Result<UserId, ApplicationError> {
        match self {
            Self::Me => Ok(actor.user_id),
            Self::User(id) => actor.require_admin().map(|()| id),
        }
    }

    /// What it means that the account is not there: an actor who asks about themselves was deleted a moment ago.
    pub(crate) fn missing(self) -> ApplicationError {
        match self {
            Self::Me => ApplicationError::InvalidAccessToken,
            Self::User(_) => ApplicationError::NotFound,
        }
    }
}
