use domain::Timestamp;
use domain::access_tokens::AccessClaims;

use super::Sessions;
use crate::revocations::Verdict;
use crate::{Actor, ApplicationError};

impl Sessions {
    /// Returns the holder of this access token. A session that has ended, or a user who was disabled, deleted, or given
    /// another role or password, is refused: at once on the node that did it, and on every other as soon as its feed
    /// says so. The database is not asked while the feed is fresh.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidAccessToken`]; [`ApplicationError::Unavailable`] when the database had to be asked
    /// and could not be.
    pub async fn authenticate(&self, access_token: &str) -> Result<Actor, ApplicationError> {
        let now = self.clock.now();
        let claims = self.read_live_token(access_token, now).await?;
        self.activity.note(claims.session_id, now);
        Ok(Actor::from(&claims))
    }

    /// The claims of an access token that is valid and has not been revoked.
    pub(crate) async fn read_live_token(
        &self,
        access_token: &str,
        now: Timestamp,
    ) -> Result<AccessClaims, ApplicationError> {
        let claims = self.issuer.access_tokens.verify(access_token, now).await?;
        let is_live = match self.journal.revocations.judge(&claims, now, self.issuer.access_token_ttl) {
            Verdict::Live => true,
            Verdict::Revoked => false,
            Verdict::Unknown => self.is_live_in_database(&claims, now).await?,
        };
        if is_live { Ok(claims) } else { Err(ApplicationError::InvalidAccessToken) }
    }

    async fn is_live_in_database(&self, claims: &AccessClaims, now: Timestamp) -> Result<bool, ApplicationError> {
        let found = self.refresh_tokens.find_with_user(claims.session_id).await?;
        Ok(found.is_some_and(|(session, user)| Actor::from(claims).holds(&session, &user, now)))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::access_tokens::{InvalidAccessToken, VerifyError};
    use domain::sessions::{RefreshToken, Revocation, RevocationReason, Revoked, RevokedTokens};
    use domain::users::{Epoch, Role, User};

    use super::*;
    use crate::sessions::testing::Mocks;
    use crate::testing::{Feed, a_session, a_user, claims_of, now, session_id};

    fn verifying() -> Mocks {
        let mut mocks = Mocks::default();
        mocks.access_tokens.expect_verify().returning(|_, _| Ok(claims_of(&a_session(), &a_user())));
        mocks
    }

    async fn authenticate_by_database(found: Option<(RefreshToken, User)>) -> Result<Actor, ApplicationError> {
        let mut mocks = verifying();
        mocks.refresh_tokens.expect_find_with_user().return_once(move |_| Ok(found));
        mocks.build().authenticate("token").await
    }

    #[tokio::test]
    async fn with_a_fresh_feed_the_database_is_not_asked() {
        let sessions = verifying().build();
        sessions.follow_revocations(&mut Feed(Vec::new())).await.unwrap();
        let actor = sessions.authenticate("token").await.unwrap();
        assert_eq!((actor.user_id, actor.role, actor.session), (a_user().id, Role::User, session_id()));
    }

    #[tokio::test]
    async fn what_the_feed_tells_is_refused() {
        let sessions = verifying().build();
        let revoked = Revoked { tokens: RevokedTokens::OfSession(session_id()), until: now() + TimeDelta::minutes(15) };
        sessions.follow_revocations(&mut Feed(vec![revoked])).await.unwrap();
        let result = sessions.authenticate("token").await;
        assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)));
    }

    #[tokio::test]
    async fn without_a_fresh_feed_the_holder_of_a_live_session_is_the_actor() {
        let actor = authenticate_by_database(Some((a_session(), a_user()))).await.unwrap();
        assert_eq!(actor.user_id, a_user().id);
    }

    #[tokio::test]
    async fn without_a_fresh_feed_a_token_whose_session_or_user_changed_is_refused() {
        let revocation = Some(Revocation { at: now(), reason: RevocationReason::Logout });
        let cases = [
            None,
            Some((RefreshToken { revocation, ..a_session() }, a_user())),
            Some((RefreshToken { expires_at: now(), ..a_session() }, a_user())),
            Some((a_session(), User { is_active: false, ..a_user() })),
            Some((a_session(), User { epoch: Epoch::new(1), ..a_user() })),
        ];
        for case in cases {
            let result = authenticate_by_database(case.clone()).await;
            assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)), "{case:?} gave {result:?}");
        }
    }

    #[tokio::test]
    async fn a_token_that_does_not_verify_costs_no_query() {
        let mut mocks = Mocks::default();
        mocks.access_tokens.expect_verify().returning(|_, _| Err(VerifyError::Invalid(InvalidAccessToken)));
        let result = mocks.build().authenticate("token").await;
        assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)));
    }
}
