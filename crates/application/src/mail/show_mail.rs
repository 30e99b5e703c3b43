use domain::mail::{MailId, QueuedMail};

use super::Mail;
use crate::ApplicationError;

impl Mail {
    /// A mail of the outbox, for the operator.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`], [`ApplicationError::Unavailable`].
    pub async fn show(&self, id: MailId) -> Result<QueuedMail, ApplicationError> {
        self.outbox.find(id).await?.ok_or(ApplicationError::NotFound)
    }
}
