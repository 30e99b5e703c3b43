use std::net::IpAddr;

use domain::events::{By, NewEvent, What};
use domain::sessions::{Revocation, RevocationReason, RevokedTokens, SessionId};
use domain::units::AccountUnit;
use domain::users::UserId;

use super::Sessions;
use crate::acting::{OnAccount, begin_on};
use crate::{Actor, ApplicationError, Target};

impl Sessions {
    /// Ends one session of an account: one's own, or anybody's for an admin.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`]; [`ApplicationError::NotFound`] when the account has no such live session;
    /// [`ApplicationError::Unavailable`].
    pub async fn end(&self, actor: &Actor, target: Target, id: SessionId) -> Result<(), ApplicationError> {
        let OnAccount { unit, user, .. } = begin_on(self.units.as_ref(), actor, target, self.clock.as_ref()).await?;
        let found = unit.refresh_tokens().find_with_user(id).await?;
        let now = self.clock.now();
        let is_theirs = found.is_some_and(|(session, _)| session.user_id == user.id && session.is_live(now));
        let reason = target.reason();
        let event = actor.did(What::SessionsEnded { user: user.id, session: Some(id), reason });
        if is_theirs && self.revoke_in(unit, id, reason, event).await? {
            return Ok(());
        }
        Err(ApplicationError::NotFound)
    }

    /// Ends a session and voids its access tokens, unless it has been revoked before. Returns whether this call ended
    /// it. There is no actor: anyone who holds one of its tokens may end a session.
    pub(crate) async fn revoke_session(
        &self,
        id: SessionId,
        user: UserId,
        reason: RevocationReason,
        event: NewEvent,
    ) -> Result<bool, ApplicationError> {
        let unit = self.units.begin().await?;
        // Held, so that a write by the session's holder either comes before or is refused.
        unit.users().find_by_id_for_update(user).await?;
        self.revoke_in(unit, id, reason, event).await
    }

    async fn revoke_in(
        &self,
        unit: Box<dyn AccountUnit>,
        id: SessionId,
        reason: RevocationReason,
        event: NewEvent,
    ) -> Result<bool, ApplicationError> {
        let revocation = Revocation { at: self.clock.now(), reason };
        if !unit.refresh_tokens().revoke(id, revocation).await? {
            self.journal.learn(RevokedTokens::OfSession(id));
            return Ok(false);
        }
        self.journal.commit_revoking(unit, event, &[RevokedTokens::OfSession(id)]).await?;
        Ok(true)
    }

    /// Ends a session for somebody who holds one of its tokens.
    pub(crate) async fn end_for_logout(
        &self,
        session: SessionId,
        user: UserId,
        address: Option<IpAddr>,
    ) -> Result<bool, ApplicationError> {
        let reason = RevocationReason::Logout;
        let what = What::SessionsEnded { user, session: Some(session), reason };
        let event = By::User { user, session }.did(what).from_address(address);
        self.revoke_session(session, user, reason, event).await
    }
}

impl Target {
    /// Why sessions of the account end when the actor ends them.
    pub(crate) fn reason(self) -> RevocationReason {
        match self {
            Self::Me => RevocationReason::Logout,
            Self::User(_) => RevocationReason::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::sessions::RefreshToken;

    use super::*;
    use crate::sessions::testing::Mocks;
    use crate::testing::{a_session, a_unit_of, a_unit_on, a_user, an_actor, an_admin, revoking, session_id, user_id};

    #[tokio::test]
    async fn anothers_session_is_not_found_and_lives_on() {
        let mut mocks = Mocks::default();
        let mut unit = a_unit_of(&an_actor());
        let anothers = RefreshToken { user_id: UserId::new(uuid::Uuid::from_u128(99)), ..a_session() };
        unit.refresh_tokens.expect_find_with_user().return_once(|_| Ok(Some((anothers, a_user()))));
        let commits = mocks.units([unit]);
        let result = mocks.build().end(&an_actor(), Target::Me, session_id()).await;
        assert_eq!(commits.load(Ordering::SeqCst), 0);
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }

    #[tokio::test]
    async fn one_ends_ones_own_session_and_an_admin_anybodys() {
        let of_admin = a_unit_on(a_user(), vec![an_admin().user_id]);
        for (actor, target, mut unit) in
            [(an_actor(), Target::Me, a_unit_of(&an_actor())), (an_admin(), Target::User(user_id()), of_admin)]
        {
            let mut mocks = Mocks::default();
            unit.refresh_tokens.expect_find_with_user().return_once(|_| Ok(Some((a_session(), a_user()))));
            mocks.units([revoking(unit, target.reason())]);
            mocks.build().end(&actor, target, session_id()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn nobody_else_ends_it() {
        let result = Mocks::default().build().end(&an_actor(), Target::User(user_id()), session_id()).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }
}
