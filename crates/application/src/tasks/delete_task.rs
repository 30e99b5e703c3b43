use domain::tasks::TaskId;

use super::{Tasks, own};
use crate::acting::begin_as;
use crate::{Actor, ApplicationError};

impl Tasks {
    /// Deletes a task of the actor's own.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`], also for another's; [`ApplicationError::InvalidAccessToken`] when the actor has
    /// ended meanwhile; [`ApplicationError::Unavailable`].
    pub async fn delete(&self, actor: &Actor, id: TaskId) -> Result<(), ApplicationError> {
        let (unit, _) = begin_as(self.units.as_ref(), actor, self.clock.as_ref()).await?;
        own(unit.tasks().find_by_id_for_update(id).await?, actor)?;
        unit.tasks().delete(id).await?;
        Ok(unit.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::tasks::Task;

    use super::*;
    use crate::tasks::testing::{Mocks, a_task, a_unit_of, task_id};
    use crate::testing::{an_actor, an_admin};

    /// Deletes, and returns whether that was committed.
    async fn delete(actor: &Actor, stored: Option<Task>) -> Result<bool, ApplicationError> {
        let mut mocks = Mocks::default();
        let mut unit = a_unit_of(actor);
        unit.tasks.expect_find_by_id_for_update().withf(|id| *id == task_id()).return_once(move |_| Ok(stored));
        unit.tasks.expect_delete().withf(|id| *id == task_id()).returning(|_| Ok(true));
        let commits = mocks.units([unit]);
        mocks.build().delete(actor, task_id()).await?;
        Ok(commits.load(Ordering::SeqCst) == 1)
    }

    #[tokio::test]
    async fn the_owner_deletes_a_task_and_nobody_else() {
        assert!(delete(&an_actor(), Some(a_task())).await.unwrap());
        let result = delete(&an_admin(), Some(a_task())).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
    }

    #[tokio::test]
    async fn of_two_who_delete_a_task_one_finds_it_gone() {
        assert!(matches!(delete(&an_actor(), None).await, Err(ApplicationError::NotFound)));
    }
}
