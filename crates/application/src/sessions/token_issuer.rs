use std::sync::Arc;

use chrono::{SubsecRound, TimeDelta};
use domain::access_tokens::{AccessClaims, AccessTokens, OptionalClaim, TokenId};
use domain::clients::ClientId;
use domain::sessions::RefreshToken;
use domain::users::User;
use domain::{Ids, Mac, Secret, Timestamp};

use crate::ApplicationError;

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

/// Issues the tokens of sessions.
#[derive(Clone)]
pub struct TokenIssuer {
    /// Signs and reads access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Authenticates refresh tokens.
    pub mac: Arc<dyn Mac>,
    /// Makes the ids of access tokens.
    pub ids: Arc<dyn Ids>,
    /// The client that access tokens are issued to: what people sign in with.
    pub client_id: ClientId,
    /// What access tokens say besides.
    pub claims: Vec<OptionalClaim>,
    /// How long access tokens live. Cut at the end of their session.
    pub access_token_ttl: TimeDelta,
}

impl TokenIssuer {
    /// The tokens of the session's current generation.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`] when the signing keys had to be read and could not be.
    pub(crate) async fn issue(
        &self,
        session: &RefreshToken,
        user: &User,
        now: Timestamp,
    ) -> Result<TokenPair, ApplicationError> {
        let issued_at = now.trunc_subsecs(0);
        let expires_at = (issued_at + self.access_token_ttl).min(session.idle_expires_at.trunc_subsecs(0));
        let claims = AccessClaims {
            id: TokenId::new(self.ids.v4()),
            client_id: Some(self.client_id.clone()),
            user_id: user.id,
            session_id: session.id,
            role: user.role,
            epoch: user.epoch,
            authentication: Some(session.authentication),
            email_verified: self.claims.contains(&OptionalClaim::EmailVerified).then_some(user.email_verified),
            issued_at,
            expires_at,
        };
        Ok(TokenPair {
            access_token: self.access_tokens.sign(&claims).await?,
            refresh_token: session.token(self.mac.as_ref()),
            expires_in: expires_at - issued_at,
        })
    }
}
