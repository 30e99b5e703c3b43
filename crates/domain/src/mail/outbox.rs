use async_trait::async_trait;

use super::{MailId, QueuedMail};
use crate::users::Email;
use crate::{StoreError, Timestamp, ValidationError};

/// Keeps mails until they were sent or given up, and for a while after. Every method may fail with
/// [`StoreError::Unavailable`] or [`StoreError::Internal`].
///
/// No secret is in it at any time, nor is any text that somebody typed.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OutboxRepository: Send + Sync {
    /// Adds one. It MUST equal this one in every field when read back.
    async fn insert(&self, mail: &QueuedMail) -> Result<(), StoreError>;

    /// Takes up to `limit` mails that are due at `now`, the longest due first, and makes them due again at `until`. Of
    /// several callers at once each mail MUST go to one only, and none MUST wait for another: whoever dies before a
    /// mail is settled leaves it to others when its lease ends, and not before.
    ///
    /// A row that cannot be read is given up, so that it stops no others.
    async fn lease(&self, now: Timestamp, until: Timestamp, limit: u64) -> Result<Vec<QueuedMail>, StoreError>;

    /// Writes what became of a mail: its state, its attempts, its last error. MUST NOT change one that was sent, and
    /// returns whether it changed one. Once it was sent it MUST NOT hold the id of its token nor any details.
    async fn settle(&self, mail: &QueuedMail) -> Result<bool, StoreError>;

    /// The mail with this id.
    async fn find(&self, id: MailId) -> Result<Option<QueuedMail>, StoreError>;

    /// One page of the mails that fit, the newest first.
    async fn list(&self, query: &OutboxQuery) -> Result<Vec<QueuedMail>, StoreError>;

    /// The mails to this address, the newest first, `limit` at most. MUST find those that wait, those that were sent
    /// and those that were given up, in whatever case their address was written, and MUST NOT return one to another
    /// address.
    async fn list_to(&self, to: &Email, limit: u64) -> Result<Vec<QueuedMail>, StoreError>;

    /// How many mails fit.
    async fn count(&self, filter: OutboxFilter) -> Result<u64, StoreError>;

    /// Removes a mail that was not sent, and returns whether there was one.
    async fn delete_unsent(&self, id: MailId) -> Result<bool, StoreError>;

    /// How many wait, and how long.
    async fn status(&self) -> Result<OutboxStatus, StoreError>;

    /// Removes up to `limit` that were sent or given up at `before` or earlier, and returns how many. MUST leave all
    /// others alone. SHOULD leave those alone that others are removing.
    async fn delete_settled(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many [`OutboxRepository::delete_settled`] would remove if it had no limit. MUST change nothing.
    async fn count_settled(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Which mails to list: those in this state, whatever its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutboxFilter {
    /// All.
    #[default]
    All,
    /// Those that wait.
    Pending,
    /// Those that the relay took.
    Sent,
    /// Those that were given up.
    Dead,
}

impl OutboxFilter {
    /// Reads the name of a state. No name is all of them.
    ///
    /// # Errors
    /// `unknown_state`.
    pub fn parse(state: &str) -> Result<Self, ValidationError> {
        match state {
            "pending" => Ok(Self::Pending),
            "sent" => Ok(Self::Sent),
            "dead" => Ok(Self::Dead),
            _ => Err(ValidationError::new("unknown_state", "This field must be 'pending', 'sent' or 'dead'.")),
        }
    }
}

/// Which mails to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxQuery {
    /// In which state.
    pub filter: OutboxFilter,
    /// Only those that were written before this one.
    pub before: Option<MailId>,
    /// How many to pass over.
    pub offset: u64,
    /// Most mails to return.
    pub limit: u64,
}

/// How the outbox is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Mails that wait.
    pub pending: u64,
    /// Mails that were given up.
    pub dead: u64,
    /// When the one that waits longest was written.
    pub oldest_pending: Option<Timestamp>,
}
