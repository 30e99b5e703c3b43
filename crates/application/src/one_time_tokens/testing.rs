use std::sync::Arc;

use domain::Nonce;
use domain::attempts::{MockAttemptRepository, Reservation};
use domain::one_time_tokens::{
    MailedCode, MockOneTimeTokenRepository, NewOneTimeToken, OneTimeToken, OneTimeTokenId, Purpose,
};
use domain::units::MockAccountUnit;
use uuid::Uuid;

use super::{OneTimeTokens, Proof};
use crate::testing::{FakeMac, a_user, clock, ids, now};

#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) tokens: MockOneTimeTokenRepository,
    pub(crate) attempts: MockAttemptRepository,
    pub(crate) mail_is_off: bool,
}

impl Mocks {
    /// An attempt is made, perhaps under two limits: this becomes of it.
    pub(crate) fn reserving(mut self, reservation: Reservation) -> Self {
        self.attempts.expect_reserve().times(1..=2).returning(move |_, _, _| Ok(reservation));
        self
    }

    /// This token is looked for.
    pub(crate) fn finding(mut self, token: OneTimeToken) -> Self {
        self.tokens.expect_find().times(1).return_once(|_| Ok(Some(token)));
        self
    }

    pub(crate) fn build(self) -> OneTimeTokens {
        OneTimeTokens {
            tokens: Arc::new(self.tokens),
            attempts: Arc::new(self.attempts),
            mac: Arc::new(FakeMac),
            ids: ids(),
            clock: clock(),
            sends_mail: !self.mail_is_off,
        }
    }
}

/// A token that was mailed to [`a_user`] just now.
pub(crate) fn a_token(purpose: Purpose) -> OneTimeToken {
    let (id, nonce) = (OneTimeTokenId::new(Uuid::from_u128(9)), Nonce::new([9; Nonce::LENGTH]));
    let (user_id, email) = (Some(a_user().id), a_user().email);
    OneTimeToken::issue(NewOneTimeToken { id, purpose, user_id, email, proven: None, epoch: None, nonce }, now())
}

pub(crate) fn by_token(token: &OneTimeToken) -> Proof {
    Proof::Token(token.token(&FakeMac))
}

pub(crate) fn by_code(token: &OneTimeToken) -> Proof {
    Proof::Code { email: token.email.clone(), code: MailedCode::parse(token.code(&FakeMac).expose()).unwrap() }
}

pub(crate) fn by_wrong_code() -> Proof {
    Proof::Code { email: a_user().email, code: MailedCode::parse("2222-2222").unwrap() }
}

/// A unit that uses [`a_token`], or finds that another has.
pub(crate) fn using(mut unit: MockAccountUnit, is_first: bool) -> MockAccountUnit {
    let id = OneTimeTokenId::new(Uuid::from_u128(9));
    unit.one_time_tokens
        .expect_consume()
        .withf(move |it, at| (*it, *at) == (id, now()))
        .times(1)
        .returning(move |_, _| Ok(is_first));
    unit
}
