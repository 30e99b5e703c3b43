use domain::mail::MailId;

use super::Mail;
use crate::ApplicationError;

impl Mail {
    /// Throws a mail away that was not sent, for the operator.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`] when there is none, [`ApplicationError::Unavailable`].
    pub async fn discard(&self, id: MailId) -> Result<(), ApplicationError> {
        if self.outbox.delete_unsent(id).await? { Ok(()) } else { Err(ApplicationError::NotFound) }
    }
}
