use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::{UnitOfWork, UnitOfWorkFactory};
use crate::RepositoryError;
use crate::events::{Event, EventRepository, MockEventRepository};
use crate::keys::{MockSigningKeyRepository, SigningKeyRepository};
use crate::sessions::{
    MockRefreshTokenRepository, MockRevocationRepository, RefreshTokenRepository, RevocationRepository,
};
use crate::tasks::{MockTaskRepository, TaskRepository};
use crate::users::{MockUserRepository, UserRepository};

/// Hands out the units of work it was given, in order, and panics when asked for more. Counts the commits,
/// and keeps the events that were recorded and committed.
#[derive(Default)]
pub struct MockUnitsOfWork {
    units: Mutex<Vec<MockUnitOfWork>>,
    commits: Arc<AtomicUsize>,
    events: Arc<Mutex<Vec<Event>>>,
}

/// A unit of work on mocked repositories.
#[derive(Default)]
pub struct MockUnitOfWork {
    /// What `users()` lends out.
    pub users: MockUserRepository,
    /// What `refresh_tokens()` lends out.
    pub refresh_tokens: MockRefreshTokenRepository,
    /// What `revocations()` lends out.
    pub revocations: MockRevocationRepository,
    /// What `signing_keys()` lends out.
    pub signing_keys: MockSigningKeyRepository,
    /// What `tasks()` lends out.
    pub tasks: MockTaskRepository,
    /// What `events()` lends out.
    pub events: MockEventRepository,
    /// Whether another unit has the turn to clean up.
    pub is_cleanup_locked: bool,
    /// Whether the database refuses to commit.
    pub refuses_commit: bool,
    recorded: Mutex<Vec<Event>>,
    commits: Arc<AtomicUsize>,
    committed: Arc<Mutex<Vec<Event>>>,
}

impl MockUnitsOfWork {
    /// A factory of these units.
    pub fn new(units: impl IntoIterator<Item = MockUnitOfWork>) -> Self {
        let (commits, events) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<Event>>>::default());
        let with_counts =
            |unit| MockUnitOfWork { commits: Arc::clone(&commits), committed: Arc::clone(&events), ..unit };
        let units = units.into_iter().map(with_counts);
        let mut units: Vec<_> = units.collect();
        units.reverse();
        Self { units: Mutex::new(units), commits, events }
    }

    /// The number of commits so far, readable after the factory was handed on.
    pub fn commits(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.commits)
    }

    /// What was recorded and committed so far, readable after the factory was handed on.
    pub fn events(&self) -> Arc<Mutex<Vec<Event>>> {
        Arc::clone(&self.events)
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

    fn events(&self) -> &dyn EventRepository {
        &self.events
    }

    #[expect(clippy::expect_used, reason = "a poisoned lock is a failed test")]
    async fn record(&self, event: &Event) -> Result<(), RepositoryError> {
        self.recorded.lock().expect("no test panics with this lock held").push(event.clone());
        Ok(())
    }

    async fn try_lock_cleanup(&self) -> Result<bool, RepositoryError> {
        Ok(!self.is_cleanup_locked)
    }

    #[expect(clippy::expect_used, reason = "a poisoned lock is a failed test")]
    async fn commit(self: Box<Self>) -> Result<(), RepositoryError> {
        if self.refuses_commit {
            return Err(RepositoryError::Unavailable("it is down".into()));
        }
        let recorded = self.recorded.into_inner().expect("no test panics with this lock held");
        self.committed.lock().expect("no test panics with this lock held").extend(recorded);
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
