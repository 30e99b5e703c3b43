//! Attempts at secrets that can be guessed: each is reserved before the secret is looked at. Admins see what is counted
//! of an account, and let its owner try again at once.

mod forget_attempts;
mod lines;
mod list_attempts;
mod reserve;
#[cfg(test)]
pub(crate) mod testing;
mod verify;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::attempts::{AttemptKey, AttemptRepository, Attempted, Subject};
use domain::one_time_tokens::Purpose;
use domain::sessions::RefreshTokenRepository;
use domain::units::{AccountUnit, Begin};
use domain::users::{Email, UserRepository};
use domain::{Clock, Mac};

pub use lines::Lines;
pub use list_attempts::{CountedAttempts, MAX_ATTEMPTS_LISTED};

pub(crate) use reserve::Whose;
pub(crate) use verify::Guess;

use crate::events::Journal;

/// Reserves attempts. It is a part of the services that compare what somebody typed with a secret.
#[derive(Clone)]
pub struct Attempts {
    /// Counts.
    pub attempts: Arc<dyn AttemptRepository>,
    /// Sessions, which tell from which networks an account is used.
    pub refresh_tokens: Arc<dyn RefreshTokenRepository>,
    /// Computes the keys of counts.
    pub mac: Arc<dyn Mac>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where attempts wait for each other.
    pub lines: Lines,
}

/// What is counted of accounts, for admins.
#[derive(Clone)]
pub struct AttemptCounts {
    /// The counts, and what their keys are made by.
    pub attempts: Attempts,
    /// Users, outside a unit of work.
    pub users: Arc<dyn UserRepository>,
    /// Writes accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// The node's journal.
    pub journal: Journal,
    /// How old a proof may be for what changes how somebody gets in.
    pub sudo_window: TimeDelta,
}

impl AttemptCounts {
    /// The keys of what is counted of an account by its address: mails, and the codes in them.
    fn keys_by_address(&self, email: &Email) -> Vec<AttemptKey> {
        let kinds = |purpose| [Attempted::MailedCode(purpose), Attempted::Mail(purpose)];
        let key = |attempted| AttemptKey::new(attempted, Subject::Address(email), None, self.attempts.mac.as_ref());
        Purpose::ALL.into_iter().flat_map(kinds).chain([Attempted::AnyMail]).map(key).collect()
    }
}
