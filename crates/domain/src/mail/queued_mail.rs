use chrono::TimeDelta;

use super::{Letter, MailId};
use crate::Timestamp;
use crate::one_time_tokens::OneTimeTokenId;
use crate::users::{Email, Locale};

/// A mail in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMail {
    /// Never changes. A UUID version 7 of `created_at`.
    pub id: MailId,
    /// Who gets it.
    pub to: Email,
    /// In which language.
    pub locale: Locale,
    /// What it says.
    pub letter: Letter,
    /// The token whose link and code are in it, if any are.
    pub token_id: Option<OneTimeTokenId>,
    /// When it was written.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What the relay said the last time.
    pub last_error: Option<String>,
    /// Where it is on its way.
    pub state: MailState,
}

/// What it takes to write one.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Who gets it.
    pub to: Email,
    /// In which language.
    pub locale: Locale,
    /// What it says.
    pub letter: Letter,
    /// The token whose link and code are in it, if any are.
    pub token_id: Option<OneTimeTokenId>,
}

/// Where a mail is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It waits to be sent.
    Pending {
        /// Not before then. A node that takes it to send it moves this to where its lease ends.
        due_at: Timestamp,
    },
    /// The relay took it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It was given up.
    Dead {
        /// When.
        at: Timestamp,
    },
}

impl QueuedMail {
    /// A mail that the relay did not take for this long is given up.
    pub const PATIENCE: TimeDelta = TimeDelta::hours(24);
    /// The first wait between two attempts. Each further one is twice as long.
    const FIRST_DELAY: TimeDelta = TimeDelta::seconds(1);
    /// The longest wait.
    const MAX_DELAY: TimeDelta = TimeDelta::hours(1);

    /// Makes one that is due at once.
    pub fn queue(id: MailId, new: NewMail, now: Timestamp) -> Self {
        let NewMail { to, locale, letter, token_id } = new;
        let state = MailState::Pending { due_at: now };
        Self { id, to, locale, letter, token_id, created_at: now, attempts: 0, last_error: None, state }
    }

    /// What becomes of it after the relay refused it for now.
    pub fn after_deferral(&self, now: Timestamp) -> MailState {
        if now - self.created_at >= Self::PATIENCE {
            return MailState::Dead { at: now };
        }
        let doublings = self.attempts.min(Self::MAX_DELAY.num_seconds().ilog2() + 1);
        MailState::Pending { due_at: now + (Self::FIRST_DELAY * (1 << doublings)).min(Self::MAX_DELAY) }
    }
}

impl MailState {
    /// Its name, which never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Sent { .. } => "sent",
            Self::Dead { .. } => "dead",
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn tried(attempts: u32, now: Timestamp) -> QueuedMail {
        let letter = Letter::PasswordChanged;
        let to = Email::parse("ada@example.com").unwrap();
        let new = NewMail { to, locale: Locale::default(), letter, token_id: None };
        QueuedMail { attempts, ..QueuedMail::queue(MailId::new(Uuid::nil()), new, now) }
    }

    #[test]
    fn waits_double_from_a_second_to_an_hour_and_end_after_a_day() {
        let now = "2026-11-26T12:00:00Z".parse::<Timestamp>().unwrap();
        for (attempts, seconds) in [(0, 1), (1, 2), (2, 4), (11, 2048), (12, 3600), (13, 3600), (u32::MAX, 3600)] {
            let due_at = now + TimeDelta::seconds(seconds);
            assert_eq!(tried(attempts, now).after_deferral(now), MailState::Pending { due_at }, "{attempts}");
        }
        let last = now + QueuedMail::PATIENCE;
        assert_eq!(tried(40, now).after_deferral(last), MailState::Dead { at: last });
    }
}
