use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{DbErr, RuntimeErr};
use sqlx::SqliteConnection;

/// The files that the connections have open: the database, its write-ahead log, and the index of that.
///
/// Open files can be written to after others have taken their place or they were deleted, but what is written then is
/// lost. So each file must still be where it was before anything is said about what is in it.
#[derive(Debug)]
pub(crate) struct OpenedFile {
    parts: Vec<(PathBuf, Identity)>,
    /// Never used, but open as long as the pools are: the last connection to close would remove the write-ahead log,
    /// and any connection of the pools may be closed and replaced.
    _kept: SqliteConnection,
    /// Whether the operator has been told that a part is gone.
    is_lost: AtomicBool,
}

impl OpenedFile {
    /// Of a database, with a connection that has read from it. As long as it is open, no new file gets the identity of
    /// one of these.
    pub(crate) fn find(database: &Path, kept: SqliteConnection) -> io::Result<Self> {
        // SQLite makes the others beside the file that a link leads to.
        let target = fs::canonicalize(database)?;
        let beside = ["-wal", "-shm"].map(|ending| {
            let mut name = target.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        });
        let paths = [database.to_owned()].into_iter().chain(beside);
        let parts = paths.map(|path| fs::metadata(&path).map(|found| (path, identity(&found))));
        Ok(Self { parts: parts.collect::<io::Result<_>>()?, _kept: kept, is_lost: AtomicBool::new(false) })
    }

    /// # Errors
    /// A temporary error, until the file is put back.
    pub(crate) fn check(&self) -> Result<(), DbErr> {
        let is_there = |path: &Path, known: &Identity| fs::metadata(path).is_ok_and(|found| identity(&found) == *known);
        let Some((lost, _)) = self.parts.iter().find(|(path, known)| !is_there(path, known)) else {
            self.is_lost.store(false, Ordering::Relaxed);
            return Ok(());
        };
        if !self.is_lost.swap(true, Ordering::Relaxed) {
            tracing::error!(
                file = %lost.display(),
                "a SQLite file was removed or replaced: nothing is read or written until it is back; \
                 to use what is there now, restart the server"
            );
        }
        let error = io::Error::other(format!("{} was removed or replaced", lost.display()));
        Err(DbErr::Conn(RuntimeErr::SqlxError(sqlx::Error::Io(error).into())))
    }
}

/// Its device and inode, which stay with a file that is renamed.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {}
