//! Stand-ins for units of work, for unit tests of use cases. Their repositories are made by `mockall`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::StoreError;
use crate::events::Event;
use crate::sessions::RefreshToken;
use crate::users::User;

/// Hands out the units of work it was given, in order, and panics when asked for more. Counts the commits, and keeps
/// the events that were recorded and committed.
pub struct MockUnits<U> {
    units: Mutex<Vec<U>>,
    commits: Arc<AtomicUsize>,
    events: Arc<Mutex<Vec<Event>>>,
}

/// What all mocked units of work have in common.
#[derive(Default)]
pub struct MockUnit {
    /// What [`hold`](crate::units::UnitOfWork::hold) returns. It panics where a test gives nothing.
    pub held: Option<Option<(RefreshToken, User)>>,
    /// Whether another unit has the turn to clean up.
    pub is_turn_taken: bool,
    /// Whether the database refuses to commit.
    pub refuses_commit: bool,
    /// Counts the commits.
    pub commits: Arc<AtomicUsize>,
    /// What was recorded.
    pub recorded: Mutex<Vec<Event>>,
    /// What was recorded and committed.
    pub events: Arc<Mutex<Vec<Event>>>,
}

impl<U> Default for MockUnits<U> {
    fn default() -> Self {
        Self { units: Mutex::default(), commits: Arc::default(), events: Arc::default() }
    }
}

impl<U: AsMut<MockUnit>> MockUnits<U> {
    /// Hands out these units.
    pub fn new(units: impl IntoIterator<Item = U>) -> Self {
        let (commits, events) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<Event>>>::default());
        let mut units: Vec<_> = units.into_iter().collect();
        for unit in &mut units {
            let unit = unit.as_mut();
            (unit.commits, unit.events) = (Arc::clone(&commits), Arc::clone(&events));
        }
        units.reverse();
        Self { units: Mutex::new(units), commits, events }
    }

    /// What was recorded and committed so far, readable after this was handed on.
    pub fn events(&self) -> Arc<Mutex<Vec<Event>>> {
        Arc::clone(&self.events)
    }

    /// The number of commits so far, readable after this was handed on.
    pub fn commits(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.commits)
    }

    /// The next unit.
    #[expect(clippy::expect_used, reason = "a unit too many is a failed test")]
    pub(crate) fn next(&self) -> U {
        let unit = self.units.lock().expect("no test panics with this lock held").pop();
        unit.expect("the use case began a unit of work that the test does not expect")
    }
}

impl MockUnit {
    #[expect(clippy::expect_used, reason = "an actor too many is a failed test")]
    pub(crate) fn held(&self) -> Option<(RefreshToken, User)> {
        self.held.clone().expect("the use case asked for an actor that the test does not expect")
    }

    #[expect(clippy::expect_used, reason = "a poisoned lock is a failed test")]
    pub(crate) fn record(&self, event: &Event) {
        self.recorded.lock().expect("no test panics with this lock held").push(event.clone());
    }

    #[expect(clippy::expect_used, reason = "a poisoned lock is a failed test")]
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        if self.refuses_commit {
            return Err(StoreError::Unavailable("it is down".into()));
        }
        let recorded = self.recorded.into_inner().expect("no test panics with this lock held");
        self.events.lock().expect("no test panics with this lock held").extend(recorded);
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Declares the stand-in for a kind of unit: a struct with a mock for each repository that it lends out, which
/// [`MockUnits`] begins. Whatever else the unit can do comes after these.
macro_rules! mock_unit {
    (
        $(#[$doc:meta])*
        $name:ident: $unit:ident { $($field:ident: $mock:ident as $repository:ident),+ $(,)? }
        $($more:tt)*
    ) => {
        $(#[$doc])*
        #[derive(Default)]
        pub struct $name {
            $(
                #[doc = concat!("What `", stringify!($field), "()` lends out.")]
                pub $field: $mock,
            )+
            /// What it has in common with others.
            pub unit: $crate::units::MockUnit,
        }

        impl AsMut<$crate::units::MockUnit> for $name {
            fn as_mut(&mut self) -> &mut $crate::units::MockUnit {
                &mut self.unit
            }
        }

        #[async_trait::async_trait]
        impl $crate::units::UnitOfWork for $name {
            async fn hold(
                &self,
                _: $crate::users::UserId,
                _: $crate::sessions::SessionId,
            ) -> Result<Option<($crate::sessions::RefreshToken, $crate::users::User)>, $crate::StoreError> {
                Ok(self.unit.held())
            }

            async fn record(&self, event: &$crate::events::Event) -> Result<(), $crate::StoreError> {
                self.unit.record(event);
                Ok(())
            }

            async fn commit(self: Box<Self>) -> Result<(), $crate::StoreError> {
                self.unit.commit()
            }
        }

        #[async_trait::async_trait]
        impl $unit for $name {
            $(
                fn $field(&self) -> &dyn $repository {
                    &self.$field
                }
            )+

            $($more)*
        }

        #[async_trait::async_trait]
        impl $crate::units::Begin<dyn $unit> for $crate::units::MockUnits<$name> {
            async fn begin(&self) -> Result<Box<dyn $unit>, $crate::StoreError> {
                Ok(Box::new(self.next()))
            }
        }
    };
}

pub(crate) use mock_unit;
