use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use migration::{Status, Step};
use sqlx::Connection;

use crate::connect::{create_file, pool, try_connection};
use crate::{SqliteError, SqliteSettings};

/// Migrates the database, creating the file if there is none, under a lock, so that of several processes at once one
/// does the work and the others wait. Answers the names of the migrations that this call applied or reverted.
///
/// # Errors
/// [`SqliteError`], every variant. Each migration is one transaction: one that fails leaves nothing behind.
pub async fn migrate(settings: &SqliteSettings, step: Step) -> Result<Vec<String>, SqliteError> {
    let options = settings.connect_options()?;
    let file = options.get_filename().to_owned();
    create_file(&file).map_err(|source| SqliteError::Create { file: file.clone(), source })?;
    let lock_file = lock_file(&file);
    let waiting = lock_file.clone();
    let lock = tokio::task::spawn_blocking(move || lock(&waiting)).await.unwrap_or_else(|panic| Err(panic.into()));
    let _lock = lock.map_err(|source| SqliteError::Lock { file: lock_file, source })?;
    try_connection(&options).await?.close().await.map_err(|source| SqliteError::Open { file, source })?;
    let connection = pool(options, 1, settings.acquire_timeout);
    let result = migration::run(&connection, step).await;
    connection.close().await?;
    Ok(result?)
}

/// Every migration and whether the database has it. Changes nothing.
///
/// # Errors
/// [`SqliteError::Open`] when there is no file; otherwise as for [`migrate`].
pub async fn migration_status(settings: &SqliteSettings) -> Result<Vec<Status>, SqliteError> {
    let options = settings.connect_options()?;
    let file = options.get_filename().to_owned();
    try_connection(&options).await?.close().await.map_err(|source| SqliteError::Open { file, source })?;
    let connection = pool(options, 1, settings.acquire_timeout);
    let status = migration::status(&connection).await;
    connection.close().await?;
    Ok(status?)
}

/// A file beside the database: locking the database itself would meddle with SQLite's own locks.
fn lock_file(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".migrate-lock");
    PathBuf::from(name)
}

/// Waits for the lock. It is released when the file is closed.
fn lock(file: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(file)?;
    file.lock()?;
    Ok(file)
}
