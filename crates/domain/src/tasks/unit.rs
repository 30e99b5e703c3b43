#[cfg(feature = "mocks")]
use super::MockTaskRepository;
use super::TaskRepository;
use crate::units::UnitOfWork;

/// Writes of tasks.
pub trait TaskUnit: UnitOfWork {
    /// The tasks, inside this unit.
    fn tasks(&self) -> &dyn TaskRepository;
}

#[cfg(feature = "mocks")]
crate::units::mock_unit! {
    /// A unit of work on mocked tasks.
    MockTaskUnit: TaskUnit { tasks: MockTaskRepository as TaskRepository }
}
