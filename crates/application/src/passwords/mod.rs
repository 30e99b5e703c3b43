//! Passwords: how they are changed and set, and asked for again.

mod accept_invitation;
mod accept_password;
mod change_password;
mod check_password;
mod confirm_password;
mod confirm_reset;
mod replace_password;
mod request_reset;
mod screening;
mod set_password;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use domain::Clock;
use domain::passwords::PasswordRepository;
use domain::units::{AccountUnit, Begin};
use domain::users::UserRepository;

pub use change_password::ChangePassword;
pub use check_password::PasswordCheck;
pub use confirm_reset::ChooseByMail;
pub use screening::{Outages, Screening};

use crate::Hashing;
use crate::attempts::Attempts;
use crate::events::Journal;
use crate::one_time_tokens::OneTimeTokens;
use crate::sudo::Sudo;

/// The use cases of passwords.
#[derive(Clone)]
pub struct Passwords {
    /// Users, outside a unit of work.
    pub users: Arc<dyn UserRepository>,
    /// Passwords, outside a unit of work.
    pub passwords: Arc<dyn PasswordRepository>,
    /// Writes accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// Bounds what anyone may try.
    pub attempts: Attempts,
    /// Hashes and compares.
    pub hashing: Hashing,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// Mails the way back to whoever forgot theirs.
    pub one_time_tokens: OneTimeTokens,
    /// What is required of a password that somebody chooses, and who finds out.
    pub screening: Screening,
    /// Asks for a recent proof besides the current password.
    pub sudo: Sudo,
}
