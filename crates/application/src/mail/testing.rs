use std::sync::Arc;

use domain::Nonce;
use domain::mail::{Letter, MailId, MockMailer, MockOutboxRepository, NewMail, QueuedMail};
use domain::one_time_tokens::{MockOneTimeTokenRepository, NewOneTimeToken, OneTimeToken, OneTimeTokenId, Purpose};
use domain::users::{Email, Locale};
use uuid::Uuid;

use super::Mail;
use crate::testing::{FakeMac, clock, ids, now};

#[derive(Default)]
pub(super) struct Mocks {
    pub(super) outbox: MockOutboxRepository,
    pub(super) one_time_tokens: MockOneTimeTokenRepository,
    pub(super) mailer: MockMailer,
}

impl Mocks {
    pub(super) fn build(self) -> Mail {
        Mail {
            outbox: Arc::new(self.outbox),
            one_time_tokens: Arc::new(self.one_time_tokens),
            mac: Arc::new(FakeMac),
            mailer: Some(Arc::new(self.mailer)),
            ids: ids(),
            clock: clock(),
            observed: super::Observed::default(),
        }
    }
}

pub(super) fn an_address() -> Email {
    Email::parse("ada@example.com").unwrap()
}

pub(super) fn mail_id(number: u128) -> MailId {
    MailId::new(Uuid::from_u128(number))
}

/// A notice, which has no token.
pub(super) fn a_notice(number: u128) -> QueuedMail {
    let new = NewMail { to: an_address(), locale: Locale::default(), letter: Letter::PasswordChanged, token_id: None };
    QueuedMail::queue(mail_id(number), new, now())
}

pub(super) fn a_token() -> OneTimeToken {
    let (id, nonce) = (OneTimeTokenId::new(Uuid::from_u128(9)), Nonce::new([9; Nonce::LENGTH]));
    OneTimeToken::issue(
        NewOneTimeToken {
            id,
            purpose: Purpose::SignIn,
            user_id: None,
            email: an_address(),
            proven: None,
            epoch: None,
            nonce,
        },
        now(),
    )
}

/// A mail with the link of [`a_token`].
pub(super) fn a_way_in(number: u128) -> QueuedMail {
    QueuedMail { letter: Letter::Token(Purpose::SignIn), token_id: Some(a_token().id), ..a_notice(number) }
}
