use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::{UnitOfWork, UnitOfWorkFactory};
use crate::RepositoryError;
use crate::keys::{MockSigningKeyRepository, SigningKeyRepository};
use crate::passwords::{MockPasswordRepository, PasswordRepository};
use crate::sessions::{
    MockRefreshTokenRepository, MockRevocationRepository, RefreshTokenRepository, RevocationRepository,
};
use crate::tasks::{MockTaskRepository, TaskRepository};
use crate::users::{MockUserRepository, UserRepository};

/// Hands out the units of work it was given, in order, and panics when asked for more. Counts the commits.
#[derive(Default)]
pub struct MockUnitsOfWork {
    units: Mutex<Vec<MockUnitOfWork>>,
    commits: Arc<AtomicUsize>,
}

/// A unit of work on mocked repositories.
#[derive(Default)]
pub struct MockUnitOfWork {
    /// What `users()` lends out.
    pub users: MockUserRepository,
    /// What `passwords()` lends out.
    pub passwords: MockPasswordRepository,
    /// What `refresh_tokens()` lends out.
    pub refresh_tokens: MockRefreshTokenRepository,
    /// What `revocations()` lends out.
    pub revocations: MockRevocationRepository,
    /// What `signing_keys()` lends out.
    pub signing_keys: MockSigningKeyRepository,
    /// What `tasks()` lends out.
    pub tasks: MockTaskRepository,
    /// Whether another unit has the turn to clean up.
    pub is_cleanup_locked: bool,
    commits: Arc<AtomicUsize>,
}

impl MockUnitsOfWork {
    /// A factory of these units.
    pub fn new(units: impl IntoIterator<Item = MockUnitOfWork>) -> Self {
        let commits = Arc::new(AtomicUsize::new(0));
        let units = units.into_iter().map(|unit| MockUnitOfWork { commits: Arc::clone(&commits), ..unit });
        let mut units: Vec<_> = units.collect();
        units.reverse();
        Self { units: Mutex::new(units), commits }
    }

    /// The number of commits so far, readable after the factory was handed on.
    pub fn commits(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.commits)
    }
}

#[async_trait]
impl UnitOfWorkFactory for MockUnitsOfWork {
    #[expect(clippy::expect_used, reason = "a unit too many is a failed test")]
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        let unit = self.units.lock().expect("no test panics with this lock held").pop();
        Ok(Box::new(unit.expect("the use case began a unit of work that the test does not expect")))
    }
}

#[async_trait]
impl UnitOfWork for MockUnitOfWork {
    fn users(&self) -> &dyn UserRepository {
        &self.users
    }

    fn passwords(&self) -> &dyn PasswordRepository {
        &self.passwords
    }

    fn refresh_tokens(&self) -> &dyn RefreshTokenRepository {
        &self.refresh_tokens
    }

    fn revocations(&self) -> &dyn RevocationRepository {
        &self.revocations
    }

    fn signing_keys(&self) -> &dyn SigningKeyRepository {
        &self.signing_keys
    }

    fn tasks(&self) -> &dyn TaskRepository {
        &self.tasks
    }

    async fn try_lock_cleanup(&self) -> Result<bool, RepositoryError> {
        Ok(!self.is_cleanup_locked)
    }

    async fn commit(self: Box<Self>) -> Result<(), RepositoryError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
