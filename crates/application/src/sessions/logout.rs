use std::net::IpAddr;

use domain::sessions::PresentedRefreshToken;
use domain::users::UserId;

use super::Sessions;
use crate::ApplicationError;

impl Sessions {
    /// Ends the session that an access token was issued for: its access and refresh tokens are dead once this returns.
    /// Any token will do that is genuine and has not expired, also one that was revoked: it may be that only the user's
    /// role changed, and their session lives on. Hence doing it twice is not an error. The request comes from
    /// `address`, which is recorded.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn logout(&self, access_token: &str, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let claims = self.issuer.access_tokens.verify(access_token, self.clock.now()).await?;
        self.end_for_logout(claims.session_id, claims.user_id, address).await.map(drop)
    }

    /// Ends the session that a refresh token belongs to. Any genuine one will do, also an old one, and doing it twice
    /// is not an error. The request comes from `address`, which is recorded.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidRefreshToken`], [`ApplicationError::Unavailable`].
    pub async fn logout_holder(&self, refresh_token: &str, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let presented = PresentedRefreshToken::parse(refresh_token).ok_or(ApplicationError::InvalidRefreshToken)?;
        let user = self.find_owner(&presented).await?.ok_or(ApplicationError::InvalidRefreshToken)?;
        self.end_for_logout(presented.id, user, address).await.map(drop)
    }

    /// The user that a token was issued for, to end its session, also one that is stored so that it cannot be
    /// refreshed; `None` for a token that was not issued by us.
    pub(crate) async fn find_owner(
        &self,
        presented: &PresentedRefreshToken,
    ) -> Result<Option<UserId>, ApplicationError> {
        let found = self.refresh_tokens.find_owner(presented.id).await?;
        let genuine = found.filter(|(_, nonce)| presented.is_genuine(nonce, self.issuer.mac.as_ref()));
        Ok(genuine.map(|(user, _)| user))
    }
}

#[cfg(test)]
mod tests {
    use domain::access_tokens::{InvalidAccessToken, VerifyError};
    use domain::sessions::{Revoked, RevokedTokens};
    use domain::users::Epoch;

    use super::*;
    use crate::sessions::testing::Mocks;
    use crate::testing::{Feed, a_revoking_unit, a_session, a_user, claims_of, now};

    #[tokio::test]
    async fn a_token_that_was_voided_ends_its_session() {
        let mut mocks = Mocks::default();
        mocks.access_tokens.expect_verify().returning(|_, _| Ok(claims_of(&a_session(), &a_user())));
        let commits = mocks.units([a_revoking_unit(domain::sessions::RevocationReason::Logout)]);
        let sessions = mocks.build();
        let voided = RevokedTokens::OfUser(a_user().id, Epoch::END);
        let revoked = Revoked { tokens: voided, until: now() + chrono::TimeDelta::minutes(15) };
        sessions.follow_revocations(&mut Feed(vec![revoked])).await.unwrap();
        assert!(matches!(sessions.authenticate("token").await, Err(ApplicationError::InvalidAccessToken)));
        sessions.logout("token", None).await.unwrap();
        assert_eq!(commits.load(std::sync::atomic::Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_token_that_is_not_ours_or_has_expired_ends_nothing() {
        let mut mocks = Mocks::default();
        mocks.access_tokens.expect_verify().returning(|_, _| Err(VerifyError::Invalid(InvalidAccessToken)));
        let result = mocks.build().logout("token", None).await;
        assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)));
    }
}
