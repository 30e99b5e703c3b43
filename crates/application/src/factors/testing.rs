use std::sync::Arc;

use domain::attempts::{MockAttemptRepository, Reservation};
use domain::factors::{MockFactorRepository, MockTotpSecrets};

use super::SecondFactors;
use crate::testing::{FakeMac, clock};

#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) factors: MockFactorRepository,
    pub(crate) totp: MockTotpSecrets,
    pub(crate) attempts: MockAttemptRepository,
}

impl Mocks {
    /// Nobody has a second factor.
    pub(crate) fn none() -> Self {
        let mut mocks = Self::default();
        mocks.factors.expect_list_totp().returning(|_| Ok(Vec::new()));
        mocks
    }

    /// Every attempt is taken.
    pub(crate) fn taking_all(mut self) -> Self {
        self.attempts.expect_reserve().returning(|_, _, _| Ok(Reservation::Taken));
        self.attempts.expect_forget().returning(|_| Ok(true));
        self.factors.expect_take_totp_attempt().returning(|_| Ok(true));
        self.factors.expect_forget_totp_attempts().returning(|_| Ok(()));
        self
    }

    pub(crate) fn build(self) -> SecondFactors {
        SecondFactors {
            factors: Arc::new(self.factors),
            totp: Arc::new(self.totp),
            attempts: Arc::new(self.attempts),
            mac: Arc::new(FakeMac),
            clock: clock(),
        }
    }
}
