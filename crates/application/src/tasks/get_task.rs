use domain::tasks::{Task, TaskId};

use super::own;
use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Reads a task of the actor's own.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`], also for another's; [`ApplicationError::Unavailable`].
    pub async fn get_task(&self, actor: &Actor, id: TaskId) -> Result<Task, ApplicationError> {
        own(self.ports.tasks.find_by_id(id).await?, actor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Mocks, a_task, an_actor, an_admin, task_id};

    #[tokio::test]
    async fn the_owner_reads_a_task_and_nobody_else() {
        let mut mocks = Mocks::default();
        mocks.tasks.expect_find_by_id().withf(|id| *id == task_id()).returning(|_| Ok(Some(a_task())));
        let application = mocks.build();
        assert_eq!(application.get_task(&an_actor(), task_id()).await.unwrap(), a_task());
        let result = application.get_task(&an_admin(), task_id()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        let mut mocks = Mocks::default();
        mocks.tasks.expect_find_by_id().returning(|_| Ok(None));
        let result = mocks.build().get_task(&an_actor(), task_id()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }
}
