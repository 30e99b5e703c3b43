use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use migration::{Migrator, MigratorTrait, Status, Step};
use sqlx::Connection;

use crate::connect::{pool, prepare_file, try_connection};
use crate::{SqliteError, SqliteSettings, private_file};

/// Longest wait for another process to finish.
const LOCK_TIMEOUT: Duration = Duration::from_secs(120);
const LOCK_RETRY: Duration = Duration::from_millis(100);

/// Migrates Hexauth's own tables, as [`migrate_with`] does.
///
/// # Errors
/// As for [`migrate_with`].
pub async fn migrate(settings: &SqliteSettings, step: Step) -> Result<Vec<String>, SqliteError> {
    migrate_with::<Migrator>(settings, step).await
}

/// Migrates the database with the migrator `M`, creating the file if there is none, under a lock, so that of several
/// processes at once one does the work and the others wait. Returns the names of the migrations that this call applied
/// or reverted.
///
/// # Errors
/// [`SqliteError`], every variant. Each migration is one transaction: one that fails leaves nothing behind.
pub async fn migrate_with<M: MigratorTrait>(settings: &SqliteSettings, step: Step) -> Result<Vec<String>, SqliteError> {
    let options = settings.connect_options()?;
    let file = options.get_filename().to_owned();
    prepare_file(&file).map_err(|source| SqliteError::Prepare { file: file.clone(), source })?;
    let _lock = acquire_lock(&file).await?;
    // Under the lock, since turning on the write-ahead log does not wait for others.
    try_connection(&options).await?.close().await.map_err(|source| SqliteError::Open { file, source })?;
    let connection = pool(options, 1, settings.acquire_timeout);
    let result = migration::run::<M, _>(&connection, step).await;
    connection.close().await?;
    Ok(result?)
}

/// Every migration of Hexauth's own tables, as [`migration_status_with`] lists them.
///
/// # Errors
/// As for [`migrate_with`].
pub async fn migration_status(settings: &SqliteSettings) -> Result<Vec<Status>, SqliteError> {
    migration_status_with::<Migrator>(settings).await
}

/// Every migration of `M` and whether the database has it. Changes nothing. Where there is no file, all are pending.
///
/// # Errors
/// As for [`migrate_with`].
pub async fn migration_status_with<M: MigratorTrait>(settings: &SqliteSettings) -> Result<Vec<Status>, SqliteError> {
    let options = settings.connect_options()?;
    let file = options.get_filename().to_owned();
    if !file.exists() {
        return Ok(migration::all_pending::<M>());
    }
    try_connection(&options).await?.close().await.map_err(|source| SqliteError::Open { file, source })?;
    let connection = pool(options, 1, settings.acquire_timeout);
    let status = migration::status::<M, _>(&connection).await;
    connection.close().await?;
    Ok(status?)
}

/// A file beside the database: locking the database itself would interfere with SQLite's own locks.
fn lock_file(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".migrate-lock");
    PathBuf::from(name)
}

/// Opens the lock file of a database. Only the owner of the database may open it, since anyone who can open it can hold
/// it. One with other rights, from root or an earlier version, or that is not a file, is replaced. If it is held at
/// that moment, two processes migrate at once, and one of them fails.
fn open_lock(file: &Path, database: &Path) -> io::Result<File> {
    match private_file::create(file, database) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if private_file::is_private(file, database)?
        && let Ok(lock) = OpenOptions::new().write(true).open(file)
    {
        return Ok(lock);
    }
    fs::remove_file(file)?;
    private_file::create(file, database)
}

/// Waits for the lock. It is released when the file is closed.
async fn acquire_lock(database: &Path) -> Result<File, SqliteError> {
    let started = Instant::now();
    let file = lock_file(database);
    let failed = |source| SqliteError::Lock { file: file.clone(), source };
    let lock = open_lock(&file, database).map_err(failed)?;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) if started.elapsed() > LOCK_TIMEOUT => {
                return Err(failed(io::Error::other("another process has held it for too long")));
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_RETRY).await,
        }
    }
}
