//! One-time tokens: how they are mailed, and how somebody proves by one that an address is theirs.

mod notify;
mod prove;
mod send;
#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;

use domain::attempts::AttemptRepository;
use domain::one_time_tokens::OneTimeTokenRepository;
use domain::{Clock, Ids, Mac};

pub use prove::Proof;

pub(crate) use prove::consume;

/// Mails tokens and notices, and accepts the tokens. It is a part of the services whose flows begin or end with a mail.
#[derive(Clone)]
pub struct OneTimeTokens {
    /// The tokens, outside a unit of work.
    pub tokens: Arc<dyn OneTimeTokenRepository>,
    /// Counts who asks for mails and who tries codes.
    pub attempts: Arc<dyn AttemptRepository>,
    /// Computes tokens and codes.
    pub mac: Arc<dyn Mac>,
    /// Makes ids and nonces.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whether this service sends mail at all.
    pub sends_mail: bool,
}
