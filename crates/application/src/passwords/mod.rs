//! Passwords: how they are changed and set, and asked for again.

mod accept_password;
mod change_password;
mod confirm_password;
mod replace_password;
mod set_password;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use domain::Clock;
use domain::passwords::{PasswordPolicy, PasswordRepository};
use domain::units::{AccountUnit, Begin};

pub use change_password::ChangePassword;

use crate::Hashing;
use crate::events::Journal;

/// The use cases of passwords.
#[derive(Clone)]
pub struct Passwords {
    /// Passwords, outside a unit of work.
    pub passwords: Arc<dyn PasswordRepository>,
    /// Writes accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// Hashes and compares.
    pub hashing: Hashing,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// What is required of a password that somebody chooses.
    pub policy: PasswordPolicy,
}
