use std::path::{Path, PathBuf};

use async_trait::async_trait;
use domain::mail::{MailError, Mailer, Outgoing};
use tokio::fs;
use tracing::info;

use crate::message::message;
use crate::{Letters, Sender, refused};

/// Writes each mail into a folder, as a file that mail programs open, and logs where it is and its link. For
/// development: whoever reads the folder or the log can use the links.
#[derive(Debug)]
pub struct FileMailer {
    folder: PathBuf,
    letters: Letters,
    sender: Sender,
}

impl FileMailer {
    /// Writes into this folder, which is made with the first mail where it is missing.
    pub fn new(folder: PathBuf, letters: Letters, sender: Sender) -> Self {
        Self { folder, letters, sender }
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: &Outgoing) -> Result<(), MailError> {
        let written = self.letters.write(mail).map_err(refused)?;
        let link = written.link.clone();
        let message = message(&self.sender, mail, written).map_err(refused)?;
        let time = mail.written_at.format("%Y%m%dT%H%M%S");
        let path = self.folder.join(format!("{time}-{}-{}.eml", mail.letter.kind(), mail.id));
        fs::create_dir_all(&self.folder).await.map_err(|error| MailError::Relay(error.into()))?;
        write(&path, &message.formatted()).await.map_err(|error| MailError::Relay(error.into()))?;
        info!(file = %path.display(), link, "a mail was written");
        Ok(())
    }
}

/// Whoever waits for the file never sees half of it.
async fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("part");
    fs::write(&unfinished, bytes).await?;
    fs::rename(&unfinished, path).await
}
