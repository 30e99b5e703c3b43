use domain::events::What;
use domain::one_time_tokens::Purpose;
use domain::sessions::{Revocation, RevocationReason, RevokedTokens, SessionId};
use domain::units::AccountUnit;
use domain::users::User;

use super::Sessions;
use crate::acting::begin_as;
use crate::{Actor, ApplicationError};

/// Most sessions whose access tokens are voided one by one. Beyond that all of the user's are, also those of this
/// session, which then goes on by its refresh token.
const MAX_ONE_BY_ONE: usize = 100;

/// Ends all sessions of a user but one, and returns the access tokens that this voids. If these are all of the user's,
/// the epoch of `user`, who is still to be stored, has grown.
async fn end_others(
    unit: &dyn AccountUnit,
    user: &mut User,
    this: SessionId,
    revocation: Revocation,
) -> Result<Vec<RevokedTokens>, ApplicationError> {
    let ended = unit.refresh_tokens().revoke_all(user.id, Some(this), revocation).await?;
    if ended.len() > MAX_ONE_BY_ONE {
        user.void_access_tokens();
        return Ok(vec![RevokedTokens::OfUser(user.id, user.epoch)]);
    }
    Ok(ended.into_iter().map(RevokedTokens::OfSession).collect())
}

impl Sessions {
    /// Ends all of the actor's sessions but this one.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile; [`ApplicationError::Unavailable`].
    pub async fn logout_others(&self, actor: &Actor) -> Result<(), ApplicationError> {
        let reason = RevocationReason::Logout;

        // The account is held, so that no other sign-in slips in between.
        let (unit, mut user) = begin_as(self.units.as_ref(), actor, self.clock.as_ref()).await?;
        let revocation = Revocation { at: self.clock.now(), reason };
        let tokens = end_others(unit.as_ref(), &mut user, actor.session, revocation).await?;
        if user.epoch != actor.epoch {
            unit.users().update(&user).await?;
        }
        // Whoever is signed out here may have asked for it.
        unit.one_time_tokens().void_for_user(Purpose::ChangeEmail, user.id).await?;
        let event = actor.did(What::SessionsEnded { user: user.id, session: None, reason });
        self.journal.commit_revoking(unit, event, &tokens).await
    }
}

#[cfg(test)]
mod tests {
    use domain::sessions::Revoked;
    use domain::units::MockAccountUnit;
    use uuid::Uuid;

    use super::*;
    use crate::sessions::testing::Mocks;
    use crate::testing::{a_unit_of, an_actor, session_id, user_id};

    fn ending(sessions: u128) -> MockAccountUnit {
        let mut unit = a_unit_of(&an_actor());
        let is_change = |purpose: &Purpose, _: &_| *purpose == Purpose::ChangeEmail;
        unit.one_time_tokens.expect_void_for_user().withf(is_change).times(1).returning(|_, _| Ok(0));
        unit.refresh_tokens
            .expect_revoke_all()
            .withf(|_, except, _| *except == Some(session_id()))
            .return_once(move |_, _, _| Ok((0..sessions).map(|n| SessionId::new(Uuid::from_u128(n + 100))).collect()));
        unit
    }

    #[tokio::test]
    async fn each_of_the_others_is_told_to_all_nodes() {
        let mut mocks = Mocks::default();
        let mut unit = ending(3);
        let is_of_another = |revoked: &Revoked| revoked.tokens != RevokedTokens::OfSession(session_id());
        unit.revocations.expect_insert().withf(is_of_another).times(3).returning(|_| Ok(()));
        mocks.units([unit]);
        mocks.build().logout_others(&an_actor()).await.unwrap();
    }

    #[tokio::test]
    async fn very_many_are_told_as_one() {
        let mut mocks = Mocks::default();
        let mut unit = ending(101);
        unit.users.expect_update().times(1).returning(|_| Ok(()));
        let is_of_user = |revoked: &Revoked| matches!(revoked.tokens, RevokedTokens::OfUser(id, _) if id == user_id());
        unit.revocations.expect_insert().withf(is_of_user).times(1).returning(|_| Ok(()));
        mocks.units([unit]);
        mocks.build().logout_others(&an_actor()).await.unwrap();
    }
}
