//! Attempts at secrets that can be guessed: each is reserved before the secret is looked at.

mod lines;
mod reserve;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use domain::attempts::AttemptRepository;
use domain::sessions::RefreshTokenRepository;
use domain::{Clock, Mac};

pub use lines::Lines;

pub(crate) use reserve::Whose;

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
