use chrono::{SubsecRound, TimeDelta};
use domain::access_tokens::AccessClaims;
use domain::sessions::RefreshToken;
use domain::users::User;
use domain::{Secret, Timestamp};

use crate::{Application, ApplicationError};

/// What a sign-in and a refresh hand out.
#[derive(Debug)]
pub struct TokenPair {
    /// For requests, until it expires.
    pub access_token: Secret,
    /// For the next pair, once.
    pub refresh_token: Secret,
    /// How long the access token is valid from now.
    pub expires_in: TimeDelta,
}

impl Application {
    /// The tokens of the session's current generation.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`] when the signing keys had to be read and could not be.
    pub(crate) async fn token_pair(
        &self,
        session: &RefreshToken,
        user: &User,
        now: Timestamp,
    ) -> Result<TokenPair, ApplicationError> {
        let issued_at = now.trunc_subsecs(0);
        let expires_at = (issued_at + self.settings.access_token_ttl).min(session.idle_expires_at.trunc_subsecs(0));
        let claims = AccessClaims {
            id: self.ports.ids.token_id(),
            client_id: Some(self.settings.client_id.clone()),
            user_id: user.id,
            session_id: session.id,
            role: user.role,
            epoch: user.epoch,
            issued_at,
            expires_at,
        };
        Ok(TokenPair {
            access_token: self.ports.access_tokens.sign(&claims).await?,
            refresh_token: session.token(self.ports.mac.as_ref()),
            expires_in: expires_at - issued_at,
        })
    }
}
