use domain::attempts::{AttemptKey, AttemptLimit, Attempted, Reservation, Subject};
use domain::mail::{Letter, Locale, MailId, NewMail, QueuedMail};
use domain::one_time_tokens::{NewOneTimeToken, OneTimeToken, OneTimeTokenId, Purpose};
use domain::sessions::Methods;
use domain::units::AccountUnit;
use domain::users::{Email, User, UserId};
use domain::{Nonce, Secret, StoreError};

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

    /// Makes a token that is handed out to somebody who has proven this, in this unit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the user is gone.
    pub(crate) async fn hand_out(
        &self,
        unit: &dyn AccountUnit,
        purpose: Purpose,
        user: &User,
        proven: Methods,
    ) -> Result<Secret, StoreError> {
        let token = self.issue(purpose, Some(user.id), &user.email, Some(proven));
        unit.one_time_tokens().insert(&token).await?;
        Ok(token.token(self.mac.as_ref()))
    }

    fn issue(&self, purpose: Purpose, user_id: Option<UserId>, email: &Email, proven: Option<Methods>) -> OneTimeToken {
        let now = self.clock.now();
        let new = NewOneTimeToken {
            id: OneTimeTokenId::new(self.ids.v7(now)),
            purpose,
            user_id,
            email: email.clone(),
            proven,
            nonce: Nonce::new(self.ids.v4().into_bytes()),
        };
        OneTimeToken::issue(new, now)
    }
}
