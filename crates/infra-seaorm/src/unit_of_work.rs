use async_trait::async_trait;
use domain::StoreError;
use domain::attempts::AttemptRepository;
use domain::events::{Event, EventRepository};
use domain::factors::FactorRepository;
use domain::identities::IdentityRepository;
use domain::keys::SigningKeyRepository;
use domain::mail::OutboxRepository;
use domain::one_time_tokens::OneTimeTokenRepository;
use domain::passkeys::{CeremonyRepository, PasskeyRepository};
use domain::passwords::PasswordRepository;
use domain::providers::ProviderFlowRepository;
use domain::registration::PendingAccountRepository;
use domain::sessions::{RefreshToken, RefreshTokenRepository, RevocationRepository, SessionId};
use domain::units::{AccountUnit, Begin, CleanupUnit, UnitOfWork};
use domain::users::{User, UserId, UserRepository};

use crate::{SqlConnections, Store, Transaction};

/// The number of the lock that is held while cleaning up: "hexclean" in ASCII.
const CLEANUP_LOCK: i64 = 0x6865_7863_6c65_616e;

impl<C: SqlConnections> Store<C> {
    /// The repositories, inside a transaction.
    pub(crate) async fn begin_unit(&self) -> Result<Store<C::Transaction>, StoreError> {
        let transaction = self.connection.begin_unit().await.map_err(|error| self.error(error))?;
        Ok(Store::new(transaction, self.is_transient))
    }
}

#[async_trait]
impl<T: Transaction> UnitOfWork for Store<T> {
    async fn hold(&self, user: UserId, session: SessionId) -> Result<Option<(RefreshToken, User)>, StoreError> {
        self.lock_user(user).await?;
        RefreshTokenRepository::find_with_user(self, session).await
    }

    async fn record(&self, event: &Event) -> Result<(), StoreError> {
        self.insert_event(event).await
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Store { connection, is_transient, has_failed, .. } = *self;
        // After a failed statement PostgreSQL rolls back on COMMIT and reports success.
        if has_failed.into_inner() {
            return Err(StoreError::Internal("a statement of this unit of work failed".into()));
        }
        connection.commit().await.map_err(|error| Store::new((), is_transient).error(error))
    }
}

#[async_trait]
impl<C: SqlConnections> Begin<dyn AccountUnit> for Store<C> {
    async fn begin(&self) -> Result<Box<dyn AccountUnit>, StoreError> {
        Ok(Box::new(self.begin_unit().await?))
    }
}

impl<T: Transaction> AccountUnit for Store<T> {
    fn users(&self) -> &dyn UserRepository {
        self
    }

    fn passwords(&self) -> &dyn PasswordRepository {
        self
    }

    fn factors(&self) -> &dyn FactorRepository {
        self
    }

    fn passkeys(&self) -> &dyn PasskeyRepository {
        self
    }

    fn identities(&self) -> &dyn IdentityRepository {
        self
    }

    fn refresh_tokens(&self) -> &dyn RefreshTokenRepository {
        self
    }

    fn revocations(&self) -> &dyn RevocationRepository {
        self
    }

    fn one_time_tokens(&self) -> &dyn OneTimeTokenRepository {
        self
    }

    fn pending_accounts(&self) -> &dyn PendingAccountRepository {
        self
    }

    fn outbox(&self) -> &dyn OutboxRepository {
        self
    }

    fn attempts(&self) -> &dyn AttemptRepository {
        self
    }
}

#[async_trait]
impl<C: SqlConnections> Begin<dyn CleanupUnit> for Store<C> {
    async fn begin(&self) -> Result<Box<dyn CleanupUnit>, StoreError> {
        Ok(Box::new(self.begin_unit().await?))
    }
}

#[async_trait]
impl<T: Transaction> CleanupUnit for Store<T> {
    async fn try_lock(&self) -> Result<bool, StoreError> {
        self.connection.try_lock(CLEANUP_LOCK).await.map_err(|error| self.error(error))
    }

    fn refresh_tokens(&self) -> &dyn RefreshTokenRepository {
        self
    }

    fn revocations(&self) -> &dyn RevocationRepository {
        self
    }

    fn signing_keys(&self) -> &dyn SigningKeyRepository {
        self
    }

    fn events(&self) -> &dyn EventRepository {
        self
    }

    fn one_time_tokens(&self) -> &dyn OneTimeTokenRepository {
        self
    }

    fn ceremonies(&self) -> &dyn CeremonyRepository {
        self
    }

    fn provider_flows(&self) -> &dyn ProviderFlowRepository {
        self
    }

    fn outbox(&self) -> &dyn OutboxRepository {
        self
    }

    fn attempts(&self) -> &dyn AttemptRepository {
        self
    }
}
