use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::Purpose;
use domain::users::{Email, Locale};

use super::Passwords;
use crate::ApplicationError;
use crate::even::evenly;

impl Passwords {
    /// Mails a link and a code to the owner of this address, by which they choose a new password. Nobody else learns
    /// whether there is one: it takes the same time and says the same, and so it does when there were too many mails.
    ///
    /// # Errors
    /// [`ApplicationError::MailIsOff`], [`ApplicationError::Unavailable`].
    pub async fn request_reset(
        &self,
        email: &Email,
        locale: Locale,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        self.one_time_tokens.require_mail()?;
        evenly(self.mail_reset(email, locale, address)).await
    }

    async fn mail_reset(&self, email: &Email, locale: Locale, address: Option<IpAddr>) -> Result<(), ApplicationError> {
        let Some(user) = self.users.find_by_email(email).await?.filter(|user| user.is_active) else { return Ok(()) };
        if !self.one_time_tokens.may_send(Purpose::ResetPassword, &user.email).await? {
            return Ok(());
        }
        let locale = user.profile.locale_or(locale);
        let unit = self.units.begin().await?;
        self.one_time_tokens.send(unit.as_ref(), Purpose::ResetPassword, Some(user.id), &user.email, locale).await?;
        let event = By::Anyone.did(What::PasswordResetRequested { user: user.id }).from_address(address);
        self.journal.commit(unit, event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use chrono::TimeDelta;
    use domain::attempts::Reservation;
    use domain::mail::Letter;
    use domain::one_time_tokens::OneTimeToken;
    use domain::units::MockAccountUnit;
    use domain::users::User;
    use tokio::time::Instant;

    use super::*;
    use crate::one_time_tokens::testing as one_time_tokens;
    use crate::passwords::testing::Mocks;
    use crate::testing::{a_user, now};

    /// This account has the address, and so many mails are sent.
    async fn request(user: Option<User>, reservation: Option<Reservation>, mails: usize) {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_email().times(1).return_once(|_| Ok(user));
        if let Some(reservation) = reservation {
            mocks.one_time_tokens = one_time_tokens::Mocks::default().reserving(reservation);
        }
        let mut unit = MockAccountUnit::default();
        let is_theirs = |token: &OneTimeToken| {
            (token.user_id, &token.email, token.purpose) == (Some(a_user().id), &a_user().email, Purpose::ResetPassword)
                && token.expires_at == now() + TimeDelta::hours(1)
        };
        unit.one_time_tokens.expect_insert().withf(is_theirs).times(mails).returning(|_| Ok(()));
        unit.outbox
            .expect_insert()
            .withf(|mail| mail.letter == Letter::Token(Purpose::ResetPassword) && mail.to == a_user().email)
            .times(mails)
            .returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        let (passwords, begin) = (mocks.build(), Instant::now());
        passwords.request_reset(&a_user().email, Locale::default(), None).await.unwrap();
        assert_eq!((commits.load(Ordering::SeqCst), begin.elapsed().as_millis()), (mails, 250));
    }

    #[tokio::test(start_paused = true)]
    async fn the_owner_of_an_address_gets_a_mail_and_nobody_can_tell_by_the_time() {
        request(Some(a_user()), Some(Reservation::Taken), 1).await;
        request(Some(a_user()), Some(Reservation::Refused { free_at: now() }), 0).await;
        request(Some(User { is_active: false, ..a_user() }), None, 0).await;
        request(None, None, 0).await;
    }

    #[tokio::test]
    async fn without_mail_it_is_refused_for_all_alike() {
        let one_time_tokens = one_time_tokens::Mocks { mail_is_off: true, ..Default::default() };
        let passwords = Mocks { one_time_tokens, ..Mocks::default() }.build();
        let result = passwords.request_reset(&a_user().email, Locale::default(), None).await;
        assert!(matches!(result, Err(ApplicationError::MailIsOff)));
    }
}
