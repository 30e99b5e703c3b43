use domain::SessionId;

use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Ends one of the actor's sessions.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`] when there is no such live session of theirs; [`ApplicationError::Unavailable`].
    pub async fn end_session(&self, actor: &Actor, id: SessionId) -> Result<(), ApplicationError> {
        let found = self.ports.refresh_tokens.find_with_user(id).await?;
        let now = self.ports.clock.now();
        let is_theirs = found.is_some_and(|(session, _)| session.user_id == actor.user_id && session.is_live(now));
        if is_theirs && self.end_for_logout(id, actor.user_id).await? {
            return Ok(());
        }
        Err(ApplicationError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use domain::{RefreshToken, UserId};

    use super::*;
    use crate::testing::{Mocks, a_session, a_user, an_actor, session_id};

    #[tokio::test]
    async fn anothers_session_is_not_found_and_lives_on() {
        let mut mocks = Mocks::default();
        let anothers = RefreshToken { user_id: UserId::new(uuid::Uuid::from_u128(99)), ..a_session() };
        mocks.refresh_tokens.expect_find_with_user().return_once(|_| Ok(Some((anothers, a_user()))));
        let result = mocks.build().end_session(&an_actor(), session_id()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }

    #[tokio::test]
    async fn ones_own_session_ends() {
        let mut mocks = Mocks::default();
        mocks.refresh_tokens.expect_find_with_user().return_once(|_| Ok(Some((a_session(), a_user()))));
        mocks.refresh_tokens.expect_revoke().times(1).returning(|_, _| Ok(true));
        mocks.build().end_session(&an_actor(), session_id()).await.unwrap();
    }
}
