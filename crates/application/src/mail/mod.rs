//! Mail: how it leaves the outbox, and how admins and operators see what does not.

mod discard_mail;
mod list_mail;
mod retry_mail;
mod send_mail;
mod show_mail;
mod test_mail;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use domain::mail::{Mailer, OutboxRepository, OutboxStatus};
use domain::one_time_tokens::OneTimeTokenRepository;
use domain::{Clock, Ids, Mac};

pub use list_mail::{ListMail, MailPage};
pub use send_mail::Round;

use crate::ApplicationError;

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
}

impl Mail {
    /// How many mails wait, and how long.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn status(&self) -> Result<OutboxStatus, ApplicationError> {
        Ok(self.outbox.status().await?)
    }
}
