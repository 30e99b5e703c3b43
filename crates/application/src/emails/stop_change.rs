use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::Purpose;

use super::Emails;
use crate::ApplicationError;
use crate::even::evenly;
use crate::one_time_tokens::Proof;

impl Emails {
    /// Stops a change of the address, from the address that the account still has: whatever was mailed to the user is
    /// worth nothing any more. Once the change was confirmed there is nothing left to stop.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`], whatever is wrong with the token or the account;
    /// [`ApplicationError::Unavailable`].
    pub async fn stop_change(&self, proof: Proof, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let token = evenly(self.users.passwords.one_time_tokens.prove(Purpose::StopEmailChange, &proof)).await?;
        let (unit, user) = self.begin_with(&token).await?;
        if user.email != token.email {
            return Err(ApplicationError::InvalidOneTimeToken);
        }
        unit.one_time_tokens().void_all(user.id).await?;
        let event = By::Anyone.did(What::EmailChangeStopped { user: user.id }).from_address(address);
        self.users.passwords.journal.commit(unit, event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::units::MockAccountUnit;
    use domain::users::{Email, User};

    use super::*;
    use crate::emails::testing::on;
    use crate::one_time_tokens::testing::{a_token, by_token, using};
    use crate::passwords::testing::Mocks;
    use crate::testing::a_user;

    #[tokio::test(start_paused = true)]
    async fn it_voids_all_that_was_mailed_while_the_address_is_the_accounts() {
        let moved = User { email: Email::parse("other@example.com").unwrap(), ..a_user() };
        for (user, stops) in [(a_user(), 1), (moved, 0)] {
            let token = a_token(Purpose::StopEmailChange);
            let mut mocks = Mocks::default();
            mocks.one_time_tokens = std::mem::take(&mut mocks.one_time_tokens).finding(token.clone());
            let mut unit = MockAccountUnit::default();
            unit.users.expect_find_by_id_for_update().times(1).return_once(|_| Ok(Some(user)));
            let mut unit = using(unit, true);
            unit.one_time_tokens.expect_void_all().times(stops).returning(|_| Ok(2));
            let commits = mocks.units([unit]);
            let emails = on(mocks.build());
            let result = emails.stop_change(by_token(&token), None).await;
            assert_eq!((result.is_ok(), commits.load(Ordering::SeqCst)), (stops == 1, stops));
        }
    }
}
