use domain::tasks::{Task, TaskDescription, TaskId, TaskStatus, TaskTitle};

use super::Tasks;
use crate::acting::begin_as;
use crate::{Actor, ApplicationError};

/// A new task.
#[derive(Clone, Debug)]
pub struct CreateTask {
    /// What it is about.
    pub title: TaskTitle,
    /// What there is to say about it.
    pub description: Option<TaskDescription>,
    /// [`TaskStatus::Todo`] when not given.
    pub status: Option<TaskStatus>,
}

impl Tasks {
    /// Makes a task of the actor's own.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile, [`ApplicationError::Unavailable`].
    pub async fn create(&self, actor: &Actor, new: CreateTask) -> Result<Task, ApplicationError> {
        let now = self.clock.now();
        let task = Task {
            id: TaskId::new(self.ids.v7(now)),
            owner: actor.user_id,
            title: new.title,
            description: new.description,
            status: new.status.unwrap_or_default(),
            created_at: now,
            updated_at: now,
        };
        let (unit, _) = begin_as(self.units.as_ref(), actor, self.clock.as_ref()).await?;
        unit.tasks().insert(&task).await?;
        unit.commit().await?;
        Ok(task)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::tasks::testing::{Mocks, a_task, a_unit_of};
    use crate::testing::an_actor;

    fn new() -> CreateTask {
        CreateTask { title: a_task().title, description: a_task().description, status: None }
    }

    #[tokio::test]
    async fn a_task_is_the_actors_own_and_not_begun() {
        let mut mocks = Mocks::default();
        let mut unit = a_unit_of(&an_actor());
        unit.tasks.expect_insert().withf(|task| *task == a_task()).times(1).returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        assert_eq!(mocks.build().create(&an_actor(), new()).await.unwrap(), a_task());
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_status_may_be_given() {
        let mut mocks = Mocks::default();
        let mut unit = a_unit_of(&an_actor());
        unit.tasks.expect_insert().withf(|task| task.status == TaskStatus::Done).times(1).returning(|_| Ok(()));
        mocks.units([unit]);
        let new = CreateTask { status: Some(TaskStatus::Done), ..new() };
        assert_eq!(mocks.build().create(&an_actor(), new).await.unwrap().status, TaskStatus::Done);
    }
}
