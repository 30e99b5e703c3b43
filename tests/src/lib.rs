//! What the tests of several crates share, and the tests across crates.
//!
//! - [`postgres`] and [`sqlite`] make fresh databases: an empty one, or one with the schema in it.
//! - [`TestDatabase`] and [`EmptyDatabase`] are what a test asks for that runs on both.
//! - [`on_each_database!`] makes such a function two tests, `name::sqlite` and `name::postgres`.
//!
//! The tests themselves are in `boundaries/` (who may depend on whom), `contract/` (every MUST of the ports, on every
//! database) and `api/` (over HTTP).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a failure here is a failed test"
)]

mod database;
pub mod postgres;
pub mod process;
pub mod sqlite;

pub use database::{EmptyDatabase, OnDatabase, TestDatabase, on_postgres, on_sqlite};

/// Makes each of these functions one test on SQLite and one on PostgreSQL.
///
/// The function takes one argument of any type that implements [`OnDatabase`]. A function that is left out of the
/// list is dead code, which the compiler reports.
///
/// ```ignore
/// on_each_database!(the_database_answers);
///
/// async fn the_database_answers(db: TestDatabase) {
///     db.health.check().await.unwrap();
/// }
/// ```
#[macro_export]
macro_rules! on_each_database {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                $crate::on_sqlite(super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                $crate::on_postgres(super::$name).await;
            }
        })+
    };
}
