use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::Purpose;
use domain::registration::PendingAccount;
use domain::users::{Email, Locale};

use super::Users;
use crate::ApplicationError;

impl Users {
    /// Mails the proof again that a registration with this address waits for, and returns whether there is one. If
    /// there are several, it mails none. None waits where registration is closed.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn mail_registrant_again(
        &self,
        email: &Email,
        locale: Locale,
        address: Option<IpAddr>,
    ) -> Result<bool, ApplicationError> {
        if !self.registration.admits(true) {
            return Ok(false);
        }
        let mails = &self.passwords.one_time_tokens;
        let now = self.passwords.clock.now();
        let latest = mails.tokens.find_latest(Purpose::VerifyEmail, email).await?;
        let Some(waiting) = latest.filter(|token| token.user_id.is_none() && token.is_open(now)) else {
            return Ok(false);
        };
        if !mails.may_send(Purpose::VerifyEmail, email).await? {
            return Ok(true);
        }
        let unit = self.passwords.units.begin().await?;
        // Of several that wait nobody knows which one is the owner's. They register again, with their password.
        if unit.one_time_tokens().lock_for_email(Purpose::VerifyEmail, email).await? > 1 {
            return Ok(true);
        }
        let Some(pending) = unit.pending_accounts().find(waiting.id).await? else { return Ok(false) };
        let locale = pending.profile.locale_or(locale);
        let token = mails.send(unit.as_ref(), Purpose::VerifyEmail, None, email, locale).await?;
        unit.pending_accounts().insert(&PendingAccount { token_id: token.id, ..pending }).await?;
        unit.one_time_tokens().void_for_email(Purpose::VerifyEmail, email, Some(token.id)).await?;
        let event = By::Anyone.did(What::RegistrationRequested { user: None }).from_address(address);
        self.passwords.journal.commit(unit, event).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::attempts::Reservation;
    use domain::one_time_tokens::OneTimeToken;
    use domain::units::MockAccountUnit;
    use domain::users::Profile;

    use super::*;
    use crate::one_time_tokens::testing::a_token;
    use crate::testing::{a_hash, a_user, now};
    use crate::users::testing::Mocks;

    /// Whether somebody waits where this is the token that was mailed last, and how many mails they get.
    async fn again(latest: Option<OneTimeToken>, waiting: u64) -> (bool, usize) {
        let mut mocks = Mocks::default();
        mocks.one_time_tokens.mail_is_off = false;
        mocks.one_time_tokens.tokens.expect_find_latest().times(1).return_once(|_, _| Ok(latest));
        mocks.one_time_tokens.attempts.expect_reserve().returning(|_, _, _| Ok(Reservation::Taken));
        let mut unit = MockAccountUnit::default();
        let pending = PendingAccount {
            token_id: a_token(Purpose::VerifyEmail).id,
            profile: Profile::default(),
            password: a_hash(),
        };
        unit.pending_accounts.expect_find().return_once(|_| Ok(Some(pending)));
        unit.one_time_tokens.expect_insert().withf(|token| token.user_id.is_none()).returning(|_| Ok(()));
        unit.outbox.expect_insert().returning(|_| Ok(()));
        unit.pending_accounts.expect_insert().withf(|it| it.password == a_hash()).returning(|_| Ok(()));
        unit.one_time_tokens.expect_lock_for_email().returning(move |_, _| Ok(waiting));
        unit.one_time_tokens.expect_void_for_email().withf(|_, _, except| except.is_some()).returning(|_, _, _| Ok(1));
        let commits = mocks.units([unit]);
        let waits = mocks.build().mail_registrant_again(&a_user().email, Locale::default(), None).await.unwrap();
        (waits, commits.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_registration_that_waits_is_mailed_again_and_what_is_an_accounts_is_not() {
        let waiting = OneTimeToken { user_id: None, ..a_token(Purpose::VerifyEmail) };
        assert_eq!(again(Some(waiting.clone()), 1).await, (true, 1));
        assert_eq!(again(Some(waiting.clone()), 2).await, (true, 0));
        let expired = OneTimeToken { expires_at: now(), ..waiting.clone() };
        let used = OneTimeToken { used_at: Some(now()), ..waiting };
        for latest in [None, Some(expired), Some(used), Some(a_token(Purpose::VerifyEmail))] {
            assert_eq!(again(latest, 1).await, (false, 0));
        }
    }
}
