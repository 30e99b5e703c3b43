use domain::mail::{Letter, MailError, MailId, Outgoing};
use domain::users::{Email, Locale};

use super::Mail;

impl Mail {
    /// Sends a mail past the outbox, for the operator, who hears at once whether it works. `None` where none are sent.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send_test(&self, to: Email) -> Option<Result<(), MailError>> {
        let written_at = self.clock.now();
        let id = MailId::new(self.ids.v7(written_at));
        let mail = Outgoing { id, to, locale: Locale::default(), letter: Letter::Test, written_at, redeem: None };
        match &self.mailer {
            Some(mailer) => Some(mailer.send(&mail).await),
            None => None,
        }
    }
}
