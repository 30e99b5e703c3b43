use std::sync::Arc;

use chrono::TimeDelta;
use domain::attempts::{MockAttemptRepository, Reservation};
use domain::sessions::MockRefreshTokenRepository;

use domain::units::{MockAccountUnit, MockUnits};
use domain::users::MockUserRepository;

use super::{AttemptCounts, Attempts, Lines};
use crate::testing::{FakeMac, access_tokens, clock, journal};

#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) attempts: MockAttemptRepository,
    pub(crate) refresh_tokens: MockRefreshTokenRepository,
}

impl Mocks {
    /// Every attempt is taken, and nobody has a session.
    pub(crate) fn taking_all() -> Self {
        let mut mocks = Self::default();
        mocks.refresh_tokens.expect_list_live().returning(|_, _, _| Ok(Vec::new()));
        mocks.attempts.expect_reserve().returning(|_, _, _| Ok(Reservation::Taken));
        mocks.attempts.expect_forget().returning(|_| Ok(true));
        mocks.attempts.expect_give_back().returning(|_| Ok(()));
        mocks
    }

    pub(crate) fn build(self) -> Attempts {
        Attempts {
            attempts: Arc::new(self.attempts),
            refresh_tokens: Arc::new(self.refresh_tokens),
            mac: Arc::new(FakeMac),
            clock: clock(),
            lines: Lines::default(),
        }
    }
}

/// What admins see, of these.
pub(crate) fn counts(mocks: Mocks, users: MockUserRepository) -> AttemptCounts {
    AttemptCounts { attempts: mocks.build(), users: Arc::new(users), ..counts_by(MockUnits::default()) }
}

/// The same, where they write.
pub(crate) fn counts_by(units: MockUnits<MockAccountUnit>) -> AttemptCounts {
    AttemptCounts {
        attempts: Mocks::default().build(),
        users: Arc::new(MockUserRepository::new()),
        units: Arc::new(units),
        journal: journal(Arc::new(access_tokens())),
        sudo_window: TimeDelta::minutes(10),
    }
}
