use async_trait::async_trait;
use domain::mail::{MailError, Mailer, Outgoing};
use tracing::info;

use crate::{Letters, refused};

/// Logs each mail, with its link and its code. For tests: whoever reads the log can use them.
#[derive(Debug)]
pub struct LogMailer {
    letters: Letters,
}

impl LogMailer {
    /// Logs mails as they are written by these templates.
    pub fn new(letters: Letters) -> Self {
        Self { letters }
    }
}

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, mail: &Outgoing) -> Result<(), MailError> {
        let written = self.letters.write(mail).map_err(refused)?;
        let code = mail.redeem.as_ref().map(|redeem| redeem.code.expose());
        info!(id = %mail.id, kind = mail.letter.kind(), to = mail.to.as_str(), link = written.link, code, "a mail");
        Ok(())
    }
}
