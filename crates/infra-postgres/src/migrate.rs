use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use migration::{Status, Step};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqlxPostgresConnector, Statement};
use sqlx::postgres::PgPoolOptions;

use crate::connect::try_connection;
use crate::{PostgresError, PostgresSettings};

/// The advisory lock that whoever migrates holds: "hexauth" in ASCII.
const LOCK: i64 = 0x0068_6578_6175_7468;
/// Longest wait for another node to finish.
const LOCK_TIMEOUT: Duration = Duration::from_secs(120);
/// How often to ask. Waiting inside `pg_advisory_lock` would hold a snapshot open, which blocks the other node's
/// `CREATE INDEX CONCURRENTLY` for ever.
const LOCK_RETRY: Duration = Duration::from_millis(200);

/// Migrates the database under a lock, so that of many nodes at once one does the work and the others wait. Answers
/// the names of the migrations that this call applied or reverted.
///
/// # Errors
/// [`PostgresError`], every variant. Each migration is one transaction: one that fails leaves nothing behind.
pub async fn migrate(settings: &PostgresSettings, step: Step) -> Result<Vec<String>, PostgresError> {
    let connection = one_connection(settings).await?;
    acquire_lock(&connection).await?;
    // The lock belongs to the connection: closing releases it, whatever happened.
    let result = migration::run(&connection, step).await;
    connection.close().await?;
    Ok(result?)
}

/// Every migration and whether the database has it. Changes nothing.
///
/// # Errors
/// [`PostgresError`], every variant but `Locked`.
pub async fn migration_status(settings: &PostgresSettings) -> Result<Vec<Status>, PostgresError> {
    let connection = one_connection(settings).await?;
    let status = migration::status(&connection).await;
    connection.close().await?;
    Ok(status?)
}

/// A pool of exactly one connection, which is never replaced: another would not hold the lock. Without a limit on a statement's time: a migration
/// may take long.
async fn one_connection(settings: &PostgresSettings) -> Result<DatabaseConnection, PostgresError> {
    let options = settings.connect_options()?;
    try_connection(&options, settings.acquire_timeout).await?;
    let connected = AtomicBool::new(false);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |_, _| {
            let is_first = !connected.swap(true, Ordering::SeqCst);
            let lost = || sqlx::Error::Io(io::Error::other("the connection was lost while migrating"));
            Box::pin(async move { if is_first { Ok(()) } else { Err(lost()) } })
        })
        .connect_lazy_with(options);
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

async fn acquire_lock(connection: &DatabaseConnection) -> Result<(), PostgresError> {
    let started = Instant::now();
    loop {
        let sql = "SELECT pg_try_advisory_lock($1) AS locked";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [LOCK.into()]);
        let row = connection.query_one_raw(statement).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("pg_try_advisory_lock".to_owned()))?;
        if row.try_get::<bool>("", "locked")? {
            return Ok(());
        }
        if started.elapsed() > LOCK_TIMEOUT {
            return Err(PostgresError::Locked(LOCK_TIMEOUT.as_secs()));
        }
        tokio::time::sleep(LOCK_RETRY).await;
    }
}
