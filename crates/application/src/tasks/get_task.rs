use domain::tasks::{Task, TaskId};

use super::{Tasks, own};
use crate::{Actor, ApplicationError};

impl Tasks {
    /// Reads a task of the actor's own.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`], also for another's; [`ApplicationError::Unavailable`].
    pub async fn get(&self, actor: &Actor, id: TaskId) -> Result<Task, ApplicationError> {
        own(self.tasks.find_by_id(id).await?, actor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::testing::{Mocks, a_task, task_id};
    use crate::testing::{an_actor, an_admin};

    #[tokio::test]
    async fn the_owner_reads_a_task_and_nobody_else() {
        let mut mocks = Mocks::default();
        mocks.tasks.expect_find_by_id().withf(|id| *id == task_id()).returning(|_| Ok(Some(a_task())));
        let tasks = mocks.build();
        assert_eq!(tasks.get(&an_actor(), task_id()).await.unwrap(), a_task());
        let result = tasks.get(&an_admin(), task_id()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        let mut mocks = Mocks::default();
        mocks.tasks.expect_find_by_id().returning(|_| Ok(None));
        let result = mocks.build().get(&an_actor(), task_id()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }
}
