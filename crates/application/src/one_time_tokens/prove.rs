use domain::attempts::{AttemptKey, AttemptLimit, Attempted, Reservation, Subject};
use domain::one_time_tokens::{MailedCode, OneTimeToken, PresentedOneTimeToken, Purpose};
use domain::units::AccountUnit;
use domain::users::Email;
use domain::{Secret, Timestamp};

use super::OneTimeTokens;
use crate::ApplicationError;

/// How somebody proves that a mail reached them.
#[derive(Clone, Debug)]
pub enum Proof {
    /// By the token of its link.
    Token(Secret),
    /// By its code, which they typed.
    Code {
        /// The address that it was mailed to.
        email: Email,
        /// What they typed.
        code: MailedCode,
    },
}

impl OneTimeTokens {
    /// The token that somebody proves to hold, while it is good. It is not used yet: [`consume`] it in the unit of
    /// work.
    ///
    /// A code counts against the budget of its address and purpose before it is compared, whether or not there is
    /// anything to compare it with. Asking for another mail does not refill the budget, and the link is good whatever
    /// strangers try.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`], of a challenge [`ApplicationError::InvalidChallenge`], whatever is
    /// wrong; [`ApplicationError::Unavailable`].
    pub(crate) async fn prove(&self, purpose: Purpose, proof: &Proof) -> Result<OneTimeToken, ApplicationError> {
        let found = match proof {
            Proof::Token(text) => self.by_token(purpose, text).await?,
            Proof::Code { email, code } => self.by_code(purpose, email, code).await?,
        };
        found.ok_or_else(|| invalid(purpose))
    }

    async fn by_token(&self, purpose: Purpose, text: &Secret) -> Result<Option<OneTimeToken>, ApplicationError> {
        let Some(presented) = PresentedOneTimeToken::parse(purpose, text.expose()) else { return Ok(None) };
        let found = self.tokens.find(presented.id).await?;
        let is_good = |token: &OneTimeToken| {
            token.purpose == purpose
                && presented.is_genuine(token, self.mac.as_ref())
                && token.is_open(self.clock.now())
        };
        Ok(found.filter(is_good))
    }

    async fn by_code(
        &self,
        purpose: Purpose,
        email: &Email,
        code: &MailedCode,
    ) -> Result<Option<OneTimeToken>, ApplicationError> {
        let latest = self.tokens.find_latest(purpose, email).await?;
        // An address that got no mail shares its budget with others, so that invented ones do not fill the table.
        let subject = match &latest {
            Some(_) => Subject::Address(email),
            None => Subject::Unknown(email.key()),
        };
        let (mac, now) = (self.mac.as_ref(), self.clock.now());
        let key = AttemptKey::new(Attempted::MailedCode(purpose), subject, None, mac);
        if self.attempts.reserve(&key, &AttemptLimit::CODE, now).await? != Reservation::Taken {
            return Ok(None);
        }
        let found = latest.filter(|token| token.is_open_for_code(now) && code.is_genuine(token, mac));
        if found.is_some() {
            self.attempts.forget(&key).await?;
        }
        Ok(found)
    }
}

/// Uses a token, in this unit. Of many who try at once one does.
///
/// # Errors
/// [`ApplicationError::InvalidOneTimeToken`], of a challenge [`ApplicationError::InvalidChallenge`], when it was used
/// or has expired meanwhile.
pub(crate) async fn consume(
    unit: &dyn AccountUnit,
    token: &OneTimeToken,
    now: Timestamp,
) -> Result<(), ApplicationError> {
    if unit.one_time_tokens().consume(token.id, now).await? { Ok(()) } else { Err(invalid(token.purpose)) }
}

/// That a token of this purpose is not good: somebody who never got a mail is not told of one.
const fn invalid(purpose: Purpose) -> ApplicationError {
    match purpose {
        Purpose::SecondFactor => ApplicationError::InvalidChallenge,
        _ => ApplicationError::InvalidOneTimeToken,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::one_time_tokens::NewOneTimeToken;

    use super::*;
    use crate::one_time_tokens::testing::{Mocks, a_token, by_code, by_token, by_wrong_code};
    use crate::testing::{FakeMac, now};

    const PURPOSE: Purpose = Purpose::ResetPassword;

    fn is_invalid<T>(result: &Result<T, ApplicationError>) -> bool {
        matches!(result, Err(ApplicationError::InvalidOneTimeToken))
    }

    /// What is proven by the link of this token where this one is stored.
    async fn link(sent: &OneTimeToken, stored: OneTimeToken) -> Result<OneTimeToken, ApplicationError> {
        Mocks::default().finding(stored).build().prove(PURPOSE, &by_token(sent)).await
    }

    /// What is proven by a code where this token was mailed last, and an attempt is taken or not.
    async fn code(
        proof: Proof,
        latest: Option<OneTimeToken>,
        reservation: Reservation,
    ) -> Result<OneTimeToken, ApplicationError> {
        let mut mocks = Mocks::default().reserving(reservation);
        mocks.tokens.expect_find_latest().times(1).return_once(|_, _| Ok(latest));
        mocks.attempts.expect_forget().times(..=1).returning(|_| Ok(true));
        mocks.build().prove(PURPOSE, &proof).await
    }

    #[tokio::test]
    async fn a_link_proves_its_token() {
        assert_eq!(link(&a_token(PURPOSE), a_token(PURPOSE)).await.unwrap(), a_token(PURPOSE));
    }

    #[tokio::test]
    async fn a_link_that_is_not_good_is_refused_in_the_same_way_whatever_is_wrong() {
        let sent = a_token(PURPOSE);
        for stored in [
            OneTimeToken { used_at: Some(now()), ..sent.clone() },
            OneTimeToken { expires_at: now(), ..sent.clone() },
            OneTimeToken { nonce: domain::Nonce::new([8; 16]), ..sent.clone() },
            a_token(Purpose::SignIn),
        ] {
            assert!(is_invalid(&link(&sent, stored).await));
        }
        let mut mocks = Mocks::default();
        mocks.tokens.expect_find().return_once(|_| Ok(None));
        assert!(is_invalid(&mocks.build().prove(PURPOSE, &by_token(&sent)).await));
        // Neither is looked for.
        for text in [a_token(Purpose::SignIn).token(&FakeMac), Secret::new("hxp_".to_owned())] {
            assert!(is_invalid(&Mocks::default().build().prove(PURPOSE, &Proof::Token(text)).await));
        }
    }

    #[tokio::test]
    async fn a_code_proves_the_token_that_was_mailed_last() {
        let token = a_token(PURPOSE);
        assert_eq!(code(by_code(&token), Some(token.clone()), Reservation::Taken).await.unwrap(), token);
        let new = NewOneTimeToken {
            id: token.id,
            nonce: domain::Nonce::new([8; 16]),
            purpose: PURPOSE,
            user_id: None,
            proven: None,
            epoch: None,
            email: token.email.clone(),
        };
        let later = OneTimeToken::issue(new, now());
        assert!(is_invalid(&code(by_code(&token), Some(later), Reservation::Taken).await));
    }

    #[tokio::test]
    async fn a_code_that_is_not_good_is_refused_in_the_same_way_whatever_is_wrong() {
        let token = a_token(PURPOSE);
        let old = OneTimeToken { created_at: now() - TimeDelta::minutes(10), ..token.clone() };
        let used = OneTimeToken { used_at: Some(now()), ..token.clone() };
        let refused = Reservation::Refused { free_at: now() };
        for (proof, latest, reservation) in [
            (by_wrong_code(), Some(token.clone()), Reservation::Taken),
            (by_code(&token), None, Reservation::Taken),
            (by_code(&token), Some(old), Reservation::Taken),
            (by_code(&token), Some(used), Reservation::Taken),
            // The right one, after too many.
            (by_code(&token), Some(token.clone()), refused),
        ] {
            assert!(is_invalid(&code(proof, latest, reservation).await));
        }
    }
}
