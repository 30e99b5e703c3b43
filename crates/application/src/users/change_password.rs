use domain::ports::Verification;
use domain::{Password, Revocation, RevocationReason, RevokedTokens};

use crate::audit::Event;
use crate::{Actor, Application, ApplicationError};

/// A change of one's own password.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// The one that is valid now.
    pub current: Password,
    /// Chosen under the policy.
    pub new: Password,
}

impl Application {
    /// Changes the actor's password. All access tokens become void and all other sessions end; this session goes on
    /// by its refresh token.
    ///
    /// # Errors
    /// [`ApplicationError::UnchangedPassword`], [`ApplicationError::WrongCurrentPassword`],
    /// [`ApplicationError::InvalidAccessToken`] when the account changed meanwhile, [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub async fn change_password(&self, actor: &Actor, change: ChangePassword) -> Result<(), ApplicationError> {
        if change.current == change.new {
            return Err(ApplicationError::UnchangedPassword);
        }
        let found = self.ports.users.find_by_id(actor.user_id).await?;
        let verified = found.ok_or(ApplicationError::InvalidAccessToken)?;
        let hasher = &self.ports.password_hasher;
        if hasher.verify(&change.current, Some(verified.password_hash)).await? == Verification::Mismatch {
            Event::CurrentPasswordWrong { user: actor.user_id }.record();
            return Err(ApplicationError::WrongCurrentPassword);
        }
        let hash = hasher.hash(&change.new).await?;
        let now = self.ports.clock.now();

        let unit = self.ports.units_of_work.begin().await?;
        let found = unit.users().find_by_id_for_update(actor.user_id).await?;
        // Hashing took its time: what was verified must still hold.
        let unchanged = found.filter(|user| user.is_active && user.epoch == verified.epoch);
        let mut user = unchanged.ok_or(ApplicationError::InvalidAccessToken)?;
        user.set_password(hash);
        user.updated_at = now;
        unit.users().update(&user).await?;
        let revocation = Revocation { at: now, reason: RevocationReason::PasswordChanged };
        unit.refresh_tokens().revoke_all(user.id, Some(actor.session), revocation).await?;
        let event = Event::PasswordChanged { user: user.id };
        self.commit_revoking(unit, &[RevokedTokens::OfUser(user.id, user.epoch)], event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::mocks::MockUnitOfWork;
    use domain::{Epoch, PasswordHash, User};

    use super::*;
    use crate::testing::{Mocks, a_user, an_actor, password, session_id};

    fn change() -> ChangePassword {
        ChangePassword { current: password(), new: Password::presented("another good password").unwrap() }
    }

    fn verifying(verification: Verification) -> Mocks {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_id().return_once(|_| Ok(Some(a_user())));
        mocks.password_hasher.expect_verify().times(1).returning(move |_, _| Ok(verification));
        mocks
    }

    fn hashing() -> Mocks {
        let mut mocks = verifying(Verification::Match { outdated: false });
        mocks.password_hasher.expect_hash().returning(|_| Ok(PasswordHash::parse("$argon2id$new").unwrap()));
        mocks
    }

    #[tokio::test]
    async fn the_wrong_current_password_changes_nothing() {
        let result = verifying(Verification::Mismatch).build().change_password(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::WrongCurrentPassword)));
    }

    #[tokio::test]
    async fn the_same_password_is_refused() {
        let same = ChangePassword { new: password(), ..change() };
        let result = Mocks::default().build().change_password(&an_actor(), same).await;
        assert!(matches!(result, Err(ApplicationError::UnchangedPassword)));
    }

    #[tokio::test]
    async fn access_tokens_become_void_and_other_sessions_end() {
        let mut mocks = hashing();
        let mut unit = MockUnitOfWork::default();
        unit.users.expect_find_by_id_for_update().return_once(|_| Ok(Some(a_user())));
        unit.users
            .expect_update()
            .withf(|user| user.epoch == Epoch::new(1) && user.password_hash.expose() == "$argon2id$new")
            .times(1)
            .returning(|_| Ok(()));
        unit.refresh_tokens
            .expect_revoke_all()
            .withf(|_, except, _| *except == Some(session_id()))
            .times(1)
            .returning(|_, _, _| Ok(Vec::new()));
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        mocks.build().change_password(&an_actor(), change()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_change_while_hashing_wins() {
        let mut mocks = hashing();
        let mut unit = MockUnitOfWork::default();
        let changed = User { epoch: Epoch::new(1), ..a_user() };
        unit.users.expect_find_by_id_for_update().return_once(|_| Ok(Some(changed)));
        let commits = mocks.units([unit]);
        let result = mocks.build().change_password(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)));
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }
}
