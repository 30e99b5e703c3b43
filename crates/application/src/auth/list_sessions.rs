use domain::RefreshToken;

use crate::{Actor, Application, ApplicationError};

/// Most sessions that are listed: the ones last used.
pub const MAX_SESSIONS_LISTED: u64 = 100;

/// A live session in its owner's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub token: RefreshToken,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

impl Application {
    /// The actor's live sessions, last used first, [`MAX_SESSIONS_LISTED`] at most.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn list_sessions(&self, actor: &Actor) -> Result<Vec<Session>, ApplicationError> {
        let now = self.ports.clock.now();
        let tokens = self.ports.refresh_tokens.list_live(actor.user_id, now, MAX_SESSIONS_LISTED).await?;
        Ok(tokens.into_iter().map(|token| Session { is_current: token.id == actor.session, token }).collect())
    }
}
