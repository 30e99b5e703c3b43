use async_trait::async_trait;

use super::UnitOfWork;
use crate::StoreError;
use crate::attempts::AttemptRepository;
use crate::events::EventRepository;
use crate::keys::SigningKeyRepository;
use crate::mail::OutboxRepository;
use crate::one_time_tokens::OneTimeTokenRepository;
use crate::passkeys::CeremonyRepository;
use crate::providers::ProviderFlowRepository;
use crate::sessions::{RefreshTokenRepository, RevocationRepository};
#[cfg(feature = "mocks")]
use crate::{
    attempts::MockAttemptRepository,
    events::MockEventRepository,
    keys::MockSigningKeyRepository,
    mail::MockOutboxRepository,
    one_time_tokens::MockOneTimeTokenRepository,
    passkeys::MockCeremonyRepository,
    providers::MockProviderFlowRepository,
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

    /// The one-time tokens, inside this unit.
    fn one_time_tokens(&self) -> &dyn OneTimeTokenRepository;

    /// The ceremonies of passkeys, inside this unit.
    fn ceremonies(&self) -> &dyn CeremonyRepository;

    /// The flows of sign-ins by providers, inside this unit.
    fn provider_flows(&self) -> &dyn ProviderFlowRepository;

    /// The mails, inside this unit.
    fn outbox(&self) -> &dyn OutboxRepository;

    /// The counts of attempts, inside this unit.
    fn attempts(&self) -> &dyn AttemptRepository;
}

#[cfg(feature = "mocks")]
super::mock_unit! {
    /// A unit of work of a clean-up, on mocked repositories.
    MockCleanupUnit: CleanupUnit {
        refresh_tokens: MockRefreshTokenRepository as RefreshTokenRepository,
        revocations: MockRevocationRepository as RevocationRepository,
        signing_keys: MockSigningKeyRepository as SigningKeyRepository,
        events: MockEventRepository as EventRepository,
        one_time_tokens: MockOneTimeTokenRepository as OneTimeTokenRepository,
        ceremonies: MockCeremonyRepository as CeremonyRepository,
        provider_flows: MockProviderFlowRepository as ProviderFlowRepository,
        outbox: MockOutboxRepository as OutboxRepository,
        attempts: MockAttemptRepository as AttemptRepository,
    }
    async fn try_lock(&self) -> Result<bool, StoreError> {
        Ok(!self.unit.is_turn_taken)
    }
}
