use std::time::{Duration, SystemTime};

use domain::mail::Outgoing;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::{MailSetupError, Written};

/// Who mails are from.
#[derive(Clone, Debug)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads an address, or a name with an address.
    ///
    /// # Errors
    /// [`MailSetupError::Sender`].
    pub fn parse(text: &str) -> Result<Self, MailSetupError> {
        text.parse().map(Self).map_err(|_| MailSetupError::Sender)
    }
}

/// A mail as it goes over the wire (RFC 5322), in plain text and in HTML.
pub(crate) fn message(sender: &Sender, mail: &Outgoing, written: Written) -> Result<Message, lettre::error::Error> {
    let Sender(from) = sender;
    let id = format!("<{}@{}>", mail.id, from.email.domain());
    let to = mail.to.as_str().parse().map_err(|_| lettre::error::Error::NonAsciiChars)?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(written.subject)
        .date(time(mail))
        .message_id(Some(id))
        // RFC 3834, section 5: so that nobody's absence is told to us.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(written.text, written.html))
}

fn time(mail: &Outgoing) -> SystemTime {
    let seconds = u64::try_from(mail.written_at.timestamp()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
