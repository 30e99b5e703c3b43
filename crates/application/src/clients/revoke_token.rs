use std::net::IpAddr;

use domain::events::{By, What};
use domain::sessions::{PresentedRefreshToken, RevocationReason, SessionId};
use domain::users::UserId;

use super::Clients;
use crate::ApplicationError;

impl Clients {
    /// Ends the session that a token belongs to, for a client that has proven who it is (RFC 7009, section 2.1). A
    /// token that is already worth nothing is not an error. The client and its address are recorded.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn revoke_token(
        &self,
        token: &str,
        client_id: &str,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        if let Some((session, user)) = self.owner_of(token).await? {
            let reason = RevocationReason::Client;
            let what = What::SessionsEnded { user, session: Some(session), reason };
            let event = By::Client { id: client_id.to_owned() }.did(what).from_address(address);
            self.sessions.revoke_session(session, user, reason, event).await?;
        }
        Ok(())
    }

    async fn owner_of(&self, token: &str) -> Result<Option<(SessionId, UserId)>, ApplicationError> {
        if let Some(presented) = PresentedRefreshToken::parse(token) {
            let found = self.sessions.find_genuine(&presented).await?;
            return Ok(found.map(|(session, user)| (session.id, user.id)));
        }
        match self.sessions.read_live_token(token, self.sessions.clock.now()).await {
            Ok(claims) => Ok(Some((claims.session_id, claims.user_id))),
            Err(ApplicationError::InvalidAccessToken) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
