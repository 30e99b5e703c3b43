use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use domain::MockClock;
use domain::access_tokens::MockAccessTokens;
use domain::sessions::{MockRefreshTokenRepository, RefreshPolicy};
use domain::units::{MockAccountUnit, MockUnits};
use domain::users::MockUserRepository;

use super::{Activity, Sessions};
use crate::testing::{access_tokens, issuer, journal, now};

pub(crate) struct Mocks {
    pub(crate) refresh_tokens: MockRefreshTokenRepository,
    pub(crate) users: MockUserRepository,
    pub(crate) access_tokens: MockAccessTokens,
    pub(crate) clock: MockClock,
    pub(crate) units: MockUnits<MockAccountUnit>,
}

impl Default for Mocks {
    fn default() -> Self {
        let mut clock = MockClock::new();
        clock.expect_now().returning(now);
        Self {
            refresh_tokens: MockRefreshTokenRepository::new(),
            users: MockUserRepository::new(),
            access_tokens: access_tokens(),
            clock,
            units: MockUnits::default(),
        }
    }
}

impl Mocks {
    /// Expects these units of work, and counts their commits.
    pub(crate) fn units(&mut self, units: impl IntoIterator<Item = MockAccountUnit>) -> Arc<AtomicUsize> {
        self.units = MockUnits::new(units);
        self.units.commits()
    }

    pub(crate) fn build(self) -> Sessions {
        let access_tokens = Arc::new(self.access_tokens);
        Sessions {
            refresh_tokens: Arc::new(self.refresh_tokens),
            users: Arc::new(self.users),
            units: Arc::new(self.units),
            issuer: issuer(access_tokens.clone()),
            clock: Arc::new(self.clock),
            journal: journal(access_tokens),
            activity: Activity::default(),
            policy: RefreshPolicy::default(),
        }
    }
}
