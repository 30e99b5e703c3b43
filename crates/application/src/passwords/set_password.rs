use domain::passwords::{Password, PasswordHash};
use domain::sessions::{Revocation, RevocationReason, RevokedTokens};
use domain::units::UnitOfWork;
use domain::users::{Email, User, UserId};

use crate::acting::OnAccount;
use crate::audit::Event;
use crate::{Actor, Application, ApplicationError, Target};

impl Application {
    /// Gives another user a password, for an admin: of somebody who forgot theirs, or who never had one. All of the
    /// user's sessions end, and their access tokens become void. An admin's own goes by
    /// [`Application::change_password`], which asks for the current one.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], also for the admin's own account; [`ApplicationError::NotFound`],
    /// [`ApplicationError::RefusedPassword`], [`ApplicationError::InvalidAccessToken`] when the actor has ended
    /// meanwhile, [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn set_password(&self, actor: &Actor, user: UserId, typed: Password) -> Result<(), ApplicationError> {
        let target = Target::User(user);
        target.authorize(actor)?;
        if user == actor.user_id {
            return Err(ApplicationError::Forbidden);
        }
        let new = self.accept_password(typed)?;
        let mut place = self.ports.password_hasher.reserve()?;
        let hash = place.hash(&new).await?;
        self.in_turn(async {
            let OnAccount { unit, user, .. } = self.begin_on(actor, target).await?;
            self.store_set_password(unit, user, &hash, Some(actor.user_id)).await
        })
        .await
    }

    /// The same on the word of whoever runs the service: there is no actor. It may be any account, that of the last
    /// admin, too.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`] when nobody has the email; [`ApplicationError::RefusedPassword`],
    /// [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn set_password_by_email(&self, email: &Email, typed: Password) -> Result<(), ApplicationError> {
        let new = self.accept_password(typed)?;
        let found = self.ports.users.find_by_email(email).await?.ok_or(ApplicationError::NotFound)?;
        let mut place = self.ports.password_hasher.reserve()?;
        let hash = place.hash(&new).await?;
        let unit = self.ports.units_of_work.begin().await?;
        let user = unit.users().find_by_id_for_update(found.id).await?.ok_or(ApplicationError::NotFound)?;
        self.store_set_password(unit, user, &hash, None).await
    }

    async fn store_set_password(
        &self,
        unit: Box<dyn UnitOfWork>,
        mut user: User,
        hash: &PasswordHash,
        by: Option<UserId>,
    ) -> Result<(), ApplicationError> {
        let now = self.ports.clock.now();
        user.void_access_tokens();
        user.updated_at = now;
        unit.users().update(&user).await?;
        unit.passwords().store(user.id, hash, now).await?;
        let revocation = Revocation { at: now, reason: RevocationReason::PasswordSet };
        unit.refresh_tokens().revoke_all(user.id, None, revocation).await?;
        let event = Event::PasswordSet { user: user.id, by };
        self.commit_revoking(unit, &[RevokedTokens::OfUser(user.id, user.epoch)], event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::units::MockUnitOfWork;
    use domain::users::Epoch;

    use super::*;
    use crate::testing::{Mocks, a_hash, a_unit_on, a_user, an_actor, an_admin, now, password, user_id};

    fn hashing() -> Mocks {
        let mut mocks = Mocks::default();
        mocks.hashing().expect_hash().times(1).returning(|_| Ok(a_hash()));
        mocks
    }

    /// Expects that this unit gives [`a_user`] a password, and ends all that they have.
    fn setting(mut unit: MockUnitOfWork) -> MockUnitOfWork {
        unit.users.expect_update().withf(|user| user.epoch == Epoch::new(1)).times(1).returning(|_| Ok(()));
        unit.passwords
            .expect_store()
            .withf(|user, hash, changed_at| (*user, hash, *changed_at) == (user_id(), &a_hash(), now()))
            .times(1)
            .returning(|_, _, _| Ok(()));
        unit.refresh_tokens
            .expect_revoke_all()
            .withf(|_, except, revocation| except.is_none() && revocation.reason == RevocationReason::PasswordSet)
            .times(1)
            .returning(|_, _, _| Ok(Vec::new()));
        unit.revocations
            .expect_insert()
            .withf(|revoked| revoked.tokens == RevokedTokens::OfUser(user_id(), Epoch::new(1)))
            .times(1)
            .returning(|_| Ok(()));
        unit
    }

    #[tokio::test]
    async fn an_admin_sets_a_password_and_ends_what_the_user_has_in_one_unit() {
        let mut mocks = hashing();
        let commits = mocks.units([setting(a_unit_on(a_user(), vec![an_admin().user_id]))]);
        mocks.build().set_password(&an_admin(), user_id(), password()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn neither_users_nor_admins_for_themselves_set_a_password() {
        for (actor, user) in
            [(an_actor(), an_admin().user_id), (an_actor(), user_id()), (an_admin(), an_admin().user_id)]
        {
            let result = Mocks::default().build().set_password(&actor, user, password()).await;
            assert!(matches!(result, Err(ApplicationError::Forbidden)));
        }
    }

    #[tokio::test]
    async fn a_password_that_the_policy_refuses_is_not_set() {
        let (application, short) = (Mocks::default().build(), Password::parse("hunt3r2").unwrap());
        let result = application.set_password(&an_admin(), user_id(), short.clone()).await;
        assert!(matches!(result, Err(ApplicationError::RefusedPassword(_))));
        let result = application.set_password_by_email(&a_user().email, short).await;
        assert!(matches!(result, Err(ApplicationError::RefusedPassword(_))));
    }

    #[tokio::test]
    async fn without_a_place_at_the_hasher_no_unit_is_begun() {
        let result = Mocks::overloaded().set_password(&an_admin(), user_id(), password()).await;
        assert!(matches!(result, Err(ApplicationError::Overloaded)));
    }

    #[tokio::test]
    async fn an_operator_sets_a_password_by_email() {
        let mut mocks = hashing();
        mocks.users.expect_find_by_email().times(1).returning(|_| Ok(Some(a_user())));
        let mut unit = MockUnitOfWork::default();
        unit.users.expect_find_by_id_for_update().times(1).returning(|_| Ok(Some(a_user())));
        let commits = mocks.units([setting(unit)]);
        mocks.build().set_password_by_email(&a_user().email, password()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn of_an_email_that_nobody_has_an_operator_hears() {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_email().returning(|_| Ok(None));
        let result = mocks.build().set_password_by_email(&a_user().email, password()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }
}
