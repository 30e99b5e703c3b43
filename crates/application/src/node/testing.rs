use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use domain::keys::MockSigningKeyRepository;
use domain::sessions::{MockRefreshTokenRepository, MockRevocationRepository};
use domain::units::{MockCleanupUnit, MockUnits};

use super::Node;
use crate::testing::{access_tokens, clock, journal};

#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) refresh_tokens: MockRefreshTokenRepository,
    pub(crate) revocations: MockRevocationRepository,
    pub(crate) signing_keys: MockSigningKeyRepository,
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
            refresh_tokens: Arc::new(self.refresh_tokens),
            revocations: Arc::new(self.revocations),
            signing_keys: Arc::new(self.signing_keys),
            clock: clock(),
            journal: journal(Arc::new(access_tokens())),
        }
    }
}
