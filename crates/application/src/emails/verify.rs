use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::Purpose;

use super::Emails;
use crate::ApplicationError;
use crate::even::evenly;
use crate::one_time_tokens::Proof;

impl Emails {
    /// Notes that the address of an account is its owner's, while it is the one that the token was mailed to. Where a
    /// registration waits for this proof, it makes the account.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`], whatever is wrong with the token or the account;
    /// [`ApplicationError::RegistrationClosed`] where the account is still to be made;
    /// [`ApplicationError::Unavailable`].
    pub async fn verify(&self, proof: Proof, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let token = evenly(self.users.passwords.one_time_tokens.prove(Purpose::VerifyEmail, &proof)).await?;
        if token.user_id.is_none() {
            return self.users.finish_registration(&token, address).await;
        }
        let (unit, mut user) = self.begin_with(&token).await?;
        if user.email != token.email {
            return Err(ApplicationError::InvalidOneTimeToken);
        }
        user.email_verified = true;
        user.updated_at = self.users.passwords.clock.now();
        unit.users().update(&user).await?;
        unit.one_time_tokens().void_for_email(Purpose::VerifyEmail, &token.email, Some(token.id)).await?;
        let event = By::Anyone.did(What::EmailVerified { user: user.id }).from_address(address);
        self.users.passwords.journal.commit(unit, event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::one_time_tokens::OneTimeToken;
    use domain::units::MockAccountUnit;
    use domain::users::{Email, User};

    use super::*;
    use crate::emails::testing::on;
    use crate::one_time_tokens::testing::{a_token, by_token, using};
    use crate::passwords::testing::Mocks;
    use crate::testing::a_user;

    fn token() -> OneTimeToken {
        a_token(Purpose::VerifyEmail)
    }

    /// What comes of the token in this unit, and how many units were committed.
    async fn verify(token: OneTimeToken, unit: MockAccountUnit) -> (Result<(), ApplicationError>, usize) {
        let mut mocks = Mocks::default();
        mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(token.clone());
        let commits = mocks.units([unit]);
        let emails = on(mocks.build());
        let result = emails.verify(by_token(&token), None).await;
        (result, commits.load(Ordering::SeqCst))
    }

    fn unit_of(user: Option<User>) -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.users.expect_find_by_id_for_update().times(1).return_once(|_| Ok(user));
        unit
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_that_the_token_was_mailed_to_is_proven() {
        let mut unit = using(unit_of(Some(User { email_verified: false, ..a_user() })), true);
        unit.users.expect_update().withf(|user| user.email_verified).times(1).returning(|_| Ok(()));
        unit.one_time_tokens.expect_void_for_email().times(1).returning(|_, _, _| Ok(1));
        let (result, commits) = verify(token(), unit).await;
        result.unwrap();
        assert_eq!(commits, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_proves_no_other_address_and_none_of_an_account_that_is_disabled_or_gone() {
        let moved = User { email: Email::parse("other@example.com").unwrap(), ..a_user() };
        for unit in [
            unit_of(None),
            unit_of(Some(User { is_active: false, ..a_user() })),
            using(unit_of(Some(moved)), true),
            using(unit_of(Some(a_user())), false),
        ] {
            let (result, commits) = verify(token(), unit).await;
            assert!(matches!(result, Err(ApplicationError::InvalidOneTimeToken)), "{result:?}");
            assert_eq!(commits, 0);
        }
    }
}
