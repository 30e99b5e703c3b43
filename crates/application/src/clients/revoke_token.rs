use std::net::IpAddr;

use domain::access_tokens::VerifyError;
use domain::events::{By, What};
use domain::sessions::{PresentedRefreshToken, RevocationReason, SessionId};
use domain::users::UserId;

use super::Clients;
use crate::ApplicationError;

impl Clients {
    /// Ends the session that a token belongs to, for a client that has proven who it is (RFC 7009, section 2.1). A
    /// token that is already worth nothing is not an error, and ends its session if it is genuine and unexpired. The
    /// client and its address are recorded.
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
            let user = self.sessions.find_owner(&presented).await?;
            return Ok(user.map(|user| (presented.id, user)));
        }
        // Not only live ones: a token that a change of its user has voided may belong to a session that lives on.
        match self.sessions.issuer.access_tokens.verify(token, self.sessions.clock.now()).await {
            Ok(claims) => Ok(Some((claims.session_id, claims.user_id))),
            Err(VerifyError::Invalid(_)) => Ok(None),
            Err(VerifyError::Repository(error)) => Err(error.into()),
        }
    }
}
