use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::{OneTimeToken, Purpose};
use domain::sessions::{Device, Method};
use domain::users::User;

use super::SignIn;
use super::reclaim;
use super::start_session::Proven;
use crate::ApplicationError;
use crate::even::evenly;
use crate::one_time_tokens::{Proof, consume};
use crate::sessions::TokenPair;

impl SignIn {
    /// Starts a session of whoever holds the token or the code of a mail. It proves the address. If nobody had proven
    /// it before, somebody else may have made the account: its password and its factors are removed, and all other
    /// sessions end.
    ///
    /// # Errors
    /// [`ApplicationError::EmailSignInOff`]; [`ApplicationError::InvalidOneTimeToken`], whatever is wrong with the
    /// token; [`ApplicationError::AccountDisabled`], and the token stays good; [`ApplicationError::Unavailable`].
    pub async fn by_mail(&self, proof: Proof, device: Device) -> Result<TokenPair, ApplicationError> {
        self.require_email_sign_in()?;
        let address = device.address();
        let result = self.prove_and_start(&proof, device).await;
        self.counted(self.record_invalid_token(result, address).await)
    }

    async fn prove_and_start(&self, proof: &Proof, device: Device) -> Result<TokenPair, ApplicationError> {
        let token = evenly(self.one_time_tokens.prove(Purpose::SignIn, proof)).await?;
        let user = self.hashing.in_turn(self.prove_address(&token, device.address())).await?;
        // The account may change at this very moment: then the mail was worth nothing any more.
        self.start_session(&Proven::by(Method::Mail, user), device).await?.ok_or(ApplicationError::InvalidOneTimeToken)
    }

    /// Uses the token, and returns its account as it is then. One that is disabled is returned as it is.
    async fn prove_address(&self, token: &OneTimeToken, address: Option<IpAddr>) -> Result<User, ApplicationError> {
        let user_id = token.user_id.ok_or(ApplicationError::InvalidOneTimeToken)?;
        let now = self.clock.now();
        let unit = self.units.begin().await?;
        let user = unit.users().find_by_id_for_update(user_id).await?;
        // Bound to the address that it was mailed to.
        let is_theirs = |user: &User| user.email == token.email;
        let mut user = user.filter(is_theirs).ok_or(ApplicationError::InvalidOneTimeToken)?;
        if !user.is_active {
            return Ok(user);
        }
        consume(unit.as_ref(), token, now).await?;
        if user.email_verified {
            unit.one_time_tokens().void_for_email(Purpose::SignIn, &token.email, None).await?;
            unit.commit().await?;
            return Ok(user);
        }
        let void = reclaim(unit.as_ref(), &mut user, now).await?;
        let event = By::Anyone.did(What::UserReclaimed { user: user.id }).from_address(address);
        self.journal.commit_revoking(unit, event, &[void]).await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use domain::units::MockAccountUnit;
    use domain::users::{Email, Epoch};

    use super::*;
    use crate::one_time_tokens::testing::{a_token, by_token, using};
    use crate::sign_in::testing::Mocks;
    use crate::testing::{a_user, now};

    fn mocks(token: OneTimeToken) -> Mocks {
        let mut mocks = Mocks::default();
        mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(token);
        mocks
    }

    fn unit_of(user: Option<User>) -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.users.expect_find_by_id_for_update().times(1).return_once(|_| Ok(user));
        unit
    }

    /// A unit in which a session of that epoch begins.
    fn starting(at: Epoch) -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.users.expect_record_login().withf(move |_, epoch, _| *epoch == at).return_once(|_, _, _| Ok(true));
        unit.refresh_tokens.expect_insert().times(1).returning(|_| Ok(()));
        unit
    }

    async fn sign_in(mocks: Mocks) -> Result<TokenPair, ApplicationError> {
        mocks.build().by_mail(by_token(&a_token(Purpose::SignIn)), Device::default()).await
    }

    #[tokio::test(start_paused = true)]
    async fn the_token_of_a_mail_starts_a_session_of_a_proven_account_and_changes_nothing_else() {
        let mut mocks = mocks(a_token(Purpose::SignIn));
        let mut unit = using(unit_of(Some(a_user())), true);
        unit.one_time_tokens.expect_void_for_email().times(1).returning(|_, _, _| Ok(1));
        mocks.units([unit, starting(Epoch::default())]);
        let events = mocks.units.events();
        sign_in(mocks).await.unwrap();
        assert!(matches!(events.lock().unwrap()[..], [ref event] if event.what.kind() == "login.succeeded"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_nobody_had_proven_loses_what_its_maker_left_there() {
        let mut mocks = mocks(a_token(Purpose::SignIn));
        let mut unit = using(unit_of(Some(User { email_verified: false, ..a_user() })), true);
        let is_proven = |user: &User| user.email_verified && user.epoch == Epoch::new(1);
        unit.users.expect_update().withf(is_proven).times(1).returning(|_| Ok(()));
        unit.passwords.expect_remove().times(1).returning(|_| Ok(true));
        unit.factors.expect_delete_all().times(1).returning(|_| Ok(11));
        unit.identities.expect_delete_all().times(1).returning(|_| Ok(1));
        unit.passkeys.expect_delete_all().times(1).returning(|_| Ok(1));
        unit.one_time_tokens.expect_void_all().times(1).returning(|_| Ok(2));
        unit.refresh_tokens
            .expect_revoke_all()
            .withf(|_, except, _| except.is_none())
            .times(1)
            .returning(|_, _, _| Ok(vec![]));
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        mocks.units([unit, starting(Epoch::new(1))]);
        let events = mocks.units.events();
        sign_in(mocks).await.unwrap();
        assert_eq!(events.lock().unwrap()[0].what, What::UserReclaimed { user: a_user().id });
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_bound_to_its_address_its_account_and_its_first_use() {
        let moved = User { email: Email::parse("other@example.com").unwrap(), ..a_user() };
        for unit in [unit_of(None), unit_of(Some(moved)), using(unit_of(Some(a_user())), false)] {
            let mut mocks = mocks(a_token(Purpose::SignIn));
            mocks.units([unit, MockAccountUnit::default()]);
            let events = mocks.units.events();
            let result = sign_in(mocks).await;
            assert!(matches!(result, Err(ApplicationError::InvalidOneTimeToken)), "{result:?}");
            assert_eq!(events.lock().unwrap()[0].what, What::LoginFailed { user: None });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_disabled_account_has_no_session_by_mail_either() {
        let mut mocks = mocks(a_token(Purpose::SignIn));
        mocks.units([unit_of(Some(User { is_active: false, ..a_user() })), MockAccountUnit::default()]);
        assert!(matches!(sign_in(mocks).await, Err(ApplicationError::AccountDisabled)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_is_not_good_and_one_for_another_purpose_are_refused_alike() {
        let mut used = mocks(OneTimeToken { used_at: Some(now()), ..a_token(Purpose::SignIn) });
        used.units([MockAccountUnit::default()]);
        assert!(matches!(sign_in(used).await, Err(ApplicationError::InvalidOneTimeToken)));
        let mut other = Mocks::default();
        other.units([MockAccountUnit::default()]);
        let proof = by_token(&a_token(Purpose::ResetPassword));
        let result = other.build().by_mail(proof, Device::default()).await;
        assert!(matches!(result, Err(ApplicationError::InvalidOneTimeToken)));
    }
}
