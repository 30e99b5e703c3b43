//! Stand-ins for units of work, for unit tests of use cases. Their repositories are made by `mockall`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::sessions::RefreshToken;
use crate::users::User;

/// Hands out the units of work it was given, in order, and panics when asked for more. Counts the commits.
pub struct MockUnits<U> {
    units: Mutex<Vec<U>>,
    commits: Arc<AtomicUsize>,
}

/// What all mocked units of work have in common.
#[derive(Default)]
pub struct MockUnit {
    /// What [`hold`](crate::units::UnitOfWork::hold) returns. It panics where a test gives nothing.
    pub held: Option<Option<(RefreshToken, User)>>,
    /// Whether another unit has the turn to clean up.
    pub is_turn_taken: bool,
    /// Counts the commits.
    pub commits: Arc<AtomicUsize>,
}

impl<U> Default for MockUnits<U> {
    fn default() -> Self {
        Self { units: Mutex::default(), commits: Arc::default() }
    }
}

impl<U: AsMut<MockUnit>> MockUnits<U> {
    /// Hands out these units.
    pub fn new(units: impl IntoIterator<Item = U>) -> Self {
        let commits = Arc::new(AtomicUsize::new(0));
        let mut units: Vec<_> = units.into_iter().collect();
        units.iter_mut().for_each(|unit| unit.as_mut().commits = Arc::clone(&commits));
        units.reverse();
        Self { units: Mutex::new(units), commits }
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

    pub(crate) fn commit(&self) {
        self.commits.fetch_add(1, Ordering::SeqCst);
    }
}

/// Declares the stand-in for a kind of unit: a struct with a mock for each repository that it lends out, which
/// [`MockUnits`] begins. Behind these stands whatever else the unit can do.
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
            ) -> Result<Option<($crate::sessions::RefreshToken, $crate::users::User)>, $crate::RepositoryError> {
                Ok(self.unit.held())
            }

            async fn commit(self: Box<Self>) -> Result<(), $crate::RepositoryError> {
                self.unit.commit();
                Ok(())
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
            async fn begin(&self) -> Result<Box<dyn $unit>, $crate::RepositoryError> {
                Ok(Box::new(self.next()))
            }
        }
    };
}

pub(crate) use mock_unit;
