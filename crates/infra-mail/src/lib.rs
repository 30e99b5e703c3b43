//! Mail: what letters say, and three ways out for them.
//!
//! [`Letters`] writes a mail from templates, which come with the crate in English and German and which a folder of
//! one's own may replace. [`SmtpMailer`] hands it to a relay, [`FileMailer`] writes it into a folder, and [`LogMailer`]
//! logs it: the last two are for development and tests, and show what is secret.

mod file_mailer;
mod letters;
mod links;
mod log_mailer;
mod message;
mod smtp_mailer;
mod texts;

pub use file_mailer::FileMailer;
pub use letters::{Letters, Written};
pub use links::{LinkError, Links};
pub use log_mailer::LogMailer;
pub use message::Sender;
pub use smtp_mailer::{SmtpMailer, SmtpSecurity, SmtpSettings};

use std::path::PathBuf;

use domain::mail::MailError;
use thiserror::Error;

/// Why mail cannot be sent by these settings. It is found at the start.
#[derive(Debug, Error)]
pub enum MailSetupError {
    /// A file of templates cannot be read.
    #[error("{}: {reason}", path.display())]
    Template {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A link leads nowhere.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The sender is not an address.
    #[error("the sender must be an address, or a name with an address: Hexauth <no-reply@example.com>")]
    Sender,
    /// The relay's certificate authority cannot be read.
    #[error("{}: {reason}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The relay's name is not one that TLS can check.
    #[error("the relay cannot be used with TLS: {0}")]
    Tls(String),
}

/// A mail that cannot be written is its own fault.
fn refused(error: impl std::error::Error + Send + Sync + 'static) -> MailError {
    MailError::Refused(error.into())
}
