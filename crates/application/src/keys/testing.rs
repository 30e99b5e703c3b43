use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use chrono::TimeDelta;
use domain::access_tokens::MockAccessTokens;
use domain::keys::{Algorithm, MockKeyUnit, MockSigningKeyFactory, MockSigningKeyRepository};
use domain::units::MockUnits;

use super::Keys;
use crate::testing::{TOKEN_TTL, access_tokens, clock, ids, journal};

pub(crate) struct Mocks {
    pub(crate) signing_keys: MockSigningKeyRepository,
    pub(crate) key_factory: MockSigningKeyFactory,
    pub(crate) access_tokens: MockAccessTokens,
    pub(crate) algorithm: Algorithm,
    pub(crate) rotate_keys_after: Option<TimeDelta>,
    pub(crate) access_token_ttl: TimeDelta,
    pub(crate) units: MockUnits<MockKeyUnit>,
}

impl Default for Mocks {
    fn default() -> Self {
        Self {
            signing_keys: MockSigningKeyRepository::new(),
            key_factory: MockSigningKeyFactory::new(),
            access_tokens: access_tokens(),
            algorithm: Algorithm::EdDsa,
            rotate_keys_after: Some(TimeDelta::days(90)),
            access_token_ttl: TOKEN_TTL,
            units: MockUnits::default(),
        }
    }
}

impl Mocks {
    /// Expects these units of work, and counts their commits.
    pub(crate) fn units(&mut self, units: impl IntoIterator<Item = MockKeyUnit>) -> Arc<AtomicUsize> {
        self.units = MockUnits::new(units);
        self.units.commits()
    }

    pub(crate) fn build(self) -> Keys {
        let access_tokens = Arc::new(self.access_tokens);
        Keys {
            signing_keys: Arc::new(self.signing_keys),
            units: Arc::new(self.units),
            factory: Arc::new(self.key_factory),
            access_tokens: access_tokens.clone(),
            ids: ids(),
            clock: clock(),
            journal: journal(access_tokens),
            algorithm: self.algorithm,
            rotate_after: self.rotate_keys_after,
            access_token_ttl: self.access_token_ttl,
        }
    }
}
