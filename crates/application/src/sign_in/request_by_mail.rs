use std::net::IpAddr;

use domain::events::{By, What};
use domain::one_time_tokens::Purpose;
use domain::users::{Email, Locale, UserIdentifier};

use super::SignIn;
use crate::ApplicationError;
use crate::even::evenly;

impl SignIn {
    /// Mails the owner of this address a way in. Nobody else learns whether there is an account: it takes the same time
    /// and says the same, and so it does when there were too many mails. It makes no account.
    ///
    /// # Errors
    /// [`ApplicationError::EmailSignInOff`], [`ApplicationError::MailIsOff`], [`ApplicationError::Unavailable`].
    pub async fn request_by_mail(
        &self,
        email: &Email,
        locale: Locale,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        self.require_email_sign_in()?;
        self.one_time_tokens.require_mail()?;
        evenly(self.mail_sign_in(email, locale, address)).await
    }

    pub(super) fn require_email_sign_in(&self) -> Result<(), ApplicationError> {
        if self.email_sign_in { Ok(()) } else { Err(ApplicationError::EmailSignInOff) }
    }

    async fn mail_sign_in(
        &self,
        email: &Email,
        locale: Locale,
        address: Option<IpAddr>,
    ) -> Result<(), ApplicationError> {
        let found = self.passwords.find_with_user(&UserIdentifier::Email(email.clone())).await?;
        let Some((user, _)) = found.filter(|(user, _)| user.is_active) else { return Ok(()) };
        if !self.one_time_tokens.may_send(Purpose::SignIn, &user.email).await? {
            return Ok(());
        }
        let locale = user.profile.locale_or(locale);
        let unit = self.units.begin().await?;
        self.one_time_tokens.send(unit.as_ref(), Purpose::SignIn, Some(user.id), &user.email, locale).await?;
        let event = By::Anyone.did(What::LoginRequested { user: user.id }).from_address(address);
        self.journal.commit(unit, event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::attempts::Reservation;
    use domain::units::MockAccountUnit;
    use domain::users::User;
    use tokio::time::Instant;

    use super::*;
    use crate::one_time_tokens::testing as one_time_tokens;
    use crate::sign_in::testing::Mocks;
    use crate::testing::{a_user, now};

    /// This account has the address, and so many mails are sent.
    async fn request(user: Option<User>, reservation: Option<Reservation>, mails: usize) {
        let mut mocks = Mocks::default();
        mocks.passwords.expect_find_with_user().times(1).return_once(|_| Ok(user.map(|user| (user, None))));
        if let Some(reservation) = reservation {
            mocks.one_time_tokens = one_time_tokens::Mocks::default().reserving(reservation);
        }
        let mut unit = MockAccountUnit::default();
        unit.one_time_tokens
            .expect_insert()
            .withf(|token| (token.purpose, token.user_id) == (Purpose::SignIn, Some(a_user().id)))
            .times(mails)
            .returning(|_| Ok(()));
        unit.outbox.expect_insert().withf(|mail| mail.to == a_user().email).times(mails).returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        let (sign_in, begin) = (mocks.build(), Instant::now());
        sign_in.request_by_mail(&a_user().email, Locale::default(), None).await.unwrap();
        assert_eq!((commits.load(Ordering::SeqCst), begin.elapsed().as_millis()), (mails, 250));
    }

    #[tokio::test(start_paused = true)]
    async fn the_owner_of_an_address_gets_a_mail_and_nobody_can_tell_by_the_time() {
        request(Some(a_user()), Some(Reservation::Taken), 1).await;
        request(Some(User { email_verified: false, ..a_user() }), Some(Reservation::Taken), 1).await;
        request(Some(a_user()), Some(Reservation::Refused { free_at: now() }), 0).await;
        request(Some(User { is_active: false, ..a_user() }), None, 0).await;
        request(None, None, 0).await;
    }

    #[tokio::test]
    async fn where_it_is_off_or_no_mail_is_sent_it_is_refused_for_all_alike() {
        let off = SignIn { email_sign_in: false, ..Mocks::default().build() };
        let result = off.request_by_mail(&a_user().email, Locale::default(), None).await;
        assert!(matches!(result, Err(ApplicationError::EmailSignInOff)));
        let one_time_tokens = one_time_tokens::Mocks { mail_is_off: true, ..Default::default() };
        let unmailed = Mocks { one_time_tokens, ..Mocks::default() }.build();
        let result = unmailed.request_by_mail(&a_user().email, Locale::default(), None).await;
        assert!(matches!(result, Err(ApplicationError::MailIsOff)));
    }
}
