use domain::mail::{MailId, OutboxFilter, OutboxQuery, QueuedMail};

use super::Mail;
use crate::{Actor, ApplicationError, Page, Paging, cursor};

/// A request for a page of the outbox, the newest first.
#[derive(Clone, Debug)]
pub struct ListOutbox {
    /// In which state.
    pub filter: OutboxFilter,
    /// Which page.
    pub paging: Paging,
}

impl Mail {
    /// Lists the outbox, for admins. What they see holds neither a text nor a token nor a code.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::InvalidCursor`], [`ApplicationError::Unavailable`].
    pub async fn list_as(&self, actor: &Actor, list: ListOutbox) -> Result<Page<QueuedMail>, ApplicationError> {
        actor.require_admin()?;
        self.list(list).await
    }

    /// The same for the operator.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidCursor`], [`ApplicationError::Unavailable`].
    pub async fn list(&self, list: ListOutbox) -> Result<Page<QueuedMail>, ApplicationError> {
        let ListOutbox { filter, paging } = list;
        let name = format!("outbox|{filter:?}");
        let position = |id, key: &str| key.is_empty().then_some(MailId::new(id));
        let before = paging.cursor().map(|text| cursor::decode(text, &name, position)).transpose()?;
        let query = OutboxQuery { filter, before, offset: paging.offset(), limit: paging.limit() };
        let found = self.outbox.list(&query).await?;
        let cursor = |last: &QueuedMail| cursor::encode(&name, last.id.as_uuid(), "");
        paging.page(found, cursor, self.outbox.count(filter)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::testing::{Mocks, a_notice};
    use crate::testing::{an_actor, an_admin};

    fn page(cursor: Option<String>, filter: OutboxFilter) -> ListOutbox {
        ListOutbox { filter, paging: Paging::Cursor { cursor, limit: 1, count: true } }
    }

    #[tokio::test]
    async fn admins_page_through_it_and_nobody_else() {
        let mut mocks = Mocks::default();
        mocks.outbox.expect_count().returning(|_| Ok(2));
        let first = |query: &OutboxQuery| query.before.is_none() && query.limit == 2;
        mocks.outbox.expect_list().withf(first).returning(|_| Ok(vec![a_notice(2), a_notice(1)]));
        let next = |query: &OutboxQuery| query.before == Some(a_notice(2).id);
        mocks.outbox.expect_list().withf(next).returning(|_| Ok(vec![a_notice(1)]));
        let mail = mocks.build();
        let found = mail.list_as(&an_admin(), page(None, OutboxFilter::All)).await.unwrap();
        assert_eq!((found.items, found.total), (vec![a_notice(2)], Some(2)));
        let last = mail.list_as(&an_admin(), page(found.next_cursor.clone(), OutboxFilter::All)).await.unwrap();
        assert_eq!((last.items, last.next_cursor), (vec![a_notice(1)], None));
        let other = mail.list_as(&an_admin(), page(found.next_cursor, OutboxFilter::Dead)).await;
        assert!(matches!(other, Err(ApplicationError::InvalidCursor(_))));
        let result = mail.list_as(&an_actor(), page(None, OutboxFilter::All)).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }
}
