use domain::users::{User, UserFilter, UserQuery, UserSort};

use super::{Users, cursor};
use crate::{Actor, ApplicationError, Page, Paging};

/// A request for a page of users.
#[derive(Clone, Debug)]
pub struct ListUsers {
    /// Which users.
    pub filter: UserFilter,
    /// In which order.
    pub sort: UserSort,
    /// Which page.
    pub paging: Paging,
}

impl Users {
    /// Lists users, for admins.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::InvalidCursor`], [`ApplicationError::Unavailable`].
    pub async fn list(&self, actor: &Actor, list: ListUsers) -> Result<Page<User>, ApplicationError> {
        actor.require_admin()?;
        let ListUsers { filter, sort, paging } = list;
        let after = paging.cursor().map(|text| cursor::decode(text, &filter, sort)).transpose()?;
        let query = UserQuery { filter, sort, after, offset: paging.offset(), limit: paging.limit() };
        let users = self.users.list(&query).await?;
        let cursor = |last: &User| cursor::encode(last, &query.filter, sort);
        paging.page(users, cursor, self.users.count(&query.filter)).await
    }
}

#[cfg(test)]
mod tests {
    use domain::StoreError;
    use domain::users::{Direction, UserPosition, UserSortField};

    use super::*;
    use crate::testing::{a_user, an_actor, an_admin};
    use crate::users::testing::Mocks;

    fn list(paging: Paging) -> ListUsers {
        let sort = UserSort { field: UserSortField::Email, direction: Direction::Ascending };
        ListUsers { filter: UserFilter::default(), sort, paging }
    }

    fn eleven(_: &UserQuery) -> Result<Vec<User>, StoreError> {
        Ok(vec![a_user(); 11])
    }

    fn first(limit: u64) -> ListUsers {
        list(Paging::Cursor { cursor: None, limit, count: false })
    }

    #[tokio::test]
    async fn only_admins_list() {
        let result = Mocks::default().build().list(&an_actor(), first(2)).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }

    #[tokio::test]
    async fn a_full_page_leads_to_the_next_and_a_short_one_does_not() {
        let mut mocks = Mocks::default();
        mocks.users.expect_list().withf(|query| query.limit == 3).returning(|_| Ok(vec![a_user(), a_user(), a_user()]));
        mocks.users.expect_list().returning(|_| Ok(vec![a_user(), a_user(), a_user()]));
        let users = mocks.build();
        let page = users.list(&an_admin(), first(2)).await.unwrap();
        assert_eq!(page.items.len(), 2);
        assert!(page.next_cursor.is_some() && page.total.is_none());
        let page = users.list(&an_admin(), first(3)).await.unwrap();
        assert_eq!((page.items.len(), page.next_cursor), (3, None));
    }

    #[tokio::test]
    async fn a_cursor_takes_up_behind_the_last_user() {
        let mut mocks = Mocks::default();
        mocks.users.expect_list().withf(|query| query.after.is_none()).returning(|_| Ok(vec![a_user(), a_user()]));
        let position =
            UserPosition { key: domain::users::SortKey::Email("ada@example.com".to_owned()), id: a_user().id };
        mocks.users.expect_list().withf(move |query| query.after == Some(position.clone())).returning(|_| Ok(vec![]));
        let users = mocks.build();
        let cursor = users.list(&an_admin(), first(1)).await.unwrap().next_cursor;
        users.list(&an_admin(), list(Paging::Cursor { cursor, limit: 1, count: false })).await.unwrap();
    }

    #[tokio::test]
    async fn page_numbers_pass_over_what_comes_before_and_count() {
        let mut mocks = Mocks::default();
        mocks.users.expect_list().withf(|query| query.offset == 20 && query.limit == 11).returning(eleven);
        mocks.users.expect_count().returning(|_| Ok(25));
        let page = mocks.build().list(&an_admin(), list(Paging::Number { page: 3, size: 10 })).await.unwrap();
        assert_eq!((page.items.len(), page.next_cursor, page.total), (10, None, Some(25)));
    }

    #[tokio::test]
    async fn what_is_skipped_is_passed_over_and_all_are_counted() {
        let mut mocks = Mocks::default();
        mocks.users.expect_list().withf(|query| query.offset == 7 && query.limit == 11).returning(eleven);
        mocks.users.expect_count().returning(|_| Ok(25));
        let page = mocks.build().list(&an_admin(), list(Paging::Skip { skip: 7, limit: 10 })).await.unwrap();
        assert_eq!((page.items.len(), page.next_cursor, page.total), (10, None, Some(25)));
    }
}
