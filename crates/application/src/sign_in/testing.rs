use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use domain::access_tokens::MockAccessTokens;
use domain::passwords::{MockHashPlace, MockPasswordRepository};
use domain::registration::RegistrationMode;
use domain::sessions::RefreshPolicy;
use domain::units::{MockAccountUnit, MockUnits};

use super::SignIn;
use crate::attempts::testing as attempts;
use crate::one_time_tokens::testing as one_time_tokens;
use crate::testing::{access_tokens, clock, hashing, ids, issuer, journal};

pub(crate) struct Mocks {
    pub(crate) attempts: attempts::Mocks,
    pub(crate) one_time_tokens: one_time_tokens::Mocks,
    pub(crate) passwords: MockPasswordRepository,
    pub(crate) access_tokens: MockAccessTokens,
    pub(crate) hash_place: Option<MockHashPlace>,
    pub(crate) units: MockUnits<MockAccountUnit>,
}

impl Default for Mocks {
    fn default() -> Self {
        Self {
            attempts: attempts::Mocks::taking_all(),
            one_time_tokens: one_time_tokens::Mocks::default(),
            passwords: MockPasswordRepository::new(),
            access_tokens: access_tokens(),
            hash_place: Some(MockHashPlace::new()),
            units: MockUnits::default(),
        }
    }
}

impl Mocks {
    /// The place at the hasher.
    pub(crate) fn hashing(&mut self) -> &mut MockHashPlace {
        self.hash_place.get_or_insert_default()
    }

    /// All places at the hasher are taken.
    pub(crate) fn overloaded() -> SignIn {
        Self { hash_place: None, ..Self::default() }.build()
    }

    /// Expects these units of work, and counts their commits.
    pub(crate) fn units(&mut self, units: impl IntoIterator<Item = MockAccountUnit>) -> Arc<AtomicUsize> {
        self.units = MockUnits::new(units);
        self.units.commits()
    }

    pub(crate) fn build(self) -> SignIn {
        let access_tokens = Arc::new(self.access_tokens);
        SignIn {
            passwords: Arc::new(self.passwords),
            units: Arc::new(self.units),
            attempts: self.attempts.build(),
            one_time_tokens: self.one_time_tokens.build(),
            hashing: hashing(self.hash_place),
            issuer: issuer(access_tokens.clone()),
            ids: ids(),
            clock: clock(),
            journal: journal(access_tokens),
            policy: RefreshPolicy::default(),
            registration: RegistrationMode::Open,
            email_sign_in: true,
        }
    }
}
