use async_trait::async_trait;

use super::UnitOfWork;
use crate::StoreError;
use crate::events::EventRepository;
use crate::keys::SigningKeyRepository;
use crate::sessions::{RefreshTokenRepository, RevocationRepository};
#[cfg(feature = "mocks")]
use crate::{
    events::MockEventRepository,
    keys::MockSigningKeyRepository,
    sessions::{MockRefreshTokenRepository, MockRevocationRepository},
};

/// What a node cleans up: it removes what has ended.
#[async_trait]
pub trait CleanupUnit: UnitOfWork {
    /// Takes the turn to clean up, until this unit ends. Returns whether it did. Two units, of whatever nodes, MUST NOT
    /// have it at once, and it MUST NOT wait for one that has. If the node dies, the turn MUST be released.
    async fn try_lock(&self) -> Result<bool, StoreError>;

    /// The refresh tokens, inside this unit.
    fn refresh_tokens(&self) -> &dyn RefreshTokenRepository;

    /// What was revoked, inside this unit.
    fn revocations(&self) -> &dyn RevocationRepository;

    /// The signing keys, inside this unit.
    fn signing_keys(&self) -> &dyn SigningKeyRepository;

    /// The events, inside this unit.
    fn events(&self) -> &dyn EventRepository;
}

#[cfg(feature = "mocks")]
super::mock_unit! {
    /// A unit of work of a clean-up, on mocked repositories.
    MockCleanupUnit: CleanupUnit {
        refresh_tokens: MockRefreshTokenRepository as RefreshTokenRepository,
        revocations: MockRevocationRepository as RevocationRepository,
        signing_keys: MockSigningKeyRepository as SigningKeyRepository,
        events: MockEventRepository as EventRepository,
    }
    async fn try_lock(&self) -> Result<bool, StoreError> {
        Ok(!self.unit.is_turn_taken)
    }
}
