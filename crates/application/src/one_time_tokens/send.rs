use domain::attempts::{AttemptKey, AttemptLimit, Attempted, Reservation, Subject};
use domain::mail::{Letter, Locale, MailId, NewMail, QueuedMail};
use domain::one_time_tokens::{NewOneTimeToken, OneTimeToken, OneTimeTokenId, Purpose};
use domain::units::AccountUnit;
use domain::users::{Email, UserId};
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

    /// Whether this address may be sent another mail for `purpose`, which counts as one. Call it before the unit of work.
    /// A caller who gets `false` says the same as if the mail was sent.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn may_send(&self, purpose: Purpose, to: &Email) -> Result<bool, ApplicationError> {
        let key = AttemptKey::new(Attempted::Mail(purpose), Subject::Address(to), None, self.mac.as_ref());
        let reservation = self.attempts.reserve(&key, &AttemptLimit::MAIL, self.clock.now()).await?;
        Ok(reservation == Reservation::Taken)
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
        let new = NewOneTimeToken {
            id: OneTimeTokenId::new(self.ids.v7(now)),
            purpose,
            user_id,
            email: to.clone(),
            nonce: Nonce::new(self.ids.v4().into_bytes()),
        };
        let token = OneTimeToken::issue(new, now);
        unit.one_time_tokens().insert(&token).await?;
        let (to, letter) = (to.clone(), Letter::Token(purpose));
        let new = NewMail { to, locale, letter, token_id: Some(token.id) };
        unit.outbox().insert(&QueuedMail::queue(MailId::new(self.ids.v7(now)), new, now)).await?;
        Ok(token)
    }
}
