use domain::attempts::{AttemptKey, AttemptLimit, AttemptRepository, Attempted, Reservation, Subject};
use domain::mail::{Letter, MailId, NewMail, QueuedMail};
use domain::one_time_tokens::{NewOneTimeToken, OneTimeToken, OneTimeTokenId, Purpose};
use domain::sessions::Methods;
use domain::units::AccountUnit;
use domain::users::{Email, Epoch, Locale, User, UserId};
use domain::{Nonce, StoreError};

use super::OneTimeTokens;
use crate::ApplicationError;

impl OneTimeTokens {
    /// Refuses what ends in a mail, where this service sends none.
    ///
    /// # Errors
    /// [`ApplicationError::MailIsOff`].
    pub(crate) fn require_mail(&self) -> Result<(), ApplicationError> {
        if self.sends_mail { Ok(()) } else { Err(ApplicationError::MailIsOff) }
    }

    /// Whether this address may be sent another mail for `purpose`, which counts as one, and together with those for
    /// other purposes. Call it before the unit of work. A caller who gets `false` says the same as if the mail was
    /// sent. Notices do not count, and are never left out for the sake of these mails.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn may_send(&self, purpose: Purpose, to: &Email) -> Result<bool, StoreError> {
        self.reserve_mail(self.attempts.as_ref(), purpose, to).await
    }

    /// The same in this unit, so that an act that is refused counts no mail: nobody uses up by such acts what the owner
    /// of an address may be sent. Call it after the user was written or locked, so that two units wait for each other
    /// in the same order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn may_send_in(
        &self,
        unit: &dyn AccountUnit,
        purpose: Purpose,
        to: &Email,
    ) -> Result<bool, StoreError> {
        self.reserve_mail(unit.attempts(), purpose, to).await
    }

    async fn reserve_mail(
        &self,
        attempts: &dyn AttemptRepository,
        purpose: Purpose,
        to: &Email,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let key = |attempted| AttemptKey::new(attempted, Subject::Address(to), None, self.mac.as_ref());
        let (one, any) = (key(Attempted::Mail(purpose)), key(Attempted::AnyMail));
        if attempts.reserve(&one, &AttemptLimit::MAIL, now).await? != Reservation::Taken {
            return Ok(false);
        }
        if attempts.reserve(&any, &AttemptLimit::ANY_MAIL, now).await? != Reservation::Taken {
            attempts.give_back(&one).await?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Whether this account may ask for another mail for `purpose`, to whatever address, which counts as one: addresses
    /// that somebody invents must not be mailed without end, nor use up what these may be sent.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn may_cause(&self, purpose: Purpose, account: UserId) -> Result<bool, ApplicationError> {
        let key = AttemptKey::new(Attempted::Mail(purpose), Subject::User(account), None, self.mac.as_ref());
        let limit = &AttemptLimit::MAILS_OF_AN_ACCOUNT;
        Ok(self.attempts.reserve(&key, limit, self.clock.now()).await? == Reservation::Taken)
    }

    /// Makes a token and the mail with it, in this unit. The mail goes out once the unit is committed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the user is gone.
    pub(crate) async fn send(
        &self,
        unit: &dyn AccountUnit,
        purpose: Purpose,
        user_id: Option<UserId>,
        to: &Email,
        locale: Locale,
    ) -> Result<OneTimeToken, StoreError> {
        let now = self.clock.now();
        let token = self.issue(purpose, user_id, to, None);
        unit.one_time_tokens().insert(&token).await?;
        let (to, letter) = (to.clone(), Letter::Token(purpose));
        let new = NewMail { to, locale, letter, token_id: Some(token.id) };
        unit.outbox().insert(&QueuedMail::queue(MailId::new(self.ids.v7(now)), new, now)).await?;
        Ok(token)
    }

    /// Makes a token that is handed out to somebody who has proven this of the account as it is here, in this unit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the user is gone.
    pub(crate) async fn hand_out(
        &self,
        unit: &dyn AccountUnit,
        purpose: Purpose,
        user: &User,
        proven: Methods,
    ) -> Result<OneTimeToken, StoreError> {
        let token = self.issue(purpose, Some(user.id), &user.email, Some((proven, user.epoch)));
        unit.one_time_tokens().insert(&token).await?;
        Ok(token)
    }

    fn issue(
        &self,
        purpose: Purpose,
        user_id: Option<UserId>,
        email: &Email,
        proven: Option<(Methods, Epoch)>,
    ) -> OneTimeToken {
        let (proven, epoch) = proven.unzip();
        let now = self.clock.now();
        let new = NewOneTimeToken {
            id: OneTimeTokenId::new(self.ids.v7(now)),
            purpose,
            user_id,
            email: email.clone(),
            proven,
            epoch,
            nonce: Nonce::new(self.ids.v4().into_bytes()),
        };
        OneTimeToken::issue(new, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::one_time_tokens::testing::Mocks;
    use crate::testing::{a_user, now};

    /// Whether a mail may be sent where these limits are used up.
    async fn may_send(used_up: &'static [AttemptLimit]) -> bool {
        let mut mocks = Mocks::default();
        mocks.attempts.expect_reserve().returning(move |_, limit, _| {
            let is_refused = used_up.contains(limit);
            Ok(if is_refused { Reservation::Refused { free_at: now() } } else { Reservation::Taken })
        });
        let given_back = usize::from(used_up == [AttemptLimit::ANY_MAIL]);
        mocks.attempts.expect_give_back().times(given_back).returning(|_| Ok(()));
        mocks.build().may_send(Purpose::ResetPassword, &a_user().email).await.unwrap()
    }

    #[tokio::test]
    async fn an_address_is_sent_no_more_of_one_kind_and_of_all_than_the_limits_allow() {
        assert!(may_send(&[]).await);
        assert!(!may_send(&[AttemptLimit::MAIL]).await);
        assert!(!may_send(&[AttemptLimit::ANY_MAIL]).await);
    }
}
