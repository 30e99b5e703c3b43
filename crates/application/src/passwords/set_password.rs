use domain::events::{By, What};
use domain::passwords::{OwnWords, Password};
use domain::users::{Email, UserId};

use super::Passwords;
use crate::acting::{OnAccount, begin_on, require_proof};
use crate::{Actor, ApplicationError, Target};

impl Passwords {
    /// Gives another user a password, for an admin: to somebody who forgot theirs, or who never had one. All of the
    /// user's sessions end, and their access tokens become void. Admins change their own by [`Passwords::change`],
    /// which asks for the current one.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], also for the admin's own account; [`ApplicationError::NotFound`],
    /// [`ApplicationError::RefusedPassword`], [`ApplicationError::StepUpRequired`],
    /// [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile, [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub async fn set(&self, actor: &Actor, user: UserId, typed: Password) -> Result<(), ApplicationError> {
        let target = Target::User(user);
        target.authorize(actor)?;
        if user == actor.user_id {
            return Err(ApplicationError::Forbidden);
        }
        let mut place = self.hashing.reserve()?;
        let found = self.hashing.in_turn(self.users.find_by_id(user)).await?.ok_or(ApplicationError::NotFound)?;
        let new = self.accept("password", typed, OwnWords::of(Some(&found.email), &found.profile)).await?;
        let hash = place.hash(&new).await?;
        self.hashing
            .in_turn(async {
                let clock = self.clock.as_ref();
                let OnAccount { unit, session, user, .. } = begin_on(self.units.as_ref(), actor, target, clock).await?;
                require_proof(unit.as_ref(), &session, clock, self.sudo.window).await?;
                let event = actor.did(What::PasswordSet { user: user.id });
                unit.factors().note_reset(user.id, None).await?;
                self.replace(unit, user, &hash, None, event).await
            })
            .await
    }

    /// The same on the word of the operator: there is no actor. It may be any account, also that of the last admin.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`] when nobody has the email; [`ApplicationError::RefusedPassword`],
    /// [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn set_by_email(&self, email: &Email, typed: Password) -> Result<(), ApplicationError> {
        let mut place = self.hashing.reserve()?;
        // Without the stored hash, which may be the one that cannot be read.
        let found = self.users.find_by_email(email).await?.ok_or(ApplicationError::NotFound)?;
        let new = self.accept("password", typed, OwnWords::of(Some(email), &found.profile)).await?;
        let hash = place.hash(&new).await?;
        let unit = self.units.begin().await?;
        let user = unit.users().find_by_id_for_update(found.id).await?.ok_or(ApplicationError::NotFound)?;
        let event = By::Operator.did(What::PasswordSet { user: user.id });
        unit.factors().note_reset(user.id, None).await?;
        self.replace(unit, user, &hash, None, event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::mail::Letter;
    use domain::sessions::{RevocationReason, RevokedTokens};
    use domain::units::MockAccountUnit;
    use domain::users::{Epoch, User};

    use super::*;
    use crate::passwords::testing::Mocks;
    use crate::testing::{a_hash, a_unit_on, a_user, an_actor, an_admin, now, password, user_id};

    /// The account is there, and its password is hashed.
    fn hashing() -> Mocks {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_id().returning(|_| Ok(Some(a_user())));
        let is_theirs = |email: &Email| *email == a_user().email;
        mocks.users.expect_find_by_email().withf(is_theirs).returning(|_| Ok(Some(a_user())));
        mocks.hashing().expect_hash().times(1).returning(|_| Ok(a_hash()));
        mocks
    }

    /// Expects that this unit gives [`a_user`] a password, and ends all of their sessions.
    fn setting(mut unit: MockAccountUnit) -> MockAccountUnit {
        unit.factors.expect_note_reset().withf(|_, at| at.is_none()).times(1).returning(|_, _| Ok(()));
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
        unit.outbox.expect_insert().withf(|mail| mail.letter == Letter::PasswordChanged).times(1).returning(|_| Ok(()));
        unit.one_time_tokens.expect_void_all().times(1).returning(|_| Ok(1));
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
        mocks.build().set(&an_admin(), user_id(), password()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn neither_users_nor_admins_for_themselves_set_a_password() {
        for (actor, user) in
            [(an_actor(), an_admin().user_id), (an_actor(), user_id()), (an_admin(), an_admin().user_id)]
        {
            let result = Mocks::default().build().set(&actor, user, password()).await;
            assert!(matches!(result, Err(ApplicationError::Forbidden)));
        }
    }

    #[tokio::test]
    async fn a_password_that_the_policy_refuses_is_not_set() {
        let short = Password::parse("hunt3r2").unwrap();
        let finding = || {
            let mut mocks = Mocks::default();
            mocks.users.expect_find_by_id().returning(|_| Ok(Some(a_user())));
            mocks.users.expect_find_by_email().returning(|_| Ok(Some(a_user())));
            mocks.build()
        };
        let result = finding().set(&an_admin(), user_id(), short.clone()).await;
        assert!(matches!(result, Err(ApplicationError::RefusedPassword { .. })));
        let result = finding().set_by_email(&a_user().email, short).await;
        assert!(matches!(result, Err(ApplicationError::RefusedPassword { .. })));
    }

    #[tokio::test]
    async fn without_a_place_at_the_hasher_no_unit_is_begun() {
        let result = Mocks::overloaded().set(&an_admin(), user_id(), password()).await;
        assert!(matches!(result, Err(ApplicationError::Overloaded)));
    }

    #[tokio::test]
    async fn an_operator_sets_a_password_by_email() {
        let mut mocks = hashing();
        let mut unit = MockAccountUnit::default();
        unit.users.expect_find_by_id_for_update().times(1).returning(|_| Ok(Some(a_user())));
        let commits = mocks.units([setting(unit)]);
        mocks.build().set_by_email(&a_user().email, password()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn of_an_email_that_nobody_has_an_operator_hears() {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_email().times(1).returning(|_| Ok(None));
        let result = mocks.build().set_by_email(&a_user().email, password()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }

    #[tokio::test]
    async fn nobody_is_given_a_guessable_password_or_their_own_name() {
        for (score, text, code) in
            [(2, "another good password", "too_guessable"), (4, "a good one for ADA.lovelace", "contains_your_name")]
        {
            for is_admin in [true, false] {
                let user = User { email: Email::parse("ada.lovelace@example.com").unwrap(), ..a_user() };
                let (by_id, by_email, email) = (user.clone(), user.clone(), user.email);
                let mut mocks = Mocks::measuring(score);
                mocks.users.expect_find_by_id().returning(move |_| Ok(Some(by_id.clone())));
                mocks.users.expect_find_by_email().returning(move |_| Ok(Some(by_email.clone())));
                let (passwords, typed) = (mocks.build(), Password::parse(text).unwrap());
                let result = match is_admin {
                    true => passwords.set(&an_admin(), user_id(), typed).await,
                    false => passwords.set_by_email(&email, typed).await,
                };
                assert!(matches!(result, Err(ApplicationError::RefusedPassword { field: "password", refused })
                    if refused.fault.code == code));
            }
        }
    }
}
