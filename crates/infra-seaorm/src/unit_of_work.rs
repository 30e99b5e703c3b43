use async_trait::async_trait;
use domain::RepositoryError;
use domain::keys::SigningKeyRepository;
use domain::passwords::PasswordRepository;
use domain::sessions::{RefreshTokenRepository, RevocationRepository};
use domain::tasks::TaskRepository;
use domain::units::{UnitOfWork, UnitOfWorkFactory};
use domain::users::UserRepository;

use crate::{Connections, Store, Transaction};

/// The number of the lock that whoever cleans up holds: "hexclean" in ASCII.
const CLEANUP_LOCK: i64 = 0x6865_7863_6c65_616e;

#[async_trait]
impl<C: Connections> UnitOfWorkFactory for Store<C> {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        let transaction = self.connection.begin_unit().await.map_err(|error| self.error(error))?;
        Ok(Box::new(Store::new(transaction, self.is_transient)))
    }
}

#[async_trait]
impl<T: Transaction> UnitOfWork for Store<T> {
    fn users(&self) -> &dyn UserRepository {
        self
    }

    fn passwords(&self) -> &dyn PasswordRepository {
        self
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

    fn tasks(&self) -> &dyn TaskRepository {
        self
    }

    async fn try_lock_cleanup(&self) -> Result<bool, RepositoryError> {
        self.connection.try_lock(CLEANUP_LOCK).await.map_err(|error| self.error(error))
    }

    async fn commit(self: Box<Self>) -> Result<(), RepositoryError> {
        let Store { connection, is_transient, has_failed, .. } = *self;
        // After a failed statement PostgreSQL answers COMMIT with a rollback and calls that a success.
        if has_failed.into_inner() {
            return Err(RepositoryError::Internal("a statement of this unit of work failed".into()));
        }
        connection.commit().await.map_err(|error| Store::new((), is_transient).error(error))
    }
}
