use domain::TaskId;

use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Deletes a task of the actor's own.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`], also for another's; [`ApplicationError::Unavailable`].
    pub async fn delete_task(&self, actor: &Actor, id: TaskId) -> Result<(), ApplicationError> {
        // A task keeps its owner, so that what is found here holds for the deletion.
        self.get_task(actor, id).await?;
        if self.ports.tasks.delete(id).await? { Ok(()) } else { Err(ApplicationError::NotFound) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Mocks, a_task, an_actor, an_admin, task_id};

    fn deleting(deleted: bool) -> Application {
        let mut mocks = Mocks::default();
        mocks.tasks.expect_find_by_id().returning(|_| Ok(Some(a_task())));
        mocks.tasks.expect_delete().withf(|id| *id == task_id()).times(1).returning(move |_| Ok(deleted));
        mocks.build()
    }

    #[tokio::test]
    async fn the_owner_deletes_a_task_and_nobody_else() {
        let application = deleting(true);
        application.delete_task(&an_actor(), task_id()).await.unwrap();
        let result = application.delete_task(&an_admin(), task_id()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }

    #[tokio::test]
    async fn of_two_who_delete_a_task_one_finds_it_gone() {
        let result = deleting(false).delete_task(&an_actor(), task_id()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }
}
