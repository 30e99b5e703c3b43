//! Passwords: how they are changed, and asked for again.

mod change_password;
mod confirm_password;
mod hashing;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use domain::Clock;
use domain::units::{AccountUnit, Begin};
use domain::users::UserRepository;

pub use change_password::ChangePassword;
pub use hashing::Hashing;

use crate::Journal;

/// The use cases of passwords.
#[derive(Clone)]
pub struct Passwords {
    /// Users, outside a unit of work.
    pub users: Arc<dyn UserRepository>,
    /// Writes accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// Hashes and compares.
    pub hashing: Hashing,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
}
