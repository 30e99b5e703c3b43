//! What the tests of several crates share, and the tests across crates.
//!
//! - [`postgres`] and [`sqlite`] make fresh databases: an empty one, or one with the schema in it.
//! - [`TestDatabase`] and [`EmptyDatabase`] are what a test asks for that runs on both.
//! - [`cluster`] makes PostgreSQL servers that may be killed, [`proxy`] lines that may be cut.
//! - [`process`] runs the binary, and [`client`] speaks to it. [`browser`] opens its pages.
//! - [`issuer`] says who somebody is, rightly or wrongly.
//! - [`relay`] takes mails as its script says, and [`servers`] starts programs of others.
//! - [`population`] fills the users of a database, and [`outbox`] its mails.
//! - [`soft_passkey`] signs as a passkey would, or would not.
//! - [`totp`] is an authenticator app.
//! - [`token_corpus`] makes access tokens that must be refused.
//! - [`on_each_database!`] makes such a function two tests, `name::sqlite` and `name::postgres`, and
//!   [`on_each_database_and_pgbouncer!`] a third, `through_pgbouncer::name`.
//!
//! The tests themselves are in `boundaries/` (who may depend on whom), `contract/` (every MUST of the ports, on every
//! database), `api/` (over HTTP), `examples/` (the programs in `examples`), `process/` (the binary) and `nodes/`
//! (several of them, and databases that fail).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a failure here is a failed test"
)]

pub mod browser;
pub mod client;
pub mod cluster;
mod database;
pub mod issuer;
pub mod outbox;
pub mod pgbouncer;
pub mod population;
pub mod postgres;
pub mod process;
mod programs;
pub mod proxy;
pub mod relay;
pub mod servers;
pub mod soft_passkey;
pub mod sqlite;
pub mod token_corpus;
pub mod totp;

pub use database::{
    AnyStore, EmptyDatabase, OnDatabase, OnPgBouncer, TestDatabase, connect, count, on_pgbouncer, on_postgres,
    on_sqlite, run_sql,
};

/// Makes each of these functions one test on SQLite and one on PostgreSQL.
///
/// The function takes one argument of any type that implements [`OnDatabase`]. A function that is left out of the
/// list is dead code, which the compiler reports.
///
/// ```ignore
/// on_each_database!(the_database_is_healthy);
///
/// async fn the_database_is_healthy(db: TestDatabase) {
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

/// Makes each of these functions one test on SQLite, one on PostgreSQL and one on PostgreSQL through PgBouncer.
///
/// As [`on_each_database!`], with types that implement [`OnPgBouncer`] too.
#[macro_export]
macro_rules! on_each_database_and_pgbouncer {
    ($($name:ident),+ $(,)?) => {
        $crate::on_each_database!($($name),+);

        mod through_pgbouncer {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $crate::on_pgbouncer(super::$name).await;
            })+
        }
    };
}
