use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::{OneTimeToken, Purpose};
use domain::registration::PendingAccount;
use domain::units::AccountUnit;

use super::insert_user::{MadeBy, NewAccount};
use super::{NewUser, Users};
use crate::ApplicationError;
use crate::one_time_tokens::consume;

impl Users {
    /// Makes the account that waits for the proof by this token, which the caller has found to be genuine, and uses the
    /// token. Whatever else waits for the same address is void.
    ///
    /// An account that has the address already stays as it is, whether or not it was proven: who registered may be a
    /// stranger, and the owner gets into it by a new password by mail.
    ///
    /// If somebody has taken the username since, the account is made without one: who else has it is nothing to tell
    /// before the proof, and no reason to begin anew after it.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`], also when the address has an account by now;
    /// [`ApplicationError::RegistrationClosed`], [`ApplicationError::Unavailable`].
    pub async fn finish_registration(
        &self,
        token: &OneTimeToken,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        let finished = match self.finish(token, true, address).await {
            Err(ApplicationError::Duplicate("username")) => self.finish(token, false, address).await,
            finished => finished,
        };
        match finished {
            // Somebody else was faster.
            Err(ApplicationError::Duplicate(_)) => Err(ApplicationError::InvalidOneTimeToken),
            finished => finished,
        }
    }

    async fn finish(
        &self,
        token: &OneTimeToken,
        keeps_username: bool,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        if !self.registration.admits(true) {
            return Err(ApplicationError::RegistrationClosed);
        }
        let unit = self.passwords.units.begin().await?;
        // Of two that redeem one of several tokens each, both remove those of the other.
        unit.one_time_tokens().lock_for_email(Purpose::VerifyEmail, &token.email).await?;
        let found = unit.pending_accounts().find(token.id).await?;
        let mut pending = found.ok_or(ApplicationError::InvalidOneTimeToken)?;
        consume(unit.as_ref(), token, self.passwords.clock.now()).await?;
        unit.one_time_tokens().void_for_email(Purpose::VerifyEmail, &token.email, None).await?;
        if !keeps_username {
            pending.profile.username = None;
        }
        self.make(unit, token, pending, address).await
    }

    async fn make(
        &self,
        unit: Box<dyn AccountUnit>,
        token: &OneTimeToken,
        pending: PendingAccount,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        let PendingAccount { profile, password, .. } = pending;
        let new = NewUser { profile, email_verified: true, ..NewUser::with(token.email.clone()) };
        let new = NewAccount { user: self.new_user(new), hash: Some(password) };
        self.insert(unit.as_ref(), &new, MadeBy::Owner).await?;
        let what = What::UserCreated { user: new.user.id, role: new.user.role };
        self.passwords.journal.commit(unit, By::Anyone.did(what).from_address(address)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::StoreError;
    use domain::registration::RegistrationMode;
    use domain::units::MockAccountUnit;
    use domain::users::{Profile, Role, User, Username};

    use super::*;
    use crate::one_time_tokens::testing::{a_token, using};
    use crate::testing::{a_hash, a_user};
    use crate::users::testing::Mocks;

    fn token() -> OneTimeToken {
        OneTimeToken { user_id: None, ..a_token(Purpose::VerifyEmail) }
    }

    fn profile() -> Profile {
        Profile { username: Some(Username::parse("ada").unwrap()), ..Profile::default() }
    }

    /// A unit that uses [`token`], for which this profile waits.
    fn finishing() -> MockAccountUnit {
        let mut unit = using(MockAccountUnit::default(), true);
        let pending = PendingAccount { token_id: token().id, profile: profile(), password: a_hash() };
        unit.pending_accounts.expect_find().times(1).return_once(|_| Ok(Some(pending)));
        unit.one_time_tokens.expect_lock_for_email().times(1).returning(|_, _| Ok(1));
        unit.one_time_tokens
            .expect_void_for_email()
            .withf(|purpose, email, except| (*purpose, email, *except) == (Purpose::VerifyEmail, &a_user().email, None))
            .times(1)
            .returning(|_, _, _| Ok(1));
        unit
    }

    fn mocks() -> Mocks {
        Mocks { registration: RegistrationMode::Verified, ..Mocks::default() }
    }

    fn inserting(mut unit: MockAccountUnit, username: Option<&'static str>) -> MockAccountUnit {
        let is_new = move |user: &User| {
            let has_name = user.profile.username.as_ref().map(Username::as_str) == username;
            has_name && user.email_verified && user.is_active && user.role == Role::User
        };
        unit.users.expect_insert().withf(is_new).times(1).returning(|_| Ok(()));
        unit.passwords.expect_store().withf(|_, hash, _| *hash == a_hash()).times(1).returning(|_, _, _| Ok(()));
        unit
    }

    #[tokio::test]
    async fn the_proof_makes_the_account_that_waited_for_it() {
        let mut mocks = mocks();
        let commits = mocks.units([inserting(finishing(), Some("ada"))]);
        mocks.build().finish_registration(&token(), None).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_username_that_was_taken_meanwhile_is_left_out() {
        let mut mocks = mocks();
        let mut taken = finishing();
        taken.users.expect_insert().times(1).returning(|_| Err(StoreError::Duplicate("username")));
        let commits = mocks.units([taken, inserting(finishing(), None)]);
        mocks.build().finish_registration(&token(), None).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_has_changed_meanwhile_is_refused() {
        let mut voided = MockAccountUnit::default();
        voided.one_time_tokens.expect_lock_for_email().returning(|_, _| Ok(0));
        voided.pending_accounts.expect_find().return_once(|_| Ok(None));
        let mut taken = finishing();
        taken.users.expect_insert().returning(|_| Err(StoreError::Duplicate("email")));
        for unit in [voided, taken] {
            let mut mocks = mocks();
            mocks.units([unit]);
            let result = mocks.build().finish_registration(&token(), None).await;
            assert!(matches!(result, Err(ApplicationError::InvalidOneTimeToken)));
        }
        let closed = Mocks { registration: RegistrationMode::Closed, ..Mocks::default() };
        let result = closed.build().finish_registration(&token(), None).await;
        assert!(matches!(result, Err(ApplicationError::RegistrationClosed)));
    }
}
