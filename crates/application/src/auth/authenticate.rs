use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Who holds this access token. Asks the database each time, so that a session that has ended, or a user who was
    /// disabled, deleted, or given another role or password, is refused at once.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn authenticate(&self, access_token: &str) -> Result<Actor, ApplicationError> {
        let now = self.ports.clock.now();
        let claims = self.ports.access_tokens.verify(access_token, now)?;
        let (session, user) = self
            .ports
            .refresh_tokens
            .find_with_user(claims.session_id)
            .await?
            .ok_or(ApplicationError::InvalidAccessToken)?;
        let is_current = user.id == claims.user_id && user.is_active && user.epoch == claims.epoch;
        if !is_current || !session.is_live(now) {
            return Err(ApplicationError::InvalidAccessToken);
        }
        Ok(Actor { user_id: user.id, role: user.role, session: session.id })
    }
}

#[cfg(test)]
mod tests {
    use domain::{Epoch, InvalidAccessToken, RefreshToken, Revocation, RevocationReason, Role, User};

    use super::*;
    use crate::testing::{Mocks, a_session, a_user, claims_of, now, session_id};

    async fn authenticate(session_and_user: Option<(RefreshToken, User)>) -> Result<Actor, ApplicationError> {
        let mut mocks = Mocks::default();
        mocks.access_tokens.expect_verify().returning(|_, _| Ok(claims_of(&a_session(), &a_user())));
        mocks.refresh_tokens.expect_find_with_user().return_once(move |_| Ok(session_and_user));
        mocks.build().authenticate("token").await
    }

    #[tokio::test]
    async fn the_holder_of_a_live_session_is_the_actor() {
        let actor = authenticate(Some((a_session(), a_user()))).await.unwrap();
        assert_eq!(actor, Actor { user_id: a_user().id, role: Role::User, session: session_id() });
    }

    #[tokio::test]
    async fn a_token_whose_session_or_user_changed_is_refused() {
        let revocation = Some(Revocation { at: now(), reason: RevocationReason::Logout });
        let cases = [
            None,
            Some((RefreshToken { revocation, ..a_session() }, a_user())),
            Some((RefreshToken { expires_at: now(), ..a_session() }, a_user())),
            Some((a_session(), User { is_active: false, ..a_user() })),
            Some((a_session(), User { epoch: Epoch::new(1), ..a_user() })),
        ];
        for case in cases {
            let result = authenticate(case.clone()).await;
            assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)), "{case:?} gave {result:?}");
        }
    }

    #[tokio::test]
    async fn a_token_that_does_not_verify_costs_no_query() {
        let mut mocks = Mocks::default();
        mocks.access_tokens.expect_verify().returning(|_, _| Err(InvalidAccessToken));
        let result = mocks.build().authenticate("token").await;
        assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)));
    }
}
