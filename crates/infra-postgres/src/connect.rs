use std::str::FromStr;
use std::time::Duration;

use infra_seaorm::Store;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use crate::PostgresError;
use crate::error::is_transient;

/// The repositories on a pool of PostgreSQL connections.
pub type PostgresStore = Store<DatabaseConnection>;

/// A connection that idles longer is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// A connection that is older is replaced, so that load spreads again after a fail-over.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// How to reach PostgreSQL, and how long to wait for what. There is no `Debug`, since the URL may hold a password.
#[derive(Clone)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database`, with `sslmode`, `sslrootcert`, … as libpq has them.
    pub url: String,
    /// Most connections at a time.
    pub max_connections: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
    /// Longest run of one statement, waits for locks included.
    pub statement_timeout: Duration,
}

impl PostgresSettings {
    /// The defaults for this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
        }
    }

    /// The URL's options, without the limits.
    pub(crate) fn connect_options(&self) -> Result<PgConnectOptions, PostgresError> {
        let options = PgConnectOptions::from_str(&self.url).map_err(PostgresError::Url)?;
        Ok(options.application_name("hexauth"))
    }
}

/// Opens the pool.
///
/// # Errors
/// [`PostgresError::Url`]; [`PostgresError::Connect`] when the server cannot be reached now, so that a wrong setting
/// is seen at the start. Later on the pool reconnects by itself.
pub async fn connect(settings: &PostgresSettings) -> Result<PostgresStore, PostgresError> {
    let options = settings.connect_options()?;
    try_connection(&options, settings.acquire_timeout).await?;
    let limit = format!("{}ms", settings.statement_timeout.as_millis());
    let options = options.options([("statement_timeout", &limit), ("idle_in_transaction_session_timeout", &limit)]);
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        .connect_lazy_with(options);
    Ok(Store::new(SqlxPostgresConnector::from_sqlx_postgres_pool(pool), is_transient))
}

/// Connects once outside the pool: the pool would try again until its time is up and then only know that it is.
pub(crate) async fn try_connection(options: &PgConnectOptions, limit: Duration) -> Result<(), PostgresError> {
    let refused = |source| PostgresError::connect(options, source);
    let connecting = tokio::time::timeout(limit, PgConnection::connect_with(options));
    let connection = connecting.await.map_err(|_| refused(sqlx::Error::PoolTimedOut))?.map_err(refused)?;
    connection.close().await.map_err(refused)
}
