use domain::Timestamp;
use domain::access_tokens::AccessClaims;
use domain::sessions::{Authentication, PresentedRefreshToken, Rotation, SessionId};
use domain::users::UserId;

use super::Clients;
use crate::ApplicationError;

/// What a token is worth now (RFC 7662, section 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Nothing: unknown, expired, revoked or forged. It is not said which.
    Inactive,
    /// An access token.
    AccessToken(AccessClaims),
    /// A refresh token that can be exchanged.
    RefreshToken(RefreshTokenInfo),
}

/// What is told about a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshTokenInfo {
    /// Whose it is.
    pub user_id: UserId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// When and how its user proved last who they are.
    pub authentication: Authentication,
    /// When it was handed out.
    pub issued_at: Timestamp,
    /// When it expires if it is not used.
    pub expires_at: Timestamp,
}

impl Clients {
    /// What a token is worth now. Asking uses nothing up and ends nothing.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn introspect(&self, token: &str) -> Result<Introspection, ApplicationError> {
        if let Some(presented) = PresentedRefreshToken::parse(token) {
            return self.introspect_refresh_token(&presented).await;
        }
        match self.sessions.read_live_token(token, self.sessions.clock.now()).await {
            Ok(claims) => Ok(Introspection::AccessToken(claims)),
            Err(ApplicationError::InvalidAccessToken) => Ok(Introspection::Inactive),
            Err(error) => Err(error),
        }
    }

    async fn introspect_refresh_token(
        &self,
        presented: &PresentedRefreshToken,
    ) -> Result<Introspection, ApplicationError> {
        let now = self.sessions.clock.now();
        let found = self.sessions.find_genuine(presented).await?;
        let Some((session, _)) = found.filter(|(_, user)| user.is_active) else { return Ok(Introspection::Inactive) };
        match session.rotate(presented.generation, now, &self.sessions.policy) {
            Rotation::Next(_) | Rotation::SameChild => Ok(Introspection::RefreshToken(RefreshTokenInfo {
                user_id: session.user_id,
                session_id: session.id,
                authentication: session.authentication,
                issued_at: session.rotated_at,
                expires_at: session.idle_expires_at,
            })),
            Rotation::Reuse | Rotation::Ended => Ok(Introspection::Inactive),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::access_tokens::{InvalidAccessToken, VerifyError};
    use domain::sessions::{Generation, RefreshToken};
    use domain::users::User;

    use super::*;
    use crate::clients::testing::clients_of;
    use crate::sessions::testing::Mocks;
    use crate::testing::{FakeMac, Feed, a_session, a_user, claims_of, now, session_id};

    async fn introspect(session: RefreshToken, user: User) -> Introspection {
        let mut mocks = Mocks::default();
        mocks.refresh_tokens.expect_find_with_user().return_once(move |_| Ok(Some((session, user))));
        let token = a_session().token(&FakeMac);
        clients_of(mocks).introspect(token.expose()).await.unwrap()
    }

    #[tokio::test]
    async fn a_refresh_token_is_active_while_it_can_be_exchanged() {
        let active = introspect(a_session(), a_user()).await;
        assert!(matches!(active, Introspection::RefreshToken(info) if info.session_id == session_id()));
        let rotated_at = now() - TimeDelta::minutes(1);
        let rotated = RefreshToken { generation: Generation::new(2), rotated_at, ..a_session() };
        assert_eq!(introspect(rotated, a_user()).await, Introspection::Inactive, "and asking is no reuse");
        let expired = RefreshToken { expires_at: now(), ..a_session() };
        assert_eq!(introspect(expired, a_user()).await, Introspection::Inactive);
        let disabled = User { is_active: false, ..a_user() };
        assert_eq!(introspect(a_session(), disabled).await, Introspection::Inactive);
    }

    #[tokio::test]
    async fn an_access_token_is_active_while_it_is_let_in() {
        let mut mocks = Mocks::default();
        mocks.access_tokens.expect_verify().returning(|token, _| match token {
            "ours" => Ok(claims_of(&a_session(), &a_user())),
            _ => Err(VerifyError::Invalid(InvalidAccessToken)),
        });
        let clients = clients_of(mocks);
        clients.sessions.follow_revocations(&mut Feed(Vec::new())).await.unwrap();
        assert!(matches!(clients.introspect("ours").await.unwrap(), Introspection::AccessToken(_)));
        assert_eq!(clients.introspect("garbage").await.unwrap(), Introspection::Inactive);
    }
}
