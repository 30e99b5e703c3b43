use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use migration::{Migrator, MigratorTrait, Status, Step};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqlxPostgresConnector, TransactionTrait,
};
use sqlx::postgres::PgPoolOptions;

use crate::connect::{ISOLATION, run_set_up, try_connection};
use crate::connections::try_lock;
use crate::{PostgresError, PostgresSettings};

/// The advisory lock that whoever migrates holds: "hexauth" in ASCII.
const LOCK: i64 = 0x0068_6578_6175_7468;
/// Longest wait for another node to finish.
const LOCK_TIMEOUT: Duration = Duration::from_secs(120);
/// How often to ask. Waiting inside `pg_advisory_lock` would hold a snapshot open, which blocks the other node's
/// `CREATE INDEX CONCURRENTLY` for ever.
const LOCK_RETRY: Duration = Duration::from_millis(200);
/// A migration may take long, whatever limits are set on the server, the database or the role.
const NO_LIMIT: Duration = Duration::ZERO;

/// Migrates Hexauth's own tables, as [`migrate_with`] does.
///
/// # Errors
/// As for [`migrate_with`].
pub async fn migrate(settings: &PostgresSettings, step: Step) -> Result<Vec<String>, PostgresError> {
    migrate_with::<Migrator>(settings, step).await
}

/// Migrates the database with the migrator `M`, under a lock, so that of many nodes at once one does the work and the
/// others wait. Returns the names of the migrations that this call applied or reverted.
///
/// # Errors
/// [`PostgresError`], every variant but `Url`. Each migration is one transaction: one that fails leaves nothing behind.
/// Through a PgBouncer all of them are one transaction together.
pub async fn migrate_with<M: MigratorTrait>(
    settings: &PostgresSettings,
    step: Step,
) -> Result<Vec<String>, PostgresError> {
    let connection = one_connection(settings).await?;
    // The lock belongs to the connection or the transaction, and is released with it, whatever happens.
    let result = if settings.prepared_statements {
        acquire_lock(&connection).await?;
        migration::run::<M, _>(&connection, step).await
    } else {
        let transaction = begin_with_lock(&connection, settings).await?;
        let result = migration::run::<M, _>(&transaction, step).await;
        commit(transaction, result).await
    };
    connection.close().await?;
    Ok(result?)
}

/// Every migration of Hexauth's own tables, as [`migration_status_with`] lists them.
///
/// # Errors
/// As for [`migration_status_with`].
pub async fn migration_status(settings: &PostgresSettings) -> Result<Vec<Status>, PostgresError> {
    migration_status_with::<Migrator>(settings).await
}

/// Every migration of `M` and whether the database has it. Changes nothing.
///
/// # Errors
/// [`PostgresError`], every variant but `Url` and `Locked`.
pub async fn migration_status_with<M: MigratorTrait>(
    settings: &PostgresSettings,
) -> Result<Vec<Status>, PostgresError> {
    let connection = one_connection(settings).await?;
    let status = if settings.prepared_statements {
        migration::status::<M, _>(&connection).await
    } else {
        let transaction = begin(&connection, settings).await?;
        let status = migration::status::<M, _>(&transaction).await;
        commit(transaction, status).await
    };
    connection.close().await?;
    Ok(status?)
}

/// A pool of exactly one connection, which is never replaced: another would not hold the lock.
async fn one_connection(settings: &PostgresSettings) -> Result<DatabaseConnection, PostgresError> {
    let options = settings.connect_options();
    try_connection(settings).await?;
    let set_up = settings.set_up(NO_LIMIT);
    let connected = AtomicBool::new(false);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            let is_first = !connected.swap(true, Ordering::SeqCst);
            let lost = || sqlx::Error::Io(io::Error::other("the connection was lost while migrating"));
            let set_up = set_up.clone();
            Box::pin(async move {
                if !is_first {
                    return Err(lost());
                }
                run_set_up(connection, set_up.as_deref()).await
            })
        })
        .connect_lazy_with(options);
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

async fn acquire_lock(connection: &DatabaseConnection) -> Result<(), PostgresError> {
    let started = Instant::now();
    while !try_lock(connection, "pg_try_advisory_lock", LOCK).await? {
        wait_for_lock(started).await?;
    }
    Ok(())
}

/// Takes the lock for one transaction, which a PgBouncer keeps on one server.
async fn begin_with_lock(
    connection: &DatabaseConnection,
    settings: &PostgresSettings,
) -> Result<DatabaseTransaction, PostgresError> {
    let started = Instant::now();
    loop {
        let transaction = begin(connection, settings).await?;
        if try_lock(&transaction, "pg_try_advisory_xact_lock", LOCK).await? {
            return Ok(transaction);
        }
        commit(transaction, Ok::<_, DbErr>(())).await?;
        wait_for_lock(started).await?;
    }
}

async fn wait_for_lock(started: Instant) -> Result<(), PostgresError> {
    if started.elapsed() > LOCK_TIMEOUT {
        return Err(PostgresError::Locked(LOCK_TIMEOUT.as_secs()));
    }
    tokio::time::sleep(LOCK_RETRY).await;
    Ok(())
}

/// SeaORM names every statement, counting from one. Behind a PgBouncer the names stay on the server, where another
/// client that counts would collide with them, so they are removed before and after.
const FORGET_STATEMENTS: &str = "DEALLOCATE ALL";

async fn begin(connection: &DatabaseConnection, settings: &PostgresSettings) -> Result<DatabaseTransaction, DbErr> {
    let transaction = connection.begin().await?;
    let settings = settings.settings_of_transaction(NO_LIMIT);
    let begin = format!("SET TRANSACTION ISOLATION LEVEL {ISOLATION}; {settings}; {FORGET_STATEMENTS}");
    transaction.execute_unprepared(&begin).await?;
    Ok(transaction)
}

/// Commits unless something failed.
async fn commit<T, E: From<DbErr>>(transaction: DatabaseTransaction, result: Result<T, E>) -> Result<T, E> {
    let value = result?;
    transaction.execute_unprepared(FORGET_STATEMENTS).await?;
    transaction.commit().await?;
    Ok(value)
}
