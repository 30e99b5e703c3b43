use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::Purpose;
use domain::users::{Email, Locale};

use super::Emails;
use crate::ApplicationError;
use crate::even::evenly;

impl Emails {
    /// Mails another link and code to the owner of an address that was not proven yet, by which they prove it, or
    /// finish the registration that waits for that. Nobody else learns whether there is an account with it: it takes
    /// the same time and says the same, and so it does when there were too many mails.
    ///
    /// # Errors
    /// [`ApplicationError::MailIsOff`], [`ApplicationError::Unavailable`].
    pub async fn resend_verification(
        &self,
        email: &Email,
        locale: Locale,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        self.users.passwords.one_time_tokens.require_mail()?;
        evenly(self.mail_verification(email, locale, address)).await
    }

    async fn mail_verification(
        &self,
        email: &Email,
        locale: Locale,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        let tokens = &self.users.passwords.one_time_tokens;
        let found = self.users.passwords.users.find_by_email(email).await?;
        if found.as_ref().is_some_and(|user| !user.is_active || user.email_verified) {
            return Ok(());
        }
        // Whoever registered with the address comes before an account that was made with it without proof.
        if self.users.mail_registrant_again(email, locale.clone(), address).await? {
            return Ok(());
        }
        let Some(user) = found else { return Ok(()) };
        if !tokens.may_send(Purpose::VerifyEmail, &user.email).await? {
            return Ok(());
        }
        let locale = user.profile.locale_or(locale);
        let unit = self.users.passwords.units.begin().await?;
        tokens.send(unit.as_ref(), Purpose::VerifyEmail, Some(user.id), &user.email, locale).await?;
        let event = By::Anyone.did(What::EmailVerificationRequested { user: user.id }).from_address(address);
        self.users.passwords.journal.commit(unit, event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::attempts::Reservation;
    use domain::mail::Letter;
    use domain::units::MockAccountUnit;
    use domain::users::{Profile, User};
    use tokio::time::Instant;

    use super::*;
    use crate::emails::testing::on;
    use crate::one_time_tokens::testing as one_time_tokens;
    use crate::passwords::testing::Mocks;
    use crate::testing::{a_user, now};

    /// This account has the address, and so many mails are sent.
    async fn resend(user: Option<User>, reservation: Option<Reservation>, mails: usize) {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_email().times(1).return_once(|_| Ok(user));
        if let Some(reservation) = reservation {
            mocks.one_time_tokens = one_time_tokens::Mocks::default().reserving(reservation);
        }
        // No registration waits.
        mocks.one_time_tokens.tokens.expect_find_latest().returning(|_, _| Ok(None));
        let mut unit = MockAccountUnit::default();
        unit.one_time_tokens.expect_insert().times(mails).returning(|_| Ok(()));
        unit.outbox
            .expect_insert()
            .withf(|mail| mail.letter == Letter::Token(Purpose::VerifyEmail) && mail.locale.as_str() == "de")
            .times(mails)
            .returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        let (emails, begin) = (on(mocks.build()), Instant::now());
        emails.resend_verification(&a_user().email, Locale::default(), None).await.unwrap();
        assert_eq!((commits.load(Ordering::SeqCst), begin.elapsed().as_millis()), (mails, 250));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_not_proven_the_address_gets_a_mail_and_nobody_can_tell_by_the_time() {
        let profile = Profile { locale: Locale::parse("de").ok(), ..Profile::default() };
        let user = User { email_verified: false, profile, ..a_user() };
        resend(Some(user.clone()), Some(Reservation::Taken), 1).await;
        resend(Some(user.clone()), Some(Reservation::Refused { free_at: now() }), 0).await;
        resend(Some(User { is_active: false, ..user }), None, 0).await;
        resend(Some(a_user()), None, 0).await;
        resend(None, None, 0).await;
    }
}
