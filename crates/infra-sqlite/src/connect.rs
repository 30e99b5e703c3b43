use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use infra_seaorm::Store;
use sea_orm::{DatabaseConnection, SqlxSqliteConnector};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::error::is_transient;
use crate::opened_file::OpenedFile;
use crate::{SqliteConnections, SqliteError, private_file};

/// The repositories on a SQLite file.
pub type SqliteStore = Store<SqliteConnections>;

/// Where the file is, and how long to wait for what.
#[derive(Clone, Debug)]
pub struct SqliteSettings {
    /// `sqlite://data/hexauth.db`, or `sqlite:///var/lib/hexauth/hexauth.db` for an absolute path.
    pub url: String,
    /// Most connections that read at a time. One more writes.
    pub max_readers: u32,
    /// Longest wait for a connection, and for another process to finish writing.
    pub acquire_timeout: Duration,
}

impl SqliteSettings {
    /// The defaults for this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_readers: 10, acquire_timeout: Duration::from_secs(3) }
    }

    pub(crate) fn connect_options(&self) -> Result<SqliteConnectOptions, SqliteError> {
        // Every connection would have a database of its own, and all would be lost at the end.
        if self.url.contains(":memory:") || self.url.contains("mode=memory") {
            return Err(SqliteError::InMemory);
        }
        let options = SqliteConnectOptions::from_str(&self.url).map_err(SqliteError::Url)?;
        Ok(options
            .create_if_missing(false)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // With NORMAL, the last commits before a power cut would be lost.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(self.acquire_timeout))
    }
}

/// Opens the file, creating it if there is none.
///
/// # Errors
/// [`SqliteError`], every variant but `Migrate`.
pub async fn connect(settings: &SqliteSettings) -> Result<SqliteStore, SqliteError> {
    let options = settings.connect_options()?;
    let file = options.get_filename().to_owned();
    prepare_file(&file).map_err(|source| SqliteError::Prepare { file: file.clone(), source })?;
    let mut kept = try_connection(&options).await?;
    let readers = pool(options.clone().pragma("query_only", "ON"), settings.max_readers, settings.acquire_timeout);
    let writer = pool(options, 1, settings.acquire_timeout);
    // Opens what is beside the file, too, which only reading does for certain.
    let open = |source| SqliteError::Open { file: file.clone(), source };
    kept.execute("SELECT count(*) FROM sqlite_schema").await.map_err(open)?;
    let opened = OpenedFile::find(&file, kept).map_err(|source| SqliteError::Prepare { file: file.clone(), source })?;
    Ok(Store::new(SqliteConnections { readers, writer, file: Arc::new(opened) }, is_transient))
}

/// Connections that are never lent while they are in a transaction.
///
/// A unit that ends without a commit is rolled back before its connection is idle again. If that fails, the state of
/// the connection is unknown: after a full disk SQLite has rolled back by itself, and sqlx takes the next unit for one
/// inside another, whose commit may write nothing. Such a connection is closed, which rolls back for certain, and
/// another one is opened.
pub(crate) fn pool(options: SqliteConnectOptions, connections: u32, acquire_timeout: Duration) -> DatabaseConnection {
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(|connection, _| {
            let is_usable = !connection.is_in_transaction();
            if !is_usable {
                tracing::warn!("a SQLite connection could not be rolled back and is replaced");
            }
            Box::pin(async move { Ok(is_usable) })
        })
        .connect_lazy_with(options);
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
}

/// Opens the file once outside the pool, to report why it cannot be opened. Setting the journal mode reads the header,
/// so a file that is not a database is noticed here.
pub(crate) async fn try_connection(options: &SqliteConnectOptions) -> Result<SqliteConnection, SqliteError> {
    let file = options.get_filename().to_owned();
    let mut connection = SqliteConnection::connect_with(options)
        .await
        .map_err(|source| SqliteError::Open { file: file.clone(), source })?;
    let target = fs::canonicalize(&file).map_err(|source| SqliteError::Prepare { file: file.clone(), source })?;
    put_temporary_files_into(private_file::folder_of(&target), &mut connection).await;
    Ok(connection)
}

/// Has this process put SQLite's temporary files, for sorting and for what undoes a large statement, into a folder. A
/// container may have no other one to write to, and in memory they would be as large as what is sorted. Where the
/// folder is gone later, SQLite looks for another one by itself.
///
/// The pragma is deprecated since not every program may call it at any time, which SQLite's mutex for it allows since
/// 3.42. The variable `SQLITE_TMPDIR`, the other way, cannot be set without `unsafe`.
async fn put_temporary_files_into(folder: &Path, connection: &mut SqliteConnection) {
    let quoted = folder.to_string_lossy().replace('\'', "''");
    let pragma = AssertSqlSafe(format!("PRAGMA temp_store_directory = '{quoted}'"));
    if let Err(error) = connection.execute(pragma).await {
        tracing::warn!(%error, folder = %folder.display(), "SQLite's temporary files cannot be in the folder of the database");
    }
}

/// What a SQLite file begins with (SQLite's file format, section 1.3). A new one is empty.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Makes the file, readable by its owner only, since it holds password hashes, and its folder. An existing file must be
/// writable and look like a database, or nothing is made beside it.
pub(crate) fn prepare_file(file: &Path) -> io::Result<()> {
    if file.exists() {
        let mut start = Vec::new();
        let existing = OpenOptions::new().read(true).write(true).open(file)?;
        existing.take(MAGIC.len() as u64).read_to_end(&mut start)?;
        let is_database = start.is_empty() || start == MAGIC;
        return if is_database { Ok(()) } else { Err(io::Error::other("it is not a SQLite database")) };
    }
    let folder = private_file::folder_of(file);
    private_file::create_folder(folder)?;
    match private_file::create(file, folder) {
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}
