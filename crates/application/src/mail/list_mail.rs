use domain::mail::{MailId, OutboxFilter, OutboxQuery, QueuedMail};

use super::Mail;
use crate::ApplicationError;

/// Which mails to list.
#[derive(Clone, Copy, Debug)]
pub struct ListMail {
    /// In which state.
    pub filter: OutboxFilter,
    /// Only those that were written before this one.
    pub before: Option<MailId>,
    /// Most mails on the page.
    pub limit: u64,
}

/// Some of the outbox, the newest first.
#[derive(Clone, Debug)]
pub struct MailPage {
    /// The mails.
    pub mails: Vec<QueuedMail>,
    /// Where the next page begins, if there is one.
    pub next: Option<MailId>,
}

impl Mail {
    /// A page of the outbox, for the operator. A mail holds neither its text nor anything that its token is computed from.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn list(&self, query: ListMail) -> Result<MailPage, ApplicationError> {
        let ListMail { filter, before, limit } = query;
        let mut mails = self.outbox.list(&OutboxQuery { filter, before, offset: 0, limit: limit + 1 }).await?;
        let has_more = mails.len() as u64 > query.limit;
        mails.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        let next = mails.last().filter(|_| has_more).map(|mail| mail.id);
        Ok(MailPage { mails, next })
    }
}
