use domain::{PresentedRefreshToken, Revocation, RevocationReason, SessionId, UserId};

use crate::audit::{Event, record};
use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Ends the actor's session: its access and refresh tokens are dead once this returns.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn logout(&self, actor: &Actor) -> Result<(), ApplicationError> {
        self.end_for_logout(actor.session, actor.user_id).await.map(drop)
    }

    /// Ends the session that a refresh token belongs to. Any genuine one will do, an old one too, and doing it twice
    /// is no fault.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidRefreshToken`], [`ApplicationError::Unavailable`].
    pub async fn logout_holder(&self, refresh_token: &str) -> Result<(), ApplicationError> {
        let presented = PresentedRefreshToken::parse(refresh_token).ok_or(ApplicationError::InvalidRefreshToken)?;
        let found = self.ports.refresh_tokens.find_with_user(presented.id).await?;
        let (session, user) = found.ok_or(ApplicationError::InvalidRefreshToken)?;
        if !presented.is_genuine(&session, self.ports.mac.as_ref()) {
            return Err(ApplicationError::InvalidRefreshToken);
        }
        self.end_for_logout(session.id, user.id).await.map(drop)
    }

    /// Ends one session of a user. Answers whether it was live until now.
    pub(crate) async fn end_for_logout(&self, session: SessionId, user: UserId) -> Result<bool, ApplicationError> {
        let reason = RevocationReason::Logout;
        let revocation = Revocation { at: self.ports.clock.now(), reason };
        let event = Event::SessionsEnded { user, session: Some(session), reason };
        Ok(record(event, self.ports.refresh_tokens.revoke(session, revocation), |ended| *ended).await?)
    }
}
