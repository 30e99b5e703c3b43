use std::time::Duration;

use infra_seaorm::Store;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, Row, SqlSafeStr};
use tokio::time::timeout;

use crate::error::is_transient;
use crate::pool::{Pool, PoolSettings};
use crate::{PostgresConnections, PostgresError, PostgresUrl, UrlError, url};

/// The repositories on a pool of PostgreSQL connections.
pub type PostgresStore = Store<PostgresConnections>;

/// How much longer than the server's own limit to wait for its answer.
const TIME_TO_ANSWER: Duration = Duration::from_secs(2);

/// How to reach PostgreSQL, and how long to wait for what. There is no `Debug`, since the URL may hold a password.
#[derive(Clone)]
pub struct PostgresSettings {
    /// Where the server is.
    pub url: PostgresUrl,
    /// Most connections at a time. The feed of what is revoked has up to two more.
    pub max_connections: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
    /// Longest run of one statement, waits for locks included.
    pub statement_timeout: Duration,
    /// Whether to prepare statements under a name, once per connection, and to listen for notifications. Must be false
    /// through a PgBouncer in transaction mode.
    pub prepared_statements: bool,
}

impl PostgresSettings {
    /// The defaults for `postgres://user:password@host:port/database`, with `sslmode`, `sslrootcert`, … as libpq has
    /// them, and with `search_path` or `schema`.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn new(url: impl AsRef<str>) -> Result<Self, UrlError> {
        Ok(Self {
            url: url::parse(url.as_ref())?,
            max_connections: 10,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            prepared_statements: true,
        })
    }

    /// The URL's options, without the limits.
    pub(crate) fn connect_options(&self) -> PgConnectOptions {
        let options = self.url.options.clone();
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("hexauth"),
        };
        // PgBouncer refuses parameters that it does not know.
        if self.prepared_statements { options } else { options.extra_float_digits(None).statement_cache_capacity(0) }
    }

    /// What begins a transaction.
    fn begin(&self) -> String {
        let begin = format!("BEGIN ISOLATION LEVEL {ISOLATION}");
        if self.prepared_statements {
            return begin;
        }
        // In one message with BEGIN: set on the connection, the limits could end up on any server.
        format!("{begin}; {}", self.settings_of_transaction(self.statement_timeout))
    }

    /// The statements that make the settings for one transaction, which through PgBouncer each one has to make.
    pub(crate) fn settings_of_transaction(&self, statement_limit: Duration) -> String {
        set("SET LOCAL", &limits(statement_limit)) + &self.set_search_path("SET LOCAL")
    }

    /// The statement that sets the schemas which the URL names, by `SET` or `SET LOCAL`, after another one.
    fn set_search_path(&self, command: &str) -> String {
        let search_path = self.url.search_path.as_ref();
        search_path.map(|schemas| format!("; {command} search_path = {schemas}")).unwrap_or_default()
    }

    /// The statements that set the limits for the rest of a message, which is one transaction on any server of a
    /// PgBouncer. They first stop the timer of the server's own limit, which would otherwise still end the message.
    pub(crate) fn limits_of_message(&self) -> String {
        if self.prepared_statements {
            return String::new();
        }
        format!("SET LOCAL statement_timeout = 0; {};", self.settings_of_transaction(self.statement_timeout))
    }

    /// The settings of a new connection, made before anything else. Through PgBouncer each transaction has to make
    /// them. They are not options of the connection, since a PgBouncer in session mode ignores those.
    pub(crate) fn set_up(&self, statement_limit: Duration) -> Option<String> {
        let isolation = format!("SET default_transaction_isolation = '{ISOLATION}'");
        let limits = set("SET", &limits(statement_limit));
        self.prepared_statements.then(|| format!("{isolation}; {limits}{}", self.set_search_path("SET")))
    }
}

/// The first version with the snapshots and transaction numbers that the feed of revocations reads (`xid8`,
/// `pg_snapshot_xmin`), as `server_version_num` has it.
const MIN_VERSION: i32 = 130_000;

/// The isolation level that all statements are written for: one that waited for a row sees what the other transaction
/// made of it. Under any other level, which a server, a database or a role may be set to, it would fail.
pub(crate) const ISOLATION: &str = "READ COMMITTED";

/// The limits, in milliseconds. They replace those of the server, the database and the role. Zero means no limit.
///
/// Whether transactions are read-only is left alone: operators use that to take a server out of use.
pub(crate) fn limits(statement: Duration) -> [(&'static str, u128); 3] {
    let statement = statement.as_millis();
    [
        ("statement_timeout", statement),
        ("idle_in_transaction_session_timeout", statement),
        // The limit of a statement covers its waits for locks, too.
        ("lock_timeout", 0),
    ]
}

/// The statements that set these, by `SET` or `SET LOCAL`.
pub(crate) fn set(command: &str, settings: &[(&str, u128)]) -> String {
    settings.iter().map(|(name, value)| format!("{command} {name} = {value}")).collect::<Vec<_>>().join("; ")
}

/// Connects, and sets the connection up.
pub(crate) async fn open(options: &PgConnectOptions, set_up: Option<&str>) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    run_set_up(&mut connection, set_up).await?;
    Ok(connection)
}

/// Sets a new connection up, by what [`PostgresSettings::set_up`] says.
pub(crate) async fn run_set_up(connection: &mut PgConnection, set_up: Option<&str>) -> Result<(), sqlx::Error> {
    if let Some(set_up) = set_up {
        connection.execute(AssertSqlSafe(set_up).into_sql_str()).await?;
    }
    Ok(())
}

/// Opens the pool.
///
/// # Errors
/// [`PostgresError::Version`], [`PostgresError::NoSchema`] and [`PostgresError::Encoding`];
/// [`PostgresError::Connect`] when the server cannot be reached now, so that a wrong setting is seen at the start.
/// After that the pool reconnects by itself.
pub async fn connect(settings: &PostgresSettings) -> Result<PostgresStore, PostgresError> {
    let options = settings.connect_options();
    try_connection(settings).await?;
    let pool = Pool::new(PoolSettings {
        options,
        set_up: settings.set_up(settings.statement_timeout),
        max_connections: settings.max_connections,
        acquire_timeout: settings.acquire_timeout,
        answer_timeout: settings.statement_timeout + TIME_TO_ANSWER,
        names_statements: settings.prepared_statements,
    });
    Ok(Store::new(PostgresConnections::new(pool, &settings.begin()), is_transient))
}

/// Connects once outside the pool, and asks whether the database suits us. The pool would try again until its time is
/// up, and then report only that.
pub(crate) async fn try_connection(settings: &PostgresSettings) -> Result<(), PostgresError> {
    let options = settings.connect_options();
    let set_up = settings.set_up(settings.statement_timeout);
    let refused = |source| PostgresError::connect(&options, source);
    let connecting = timeout(settings.acquire_timeout, open(&options, set_up.as_deref()));
    let mut connection = connecting.await.map_err(|_| refused(sqlx::Error::PoolTimedOut))?.map_err(refused)?;
    let facts = Facts::read(&mut connection, &settings.limits_of_message()).await.map_err(refused)?;
    connection.close().await.map_err(refused)?;
    facts.check()
}

/// What decides whether a database suits us.
struct Facts {
    version: String,
    version_number: i32,
    encoding: String,
    /// Where tables are looked for and made.
    schema: Option<String>,
}

impl Facts {
    /// In one message, which is one transaction on any server of a PgBouncer.
    async fn read(connection: &mut PgConnection, limits_of_message: &str) -> Result<Self, sqlx::Error> {
        let select = "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int4 \
                      AS number, current_setting('server_encoding') AS encoding, current_schema()::text AS schema";
        let row = sqlx::raw_sql(AssertSqlSafe(format!("{limits_of_message} {select}"))).fetch_one(connection).await?;
        Ok(Self {
            version: row.try_get("version")?,
            version_number: row.try_get("number")?,
            encoding: row.try_get("encoding")?,
            schema: row.try_get("schema")?,
        })
    }

    fn check(self) -> Result<(), PostgresError> {
        if self.version_number < MIN_VERSION {
            return Err(PostgresError::Version(self.version));
        }
        if self.encoding != "UTF8" {
            return Err(PostgresError::Encoding(self.encoding));
        }
        self.schema.map(drop).ok_or(PostgresError::NoSchema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_does_not_suit_is_refused_with_what_to_do() {
        let facts = |version_number, encoding: &str, schema: Option<&str>| Facts {
            version: "12.20 (Debian 12.20-1)".to_owned(),
            version_number,
            encoding: encoding.to_owned(),
            schema: schema.map(str::to_owned),
        };
        let fault = |facts: Facts| facts.check().map_err(|error| error.to_string());
        assert_eq!(fault(facts(130_000, "UTF8", Some("public"))), Ok(()));
        let old = "the server is PostgreSQL 12.20 (Debian 12.20-1): Hexauth needs 13 or later";
        assert_eq!(fault(facts(120_020, "LATIN1", None)), Err(old.to_owned()));
        assert!(fault(facts(170_000, "LATIN1", Some("public"))).unwrap_err().contains("UTF8"));
        assert!(fault(facts(170_000, "UTF8", None)).unwrap_err().contains("CREATE SCHEMA"));
    }
}
