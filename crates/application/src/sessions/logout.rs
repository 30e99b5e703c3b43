use std::net::IpAddr;

use domain::sessions::PresentedRefreshToken;

use super::Sessions;
use crate::{Actor, ApplicationError};

impl Sessions {
    /// Ends the actor's session: its access and refresh tokens are dead once this returns.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn logout(&self, actor: &Actor) -> Result<(), ApplicationError> {
        self.end_for_logout(actor.session, actor.user_id, actor.address).await.map(drop)
    }

    /// Ends the session that a refresh token belongs to. Any genuine one will do, also an old one, and doing it twice
    /// is not an error. The request comes from `address`, which is recorded.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidRefreshToken`], [`ApplicationError::Unavailable`].
    pub async fn logout_holder(&self, refresh_token: &str, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let presented = PresentedRefreshToken::parse(refresh_token).ok_or(ApplicationError::InvalidRefreshToken)?;
        let (session, user) = self.find_genuine(&presented).await?.ok_or(ApplicationError::InvalidRefreshToken)?;
        self.end_for_logout(session.id, user.id, address).await.map(drop)
    }
}
