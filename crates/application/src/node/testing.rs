use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use chrono::TimeDelta;
use domain::units::{MockCleanupUnit, MockUnits};

use super::Node;
use crate::testing::{access_tokens, clock, journal};

#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) units: MockUnits<MockCleanupUnit>,
}

impl Mocks {
    /// Expects these units of work, and counts their commits.
    pub(crate) fn units(&mut self, units: impl IntoIterator<Item = MockCleanupUnit>) -> Arc<AtomicUsize> {
        self.units = MockUnits::new(units);
        self.units.commits()
    }

    pub(crate) fn build(self) -> Node {
        Node {
            units: Arc::new(self.units),
            clock: clock(),
            journal: journal(Arc::new(access_tokens())),
            events_retention: TimeDelta::days(90),
        }
    }
}
