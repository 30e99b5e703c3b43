use domain::mail::{MailId, MailState, QueuedMail};

use super::Mail;
use crate::ApplicationError;

impl Mail {
    /// Has a mail sent at once that waits or was given up, for the operator. It counts as if it was written now.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`] when there is none that was not sent, [`ApplicationError::Unavailable`].
    pub async fn retry(&self, id: MailId) -> Result<(), ApplicationError> {
        let mail = self.outbox.find(id).await?.ok_or(ApplicationError::NotFound)?;
        let now = self.clock.now();
        let again = QueuedMail { state: MailState::Pending { due_at: now }, attempts: 0, created_at: now, ..mail };
        if self.outbox.settle(&again).await? { Ok(()) } else { Err(ApplicationError::NotFound) }
    }
}
