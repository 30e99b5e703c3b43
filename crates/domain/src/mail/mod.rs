//! Mail: what is said to users, and the outbox that it waits in.
//!
//! A mail is a row of the outbox, written in the unit of work that causes it. It holds no secret: the link and the code
//! are computed from its one-time token when it is sent.

mod letter;
mod mailer;
mod outbox;
mod queued_mail;

pub use letter::Letter;
pub use mailer::{MailError, Mailer, Outgoing, Redeem};
pub use outbox::{OutboxFilter, OutboxQuery, OutboxRepository, OutboxStatus};
pub use queued_mail::{MailState, NewMail, QueuedMail};

#[cfg(feature = "mocks")]
pub use {mailer::MockMailer, outbox::MockOutboxRepository};

use crate::Id;

/// Names a mail. Its `Message-ID` (RFC 5322, section 3.6.4) comes from it, so that a mail that is sent twice is known
/// as one.
pub type MailId = Id<QueuedMail>;
