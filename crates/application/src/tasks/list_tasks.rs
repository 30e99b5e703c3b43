use domain::tasks::{Task, TaskId, TaskPosition, TaskQuery, TaskStatus};
use domain::users::UserId;
use uuid::Uuid;

use super::Tasks;
use crate::cursor::{self, read_time, time};
use crate::{Actor, ApplicationError, Page, Paging};

/// A request for a page of tasks, oldest first.
#[derive(Clone, Debug)]
pub struct ListTasks {
    /// Whose tasks: the actor's own when not given; another's for admins only.
    pub owner: Option<UserId>,
    /// Only this status.
    pub status: Option<TaskStatus>,
    /// Which page.
    pub paging: Paging,
}

impl Tasks {
    /// Lists the actor's tasks, or for admins anybody's.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::InvalidCursor`], [`ApplicationError::Unavailable`].
    pub async fn list(&self, actor: &Actor, list: ListTasks) -> Result<Page<Task>, ApplicationError> {
        let ListTasks { owner, status, paging } = list;
        let owner = owner.unwrap_or(actor.user_id);
        if owner != actor.user_id {
            actor.require_admin()?;
        }
        let name = name(owner, status);
        let after = paging.cursor().map(|text| cursor::decode(text, &name, position)).transpose()?;
        let query = TaskQuery { owner, status, after, offset: paging.offset(), limit: paging.limit() };
        let found = self.tasks.list(&query).await?;
        let cursor = |last: &Task| cursor::encode(&name, last.id.as_uuid(), &time(last.created_at));
        paging.page(found, cursor, self.tasks.count(owner, status)).await
    }
}

/// What a cursor is bound to.
fn name(owner: UserId, status: Option<TaskStatus>) -> String {
    format!("tasks|{owner}|{}", status.map_or("", TaskStatus::as_str))
}

fn position(id: Uuid, key: &str) -> Option<TaskPosition> {
    Some(TaskPosition { created_at: read_time(key)?, id: TaskId::new(id) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::testing::{Mocks, a_task, task_id};
    use crate::testing::{an_actor, an_admin, now, user_id};

    fn first(limit: u64) -> ListTasks {
        after(None, limit)
    }

    fn after(cursor: Option<String>, limit: u64) -> ListTasks {
        ListTasks { owner: None, status: None, paging: Paging::Cursor { cursor, limit, count: false } }
    }

    #[tokio::test]
    async fn everybody_lists_their_own_and_admins_anybodys() {
        let mut mocks = Mocks::default();
        mocks.tasks.expect_list().withf(|query| query.owner == user_id()).times(3).returning(|_| Ok(vec![a_task()]));
        mocks.tasks.expect_list().withf(|query| query.owner == an_admin().user_id).returning(|_| Ok(vec![]));
        let tasks = mocks.build();
        let of = |owner| ListTasks { owner: Some(owner), ..first(2) };
        for (actor, list) in [(an_actor(), first(2)), (an_actor(), of(user_id())), (an_admin(), of(user_id()))] {
            assert_eq!(tasks.list(&actor, list).await.unwrap().items, [a_task()]);
        }
        assert_eq!(tasks.list(&an_admin(), first(2)).await.unwrap().items, []);
        let result = tasks.list(&an_actor(), of(an_admin().user_id)).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }

    #[tokio::test]
    async fn a_full_page_leads_to_the_next_and_a_short_one_does_not() {
        let mut mocks = Mocks::default();
        mocks.tasks.expect_list().withf(|query| query.limit <= 4).returning(|_| Ok(vec![a_task(), a_task(), a_task()]));
        let tasks = mocks.build();
        let page = tasks.list(&an_actor(), first(2)).await.unwrap();
        assert_eq!(page.items.len(), 2);
        assert!(page.next_cursor.is_some());
        let page = tasks.list(&an_actor(), first(3)).await.unwrap();
        assert_eq!((page.items.len(), page.next_cursor), (3, None));
    }

    #[tokio::test]
    async fn a_cursor_takes_up_behind_the_last_task_of_the_same_list_only() {
        let mut mocks = Mocks::default();
        mocks.tasks.expect_list().withf(|query| query.after.is_none()).returning(|_| Ok(vec![a_task(), a_task()]));
        let position = TaskPosition { created_at: now(), id: task_id() };
        mocks.tasks.expect_list().withf(move |query| query.after == Some(position)).returning(|_| Ok(vec![]));
        let tasks = mocks.build();
        let cursor = tasks.list(&an_actor(), first(1)).await.unwrap().next_cursor;
        let next = after(cursor, 1);
        tasks.list(&an_actor(), next.clone()).await.unwrap();
        let filtered = ListTasks { status: Some(TaskStatus::Todo), ..next.clone() };
        for (actor, list) in [(an_actor(), filtered), (an_admin(), next)] {
            let result = tasks.list(&actor, list).await;
            assert!(matches!(result, Err(ApplicationError::InvalidCursor(_))));
        }
    }

    #[tokio::test]
    async fn what_is_passed_over_is_not_listed_and_all_are_counted() {
        for paging in [Paging::Skip { skip: 20, limit: 10 }, Paging::Number { page: 3, size: 10 }] {
            let mut mocks = Mocks::default();
            let eleven = |_: &TaskQuery| Ok(vec![a_task(); 11]);
            mocks.tasks.expect_list().withf(|query| query.offset == 20 && query.limit == 11).returning(eleven);
            mocks.tasks.expect_count().returning(|_, _| Ok(25));
            let page = mocks.build().list(&an_actor(), ListTasks { paging, ..first(1) }).await.unwrap();
            assert_eq!((page.items.len(), page.next_cursor, page.total), (10, None, Some(25)));
        }
    }
}
