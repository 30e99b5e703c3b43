use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use domain::tasks::{MockTaskRepository, MockTaskUnit};
use domain::units::MockUnits;

use super::Tasks;
use crate::Actor;
use crate::testing::{clock, held_by, ids};

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
