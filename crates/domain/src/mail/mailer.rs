use async_trait::async_trait;
use thiserror::Error;

use super::{Letter, MailId};
use crate::users::{Email, Locale};
use crate::{Secret, Source, Timestamp};

/// Hands mails to a relay, or whatever stands for one.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Writes the mail out and hands it over. When this returns `Ok` the relay MUST have taken it.
    ///
    /// Two calls with the same id MUST give the same `Message-ID`. A mail MUST go to its one recipient only, and
    /// nothing MUST be sent over a connection that is not as the settings demand. It MUST return within three minutes,
    /// whatever the relay does.
    async fn send(&self, mail: &Outgoing) -> Result<(), MailError>;
}

/// A mail on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Names it.
    pub id: MailId,
    /// Who gets it.
    pub to: Email,
    /// In which language, where there is a template in it.
    pub locale: Locale,
    /// What it says.
    pub letter: Letter,
    /// When it was written.
    pub written_at: Timestamp,
    /// What its reader needs to do what it is about, if that is anything.
    pub redeem: Option<Redeem>,
}

/// The two forms of a one-time token.
#[derive(Clone, Debug)]
pub struct Redeem {
    /// For the link.
    pub token: Secret,
    /// For apps without links.
    pub code: Secret,
    /// When the link is no longer good.
    pub expires_at: Timestamp,
    /// When the code is no longer good.
    pub code_expires_at: Timestamp,
}

/// Why a mail was not sent.
#[derive(Debug, Error)]
pub enum MailError {
    /// The relay refuses this mail for good.
    #[error("the relay refused the mail")]
    Refused(#[source] Source),
    /// The relay refuses this mail for now.
    #[error("the relay deferred the mail")]
    Deferred(#[source] Source),
    /// There is no talking to the relay: it cannot be reached, has the wrong certificate, or refuses our credentials.
    /// It is nothing that this mail could help.
    #[error("the relay cannot be used")]
    Relay(#[source] Source),
}
