//! Mail: how it leaves the outbox, and how admins and operators see what does not.

mod discard_mail;
mod list_outbox;
mod observe;
mod retry_mail;
mod send_mail;
mod show_mail;
mod test_mail;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use domain::mail::{Mailer, OutboxRepository};
use domain::one_time_tokens::OneTimeTokenRepository;
use domain::{Clock, Ids, Mac};

pub use list_outbox::ListOutbox;
pub use observe::Observed;
pub use send_mail::Round;

/// The use cases of mail.
#[derive(Clone)]
pub struct Mail {
    /// What waits to be sent.
    pub outbox: Arc<dyn OutboxRepository>,
    /// What links and codes are computed from.
    pub one_time_tokens: Arc<dyn OneTimeTokenRepository>,
    /// Computes them.
    pub mac: Arc<dyn Mac>,
    /// Hands mails over. `None` where none are sent.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// What the metrics tell.
    pub observed: Observed,
}

impl Mail {
    /// Whether this service sends mail at all.
    pub fn is_on(&self) -> bool {
        self.mailer.is_some()
    }
}
