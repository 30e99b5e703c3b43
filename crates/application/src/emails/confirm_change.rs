use std::net::IpAddr;

use domain::StoreError;
use domain::events::{By, What};
use domain::mail::Letter;
use domain::one_time_tokens::Purpose;
use domain::sessions::{Revocation, RevocationReason};

use super::Emails;
use crate::ApplicationError;
use crate::end_all::end_all;
use crate::even::evenly;
use crate::one_time_tokens::Proof;

impl Emails {
    /// Gives an account the address that this token was mailed to, which proves it, and no other. All sessions end, and
    /// every other token of the account is void, also the one that would stop the change. The old address is told.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`], whatever is wrong with the token or the account, and also when
    /// somebody else has the address by now; [`ApplicationError::Unavailable`].
    pub async fn confirm_change(&self, proof: Proof, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let tokens = &self.users.passwords.one_time_tokens;
        let token = evenly(tokens.prove(Purpose::ChangeEmail, &proof)).await?;
        let (unit, before) = self.begin_with(&token).await?;
        let now = self.users.passwords.clock.now();
        let mut user = before.clone();
        user.set_email(token.email);
        user.email_verified = true;
        user.updated_at = now;
        let revocation = Revocation { at: now, reason: RevocationReason::EmailChanged };
        let void = end_all(unit.as_ref(), &mut user, None, revocation).await.map_err(|error| match error {
            StoreError::Duplicate(_) => ApplicationError::InvalidOneTimeToken,
            other => other.into(),
        })?;
        tokens.notify(unit.as_ref(), &before, Letter::EmailChanged).await?;
        let event = By::Anyone.did(What::EmailChanged { user: user.id }).from_address(address);
        self.users.passwords.journal.commit_revoking(unit, event, &[void]).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::one_time_tokens::OneTimeToken;
    use domain::units::MockAccountUnit;
    use domain::users::{Email, Epoch, User};

    use super::*;
    use crate::emails::testing::on;
    use crate::one_time_tokens::testing::{a_token, by_token, using};
    use crate::passwords::testing::Mocks;
    use crate::testing::a_user;

    /// One that was mailed to the new address.
    fn token() -> OneTimeToken {
        OneTimeToken { email: Email::parse("lovelace@example.com").unwrap(), ..a_token(Purpose::ChangeEmail) }
    }

    /// What comes of the token in this unit, and how many units were committed.
    async fn confirm(unit: MockAccountUnit) -> (Result<(), ApplicationError>, usize) {
        let mut mocks = Mocks::default();
        mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(token());
        let commits = mocks.units([unit]);
        let emails = on(mocks.build());
        let result = emails.confirm_change(by_token(&token()), None).await;
        (result, commits.load(Ordering::SeqCst))
    }

    fn unit_of(user: Option<User>) -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.users.expect_find_by_id_for_update().times(1).return_once(|_| Ok(user));
        unit
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_of_the_token_is_the_accounts_and_all_that_was_ends() {
        for was_proven in [true, false] {
            let mut unit = using(unit_of(Some(User { email_verified: was_proven, ..a_user() })), true);
            let has_moved =
                |user: &User| user.email == token().email && user.email_verified && user.epoch == Epoch::new(1);
            unit.users.expect_update().withf(has_moved).times(1).returning(|_| Ok(()));
            unit.one_time_tokens.expect_void_all().times(1).returning(|_| Ok(2));
            unit.outbox
                .expect_insert()
                .withf(|mail| mail.letter == Letter::EmailChanged && mail.to == a_user().email)
                .times(usize::from(was_proven))
                .returning(|_| Ok(()));
            unit.refresh_tokens
                .expect_revoke_all()
                .withf(|_, except, _| except.is_none())
                .times(1)
                .returning(|_, _, _| Ok(vec![]));
            unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
            let (result, commits) = confirm(unit).await;
            result.unwrap();
            assert_eq!(commits, 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_second_to_an_address_hears_that_the_token_is_not_good() {
        let mut unit = using(unit_of(Some(a_user())), true);
        unit.users.expect_update().times(1).returning(|_| Err(StoreError::Duplicate("email")));
        for unit in [unit, using(unit_of(Some(a_user())), false), unit_of(None)] {
            let (result, commits) = confirm(unit).await;
            assert!(matches!(result, Err(ApplicationError::InvalidOneTimeToken)), "{result:?}");
            assert_eq!(commits, 0);
        }
    }
}
