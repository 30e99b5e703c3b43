use std::sync::Arc;

use chrono::TimeDelta;
use domain::mail::OutboxStatus;
use tokio::sync::watch;

use super::Mail;
use crate::ApplicationError;

/// How the outbox was when the node looked last. Clones share it: make one for each node.
#[derive(Clone, Debug)]
pub struct Observed(Arc<watch::Sender<Option<OutboxStatus>>>);

impl Default for Observed {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Mail {
    /// Looks at the outbox, for [`Mail::status`].
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]; what was seen before stays.
    pub async fn observe(&self) -> Result<(), ApplicationError> {
        let status = self.outbox.status().await?;
        self.observed.0.send_replace(Some(status));
        Ok(())
    }

    /// How many mails wait, and how long, as the node saw it last. `None` before it looked, which it does only where
    /// this service sends mail.
    pub fn status(&self) -> Option<OutboxStatus> {
        *self.observed.0.borrow()
    }

    /// For how long the mail waits that waits longest, likewise. `None` where none waits.
    pub fn oldest_wait(&self) -> Option<TimeDelta> {
        let since = self.status()?.oldest_pending?;
        Some((self.clock.now() - since).max(TimeDelta::zero()))
    }
}
