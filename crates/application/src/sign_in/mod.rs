//! Signing in: factors in, session out.

mod login;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use domain::passwords::PasswordRepository;
use domain::sessions::RefreshPolicy;
use domain::units::{AccountUnit, Begin};
use domain::{Clock, Ids};

pub use login::Login;

use crate::Hashing;
use crate::attempts::Attempts;
use crate::events::Journal;
use crate::sessions::TokenIssuer;

/// The use cases of signing in.
#[derive(Clone)]
pub struct SignIn {
    /// Passwords, outside a unit of work.
    pub passwords: Arc<dyn PasswordRepository>,
    /// Writes accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// Bounds what anyone may try.
    pub attempts: Attempts,
    /// Compares passwords.
    pub hashing: Hashing,
    /// Issues the tokens of a session.
    pub issuer: TokenIssuer,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// How long sessions live.
    pub policy: RefreshPolicy,
}
