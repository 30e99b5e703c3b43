use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use domain::tasks::{MockTaskRepository, MockTaskUnit, Task, TaskDescription, TaskId, TaskStatus, TaskTitle};
use domain::units::MockUnits;

use super::Tasks;
use crate::Actor;
use crate::testing::{clock, held_by, ids, now, user_id};

/// The id that the mocks make.
pub(super) fn task_id() -> TaskId {
    TaskId::new(user_id().as_uuid())
}

/// A task of the user that the tests speak of.
pub(super) fn a_task() -> Task {
    Task {
        id: task_id(),
        owner: user_id(),
        title: TaskTitle::parse("Write the notes").unwrap(),
        description: Some(TaskDescription::parse("On the engine.").unwrap()),
        status: TaskStatus::Todo,
        created_at: now(),
        updated_at: now(),
    }
}

/// A unit of work of the actor's own.
pub(super) fn a_unit_of(actor: &Actor) -> MockTaskUnit {
    MockTaskUnit { unit: held_by(actor), ..MockTaskUnit::default() }
}

#[derive(Default)]
pub(super) struct Mocks {
    pub(super) tasks: MockTaskRepository,
    units: MockUnits<MockTaskUnit>,
}

impl Mocks {
    /// Expects these units of work, and counts their commits.
    pub(super) fn units(&mut self, units: impl IntoIterator<Item = MockTaskUnit>) -> Arc<AtomicUsize> {
        self.units = MockUnits::new(units);
        self.units.commits()
    }

    pub(super) fn build(self) -> Tasks {
        Tasks { tasks: Arc::new(self.tasks), units: Arc::new(self.units), ids: ids(), clock: clock() }
    }
}
