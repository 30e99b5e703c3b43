use domain::sessions::RefreshToken;

use super::Sessions;
use crate::{Actor, ApplicationError, Target};

/// Most sessions that are listed: those last used.
pub const MAX_SESSIONS_LISTED: u64 = 100;

/// A live session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub token: RefreshToken,
    /// Whether it is the session of the request.
    pub is_current: bool,
}

impl Sessions {
    /// An account's live sessions, last used first, [`MAX_SESSIONS_LISTED`] at most: one's own, or anybody's for an
    /// admin.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::Unavailable`].
    pub async fn list(&self, actor: &Actor, target: Target) -> Result<Vec<Session>, ApplicationError> {
        let user = target.authorize(actor)?;
        if target != Target::Me && self.users.find_by_id(user).await?.is_none() {
            return Err(target.missing());
        }
        let now = self.clock.now();
        let tokens = self.refresh_tokens.list_live(user, now, MAX_SESSIONS_LISTED).await?;
        Ok(tokens.into_iter().map(|token| Session { is_current: token.id == actor.session, token }).collect())
    }
}
