use domain::tasks::{Task, TaskDescription, TaskId, TaskStatus, TaskTitle};

use super::{Tasks, own};
use crate::acting::begin_as;
use crate::read_only::Stored;
use crate::{Actor, ApplicationError, ReadOnly};

/// What to change of a task. `None` leaves a field as it is; the inner `None` of a field that may be empty clears it.
#[derive(Clone, Debug, Default)]
pub struct TaskChange {
    /// What it is about.
    pub title: Option<TaskTitle>,
    /// What there is to say about it.
    pub description: Option<Option<TaskDescription>>,
    /// How far it is. Any status may follow any other.
    pub status: Option<TaskStatus>,
    /// What must be as it is stored.
    pub read_only: ReadOnly,
}

impl TaskChange {
    fn apply_to(self, task: &mut Task) {
        if let Some(title) = self.title {
            task.title = title;
        }
        if let Some(description) = self.description {
            task.description = description;
        }
        if let Some(status) = self.status {
            task.status = status;
        }
    }
}

impl Tasks {
    /// Changes a task of the actor's own and returns its new state. Of changes at the same time, none is lost.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`], also for another's; [`ApplicationError::InvalidAccessToken`] when the actor has
    /// ended meanwhile; [`ApplicationError::ReadOnly`], [`ApplicationError::Unavailable`].
    pub async fn update(&self, actor: &Actor, id: TaskId, change: TaskChange) -> Result<Task, ApplicationError> {
        let (unit, _) = begin_as(self.units.as_ref(), actor, self.clock.as_ref()).await?;
        let before = own(unit.tasks().find_by_id_for_update(id).await?, actor)?;
        let Task { id, created_at, updated_at, .. } = before;
        change.read_only.compare(Stored { id: id.as_uuid(), created_at, updated_at }).require_equal()?;
        let mut task = before.clone();
        change.apply_to(&mut task);
        if task == before {
            return Ok(before);
        }
        // Read behind the lock, so that it never goes back.
        task.updated_at = self.clock.now();
        unit.tasks().update(&task).await?;
        unit.commit().await?;
        Ok(task)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use chrono::TimeDelta;
    use domain::tasks::MockTaskUnit;

    use super::*;
    use crate::tasks::testing::{Mocks, a_task, a_unit_of, task_id};
    use crate::testing::{an_actor, an_admin, now};

    fn a_unit(actor: &Actor, stored: Option<Task>) -> MockTaskUnit {
        let mut unit = a_unit_of(actor);
        unit.tasks.expect_find_by_id_for_update().withf(|id| *id == task_id()).return_once(move |_| Ok(stored));
        unit
    }

    #[tokio::test]
    async fn what_is_given_changes_and_the_rest_stays() {
        let stored = Task { updated_at: now() - TimeDelta::days(1), ..a_task() };
        let expected = Task { status: TaskStatus::Done, updated_at: now(), ..a_task() };
        let mut unit = a_unit(&an_actor(), Some(stored));
        let written = expected.clone();
        unit.tasks.expect_update().withf(move |task| *task == written).times(1).returning(|_| Ok(()));
        let mut mocks = Mocks::default();
        let commits = mocks.units([unit]);
        let change = TaskChange { status: Some(TaskStatus::Done), ..TaskChange::default() };
        assert_eq!(mocks.build().update(&an_actor(), task_id(), change).await.unwrap(), expected);
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_description_can_be_cleared() {
        let mut unit = a_unit(&an_actor(), Some(a_task()));
        unit.tasks.expect_update().times(1).returning(|_| Ok(()));
        let mut mocks = Mocks::default();
        mocks.units([unit]);
        let change = TaskChange { description: Some(None), ..TaskChange::default() };
        let task = mocks.build().update(&an_actor(), task_id(), change).await.unwrap();
        assert_eq!(task, Task { description: None, ..a_task() });
    }

    #[tokio::test]
    async fn what_changes_nothing_writes_nothing() {
        for change in [TaskChange::default(), TaskChange { title: Some(a_task().title), ..TaskChange::default() }] {
            let mut mocks = Mocks::default();
            mocks.units([a_unit(&an_actor(), Some(a_task()))]);
            assert_eq!(mocks.build().update(&an_actor(), task_id(), change).await.unwrap(), a_task());
        }
    }

    #[tokio::test]
    async fn only_the_owner_changes_a_task_that_is_there() {
        let change = TaskChange { status: Some(TaskStatus::Done), ..TaskChange::default() };
        for (stored, actor) in [(Some(a_task()), an_admin()), (None, an_actor())] {
            let mut mocks = Mocks::default();
            let commits = mocks.units([a_unit(&actor, stored)]);
            let result = mocks.build().update(&actor, task_id(), change.clone()).await;
            assert!(matches!(result, Err(ApplicationError::NotFound)));
            assert_eq!(commits.load(Ordering::SeqCst), 0);
        }
    }
}
