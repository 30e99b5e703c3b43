use std::io;
use std::path::PathBuf;

use domain::StoreError;
use migration::MigrateError;
use sea_orm::DbErr;
use thiserror::Error;

/// Why the SQLite file cannot be used, in words for the operator.
#[derive(Debug, Error)]
pub enum SqliteError {
    /// The URL cannot be read.
    #[error("the SQLite URL cannot be read: {0}")]
    Url(#[source] sqlx::Error),
    /// A database in memory was asked for.
    #[error("a SQLite database in memory is not supported: name a file, such as sqlite://data/hexauth.db")]
    InMemory,
    /// The file or its folder cannot be made or written, or the file is not a database.
    #[error("cannot use the SQLite file {file}: {source}", file = file.display())]
    Prepare {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is there but cannot be used.
    #[error("cannot open the SQLite file {file}: {source}", file = file.display())]
    Open {
        /// Which.
        file: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// The lock beside the file cannot be taken.
    #[error("cannot lock {file} to migrate: {source}", file = file.display())]
    Lock {
        /// The lock file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A migration failed, or cannot be reverted before one that this program does not know.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] MigrateError),
}

impl From<DbErr> for SqliteError {
    fn from(error: DbErr) -> Self {
        MigrateError::from(error).into()
    }
}

/// What an error that does not concern a single row means to a use case.
pub fn unavailable_or_internal(error: DbErr) -> StoreError {
    infra_seaorm::unavailable_or_internal(error, is_transient)
}

/// Whether trying again after this error may succeed.
pub(crate) fn is_transient(error: &DbErr) -> bool {
    infra_seaorm::is_transient(error, is_transient_code)
}

/// By SQLite's result code, extended or not: the low byte is the primary code.
fn is_transient_code(code: &str) -> bool {
    const CODES: [u32; 6] = [
        5,  // SQLITE_BUSY
        6,  // SQLITE_LOCKED
        8,  // SQLITE_READONLY
        10, // SQLITE_IOERR
        13, // SQLITE_FULL
        14, // SQLITE_CANTOPEN
    ];
    code.parse::<u32>().is_ok_and(|code| CODES.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::is_transient_code;

    #[test]
    fn faults_that_pass_are_told_from_faults_that_stay() {
        for code in ["5", "517", "13", "778"] {
            assert!(is_transient_code(code), "{code}");
        }
        for code in ["1", "11", "26", "2067", "HY000", ""] {
            assert!(!is_transient_code(code), "{code}");
        }
    }
}
