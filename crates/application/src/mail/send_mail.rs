use std::error::Error;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::Timestamp;
use domain::mail::{MailError, MailState, Mailer, Outgoing, QueuedMail, Redeem};
use domain::one_time_tokens::OneTimeToken;
use tokio::task::JoinSet;
use tracing::warn;

use super::Mail;
use crate::ApplicationError;

/// Mails that a node sends at a time.
const BATCH: u64 = 4;
/// How long a mail is a node's that took it: longer than a mailer may take for it.
const LEASE: TimeDelta = TimeDelta::minutes(4);
/// Most characters of an error that are kept.
const MAX_ERROR_LENGTH: usize = 500;

/// What came of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Mails that the relay took.
    pub sent: u64,
    /// Mails that are tried again later.
    pub deferred: u64,
    /// Mails that were given up.
    pub dead: u64,
    /// Why the relay could not be used, if it could not. Wait before the next round.
    pub relay_fault: Option<String>,
}

/// What came of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Sent,
    Deferred,
    Dead,
    RelayDown(String),
    /// Its token is worth nothing any more, and neither was the mail.
    Dropped,
}

impl Mail {
    /// Sends what is due, a few at a time, until nothing is left or the relay cannot be used. Nothing is lost when it
    /// is interrupted, or when the node dies: what it had begun is due again for any node when its lease ends, and may
    /// be sent a second time under the same `Message-ID`.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]: mails that were sent in this round may be sent again.
    pub async fn send_due(&self) -> Result<Round, ApplicationError> {
        let mut round = Round::default();
        let Some(mailer) = &self.mailer else { return Ok(round) };
        loop {
            let now = self.clock.now();
            let due = self.outbox.lease(now, now + LEASE, BATCH).await?;
            if due.is_empty() {
                return Ok(round);
            }
            // Tasks of their own, so that one slow mail does not keep the others from being marked.
            let mut sending: JoinSet<_> =
                due.into_iter().map(|mail| self.clone().send(mail, Arc::clone(mailer))).collect();
            while let Some(outcome) = sending.join_next().await {
                round.add(outcome.map_err(|fault| ApplicationError::Internal(fault.into()))??);
            }
            if round.relay_fault.is_some() {
                return Ok(round);
            }
        }
    }

    async fn send(self, mail: QueuedMail, mailer: Arc<dyn Mailer>) -> Result<Outcome, ApplicationError> {
        let token = match mail.token_id {
            Some(id) => self.one_time_tokens.find(id).await?.filter(|token| token.is_open(self.clock.now())).map(Some),
            None => Some(None),
        };
        let Some(token) = token else {
            self.outbox.delete_unsent(mail.id).await?;
            return Ok(Outcome::Dropped);
        };
        let result = mailer.send(&self.outgoing(&mail, token.as_ref())).await;
        let (outcome, mail) = after(mail, result.as_ref().err(), self.clock.now());
        self.outbox.settle(&mail).await?;
        if let MailState::Dead { .. } = mail.state {
            warn!(mail = %mail.id, kind = mail.letter.kind(), error = mail.last_error, "a mail was given up");
        }
        Ok(outcome)
    }

    fn outgoing(&self, mail: &QueuedMail, token: Option<&OneTimeToken>) -> Outgoing {
        Outgoing {
            id: mail.id,
            to: mail.to.clone(),
            locale: mail.locale.clone(),
            letter: mail.letter.clone(),
            written_at: mail.created_at,
            redeem: token.map(|token| Redeem {
                token: token.token(self.mac.as_ref()),
                code: token.code(self.mac.as_ref()),
                expires_at: token.expires_at,
                code_expires_at: token.code_expires_at(),
            }),
        }
    }
}

/// What becomes of a mail after it was tried. What is the relay's fault uses up no attempt of it.
fn after(mail: QueuedMail, fault: Option<&MailError>, now: Timestamp) -> (Outcome, QueuedMail) {
    let mail = QueuedMail { last_error: fault.map(text), ..mail };
    let tried = |state, mail: QueuedMail| QueuedMail { attempts: mail.attempts + 1, state, ..mail };
    match fault {
        None => (Outcome::Sent, tried(MailState::Sent { at: now }, mail)),
        Some(MailError::Refused(_)) => (Outcome::Dead, tried(MailState::Dead { at: now }, mail)),
        Some(MailError::Deferred(_)) => match mail.after_deferral(now) {
            state @ MailState::Dead { .. } => (Outcome::Dead, tried(state, mail)),
            state => (Outcome::Deferred, tried(state, mail)),
        },
        Some(fault @ MailError::Relay(_)) => {
            let is_too_old = now - mail.created_at >= QueuedMail::PATIENCE;
            let state = if is_too_old { MailState::Dead { at: now } } else { MailState::Pending { due_at: now } };
            (Outcome::RelayDown(text(fault)), QueuedMail { state, ..mail })
        }
    }
}

/// The error with its sources, fit to be stored and shown.
fn text(fault: &MailError) -> String {
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_ERROR_LENGTH).collect()
}

impl Round {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Sent => self.sent += 1,
            Outcome::Deferred => self.deferred += 1,
            Outcome::Dead => self.dead += 1,
            Outcome::RelayDown(fault) => self.relay_fault = Some(fault),
            Outcome::Dropped => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::StoreError;

    use super::*;
    use crate::mail::testing::{Mocks, a_notice, a_token, a_way_in};
    use crate::testing::now;

    /// These are due, and nothing after.
    fn due(mut mails: Vec<QueuedMail>) -> Mocks {
        let mut mocks = Mocks::default();
        let is_asked =
            |at: &Timestamp, until: &Timestamp, limit: &u64| (*at, *until, *limit) == (now(), now() + LEASE, BATCH);
        let lease = move |_, _, _| Ok(std::mem::take(&mut mails));
        mocks.outbox.expect_lease().withf(is_asked).times(1..=2).returning(lease);
        mocks
    }

    /// What is written of one mail that the mailer does this with, and the round.
    async fn settled(mail: QueuedMail, result: Result<(), MailError>) -> (QueuedMail, Round) {
        let mut mocks = due(vec![mail]);
        mocks.mailer.expect_send().times(1).return_once(|_| result);
        let (sender, receiver) = std::sync::mpsc::channel();
        mocks.outbox.expect_settle().times(1).returning(move |mail| {
            sender.send(mail.clone()).unwrap();
            Ok(true)
        });
        let round = mocks.build().send_due().await.unwrap();
        (receiver.recv().unwrap(), round)
    }

    fn fault(make: impl FnOnce(domain::Source) -> MailError) -> Result<(), MailError> {
        Err(make("451 later\r\nand so on".into()))
    }

    #[tokio::test]
    async fn what_is_sent_is_marked() {
        let (mail, round) = settled(a_notice(1), Ok(())).await;
        assert_eq!(mail, QueuedMail { attempts: 1, state: MailState::Sent { at: now() }, ..a_notice(1) });
        assert_eq!(round, Round { sent: 1, ..Round::default() });
    }

    #[tokio::test]
    async fn what_is_refused_is_given_up_with_the_relays_words() {
        let (mail, round) = settled(a_notice(1), fault(MailError::Refused)).await;
        assert_eq!((mail.attempts, mail.state), (1, MailState::Dead { at: now() }));
        assert_eq!(mail.last_error.as_deref(), Some("the relay refused the mail: 451 later  and so on"));
        assert_eq!(round, Round { dead: 1, ..Round::default() });
    }

    #[tokio::test]
    async fn what_is_deferred_is_tried_again_for_a_day() {
        let waiting = QueuedMail { attempts: 2, ..a_notice(1) };
        let (mail, round) = settled(waiting, fault(MailError::Deferred)).await;
        let due_at = now() + TimeDelta::seconds(4);
        assert_eq!((mail.attempts, mail.state), (3, MailState::Pending { due_at }));
        assert_eq!(round, Round { deferred: 1, ..Round::default() });
        let old = QueuedMail { created_at: now() - QueuedMail::PATIENCE, ..a_notice(1) };
        let (mail, round) = settled(old, fault(MailError::Deferred)).await;
        assert_eq!((mail.state, round.dead), (MailState::Dead { at: now() }, 1));
    }

    #[tokio::test]
    async fn what_is_the_relays_fault_uses_up_no_attempt_and_ends_the_round() {
        let (mail, round) = settled(a_notice(1), fault(MailError::Relay)).await;
        assert_eq!((mail.attempts, mail.state), (0, MailState::Pending { due_at: now() }));
        assert_eq!(round, Round { relay_fault: mail.last_error, ..Round::default() });
        let old = QueuedMail { created_at: now() - QueuedMail::PATIENCE, ..a_notice(1) };
        assert_eq!(settled(old, fault(MailError::Relay)).await.0.state, MailState::Dead { at: now() });
    }

    #[tokio::test]
    async fn link_and_code_come_from_the_token_when_the_mail_is_sent() {
        let mut mocks = due(vec![a_way_in(1)]);
        mocks.one_time_tokens.expect_find().times(1).returning(|_| Ok(Some(a_token())));
        mocks.mailer.expect_send().times(1).returning(|mail| {
            let redeem = mail.redeem.as_ref().unwrap();
            assert_eq!(redeem.token.expose(), a_token().token(&crate::testing::FakeMac).expose());
            assert_eq!(redeem.code.expose(), a_token().code(&crate::testing::FakeMac).expose());
            Ok(())
        });
        mocks.outbox.expect_settle().times(1).returning(|_| Ok(true));
        assert_eq!(mocks.build().send_due().await.unwrap().sent, 1);
    }

    #[tokio::test]
    async fn a_mail_whose_token_is_worth_nothing_is_dropped() {
        let used = OneTimeToken { used_at: Some(now()), ..a_token() };
        let expired = OneTimeToken { expires_at: now(), ..a_token() };
        for token in [None, Some(used), Some(expired)] {
            let mut mocks = due(vec![a_way_in(1)]);
            mocks.one_time_tokens.expect_find().times(1).return_once(|_| Ok(token));
            mocks.outbox.expect_delete_unsent().times(1).returning(|_| Ok(true));
            assert_eq!(mocks.build().send_due().await.unwrap(), Round::default());
        }
    }

    #[tokio::test]
    async fn a_mail_that_fails_stops_no_others() {
        let mut mocks = due(vec![a_notice(1), a_notice(2), a_notice(3)]);
        mocks.mailer.expect_send().times(3).returning(|mail| match mail.id.as_uuid().as_u128() {
            2 => fault(MailError::Refused),
            _ => Ok(()),
        });
        mocks.outbox.expect_settle().times(3).returning(|_| Ok(true));
        assert_eq!(mocks.build().send_due().await.unwrap(), Round { sent: 2, dead: 1, ..Round::default() });
    }

    #[tokio::test]
    async fn a_database_that_is_down_ends_the_round() {
        let mut mocks = Mocks::default();
        mocks.outbox.expect_lease().times(1).returning(|_, _, _| Err(StoreError::Unavailable("it is down".into())));
        assert!(matches!(mocks.build().send_due().await, Err(ApplicationError::Unavailable(_))));
    }
}
