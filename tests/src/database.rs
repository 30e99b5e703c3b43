use std::sync::Arc;
use std::time::Duration;

use api_actix::wiring::{Adapters, services};
use application::{Application, Settings};
use domain::HealthCheck;
use domain::events::EventRepository;
use domain::keys::{KeyUnit, SigningKeyRepository};
use domain::passwords::PasswordRepository;
use domain::sessions::{RefreshTokenRepository, RevocationFeed, RevocationRepository};
use domain::units::{AccountUnit, Begin, CleanupUnit};
use domain::users::UserRepository;
use infra_postgres::{PostgresRevocationFeed, PostgresSettings, PostgresStore};
use infra_seaorm::{SqlConnections, Store};
use infra_sqlite::{SqliteRevocationFeed, SqliteSettings, SqliteStore};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

use crate::{pgbouncer, postgres, sqlite};

/// What [`on_each_database!`](crate::on_each_database) can hand to a test.
pub trait OnDatabase: Sized {
    /// One of its own on SQLite.
    fn sqlite() -> impl Future<Output = Self> + Send;

    /// One of its own on PostgreSQL.
    fn postgres() -> impl Future<Output = Self> + Send;
}

/// What [`on_each_database_and_pgbouncer!`](crate::on_each_database_and_pgbouncer) can hand to a test.
pub trait OnPgBouncer: Sized {
    /// One of its own on PostgreSQL, through a PgBouncer in transaction mode.
    fn pgbouncer() -> impl Future<Output = Self> + Send;
}

/// Runs a test through PgBouncer.
pub async fn on_pgbouncer<D: OnPgBouncer, F: Future<Output = ()>>(test: impl FnOnce(D) -> F) {
    test(D::pgbouncer().await).await;
}

/// Runs a test on SQLite.
pub async fn on_sqlite<D: OnDatabase, F: Future<Output = ()>>(test: impl FnOnce(D) -> F) {
    test(D::sqlite().await).await;
}

/// Runs a test on PostgreSQL.
pub async fn on_postgres<D: OnDatabase, F: Future<Output = ()>>(test: impl FnOnce(D) -> F) {
    test(D::postgres().await).await;
}

/// The repositories of a database, whatever it is.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the stores have none")]
pub enum AnyStore {
    /// On PostgreSQL.
    Postgres(Arc<PostgresStore>),
    /// On SQLite.
    Sqlite(Arc<SqliteStore>),
}

/// What of a [`TestDatabase`] implements a port: `port!(db, dyn TaskRepository)`.
#[macro_export]
macro_rules! port {
    ($database:expr, $port:ty) => {
        match $database.store.clone() {
            $crate::AnyStore::Postgres(store) => store as std::sync::Arc<$port>,
            $crate::AnyStore::Sqlite(store) => store as std::sync::Arc<$port>,
        }
    };
}

/// How long a test waits for a connection: a machine may be busy with others.
const PATIENCE: Duration = Duration::from_secs(20);

/// A database of its own for one test, migrated, with its repositories.
#[expect(missing_debug_implementations, reason = "the ports have none")]
pub struct TestDatabase {
    /// Where it is.
    pub url: String,
    /// All of its repositories.
    pub store: AnyStore,
    /// Its users.
    pub users: Arc<dyn UserRepository>,
    /// Its passwords.
    pub passwords: Arc<dyn PasswordRepository>,
    /// Its refresh tokens.
    pub refresh_tokens: Arc<dyn RefreshTokenRepository>,
    /// What was revoked in it.
    pub revocations: Arc<dyn RevocationRepository>,
    /// Its signing keys.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Units of work on its accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// Units of work on its key ring.
    pub key_units: Arc<dyn Begin<dyn KeyUnit>>,
    /// Units of work that clean up.
    pub cleanup_units: Arc<dyn Begin<dyn CleanupUnit>>,
    /// Its events.
    pub events: Arc<dyn EventRepository>,
    /// Its health check.
    pub health: Arc<dyn HealthCheck>,
    make_services: Box<dyn Fn(Adapters, Settings) -> Application + Send + Sync>,
    make_feed: Box<dyn Fn() -> Box<dyn RevocationFeed> + Send + Sync>,
    /// Removes the file at the end.
    _folder: Option<TempDir>,
}

impl TestDatabase {
    fn new<C: SqlConnections + Clone + 'static>(
        url: String,
        store: Arc<Store<C>>,
        any: AnyStore,
        make_feed: impl Fn() -> Box<dyn RevocationFeed> + Send + Sync + 'static,
    ) -> Self {
        Self {
            url,
            store: any,
            users: store.clone(),
            passwords: store.clone(),
            refresh_tokens: store.clone(),
            revocations: store.clone(),
            signing_keys: store.clone(),
            units: store.clone(),
            key_units: store.clone(),
            cleanup_units: store.clone(),
            make_services: {
                let store = store.clone();
                Box::new(move |adapters, settings| services(&store, adapters, settings))
            },
            events: store.clone(),
            health: store,
            make_feed: Box::new(make_feed),
            _folder: None,
        }
    }

    /// On PostgreSQL, reached by these settings. `url` is where SQL is run past the repositories.
    pub async fn with_settings(url: String, settings: PostgresSettings) -> Self {
        let store = Arc::new(infra_postgres::connect(&settings).await.unwrap());
        let any = AnyStore::Postgres(store.clone());
        Self::new(url, store, any, move || Box::new(PostgresRevocationFeed::new(&settings)))
    }

    /// The services of a node.
    pub fn services(&self, adapters: Adapters, settings: Settings) -> Application {
        (self.make_services)(adapters, settings)
    }

    /// Another node's feed of what is revoked.
    pub fn feed(&self) -> Box<dyn RevocationFeed> {
        (self.make_feed)()
    }

    /// Runs SQL past the repositories, as somebody at a database prompt would.
    pub async fn run_sql(&self, sql: &str) {
        run_sql(&self.url, sql).await;
    }
}

impl OnDatabase for TestDatabase {
    async fn sqlite() -> Self {
        let (folder, url) = sqlite::create_migrated_database().await;
        let store = Arc::new(
            infra_sqlite::connect(&SqliteSettings { acquire_timeout: PATIENCE, ..SqliteSettings::new(url.clone()) })
                .await
                .unwrap(),
        );
        let any = AnyStore::Sqlite(store.clone());
        let database = Self::new(url, store.clone(), any, move || Box::new(SqliteRevocationFeed::new(&store)));
        Self { _folder: Some(folder), ..database }
    }

    async fn postgres() -> Self {
        let url = postgres::create_migrated_database().await;
        Self::with_settings(
            url.clone(),
            PostgresSettings { acquire_timeout: PATIENCE, ..PostgresSettings::new(url).unwrap() },
        )
        .await
    }
}

impl OnPgBouncer for TestDatabase {
    async fn pgbouncer() -> Self {
        let url = postgres::create_migrated_database().await;
        let settings = PostgresSettings::new(pgbouncer::url_of(&url)).unwrap();
        Self::with_settings(url, PostgresSettings { prepared_statements: false, acquire_timeout: PATIENCE, ..settings })
            .await
    }
}

/// A database of its own for one test, without a table in it.
#[derive(Debug)]
pub struct EmptyDatabase {
    /// Where it is. On SQLite there is no file yet.
    pub url: String,
    /// Whether the URL leads through PgBouncer.
    pub has_pgbouncer: bool,
    _folder: Option<TempDir>,
}

impl OnDatabase for EmptyDatabase {
    async fn sqlite() -> Self {
        let (folder, url) = sqlite::create_database();
        Self { url, has_pgbouncer: false, _folder: Some(folder) }
    }

    async fn postgres() -> Self {
        Self { url: postgres::create_database().await, has_pgbouncer: false, _folder: None }
    }
}

impl OnPgBouncer for EmptyDatabase {
    async fn pgbouncer() -> Self {
        let url = pgbouncer::url_of(&postgres::create_database().await);
        Self { url, has_pgbouncer: true, _folder: None }
    }
}

/// One connection past the adapters.
///
/// It lives until it is dropped: where connections have an age, sqlx's pool counts the idle ones in a task of its own,
/// which now and then never ends.
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false).idle_timeout(None).max_lifetime(None);
    // In a box, or the futures of tests get deeper than the compiler looks.
    let connecting = Box::pin(Database::connect(options));
    connecting.await.unwrap_or_else(|error| panic!("cannot connect to {url}: {error}"))
}

/// Runs statements one by one on a connection of its own, which is closed when this returns.
pub(crate) async fn run_statements(url: &str, statements: &[String]) {
    let connection = connect(url).await;
    for sql in statements {
        connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    connection.close().await.unwrap();
}

/// Runs SQL past the repositories.
pub async fn run_sql(url: &str, sql: &str) {
    run_statements(url, &[sql.to_owned()]).await;
}

/// The number that a query has in its only row, as `n`.
///
/// # Panics
/// When the database refuses it.
pub async fn count(url: &str, sql: &str) -> i64 {
    let connection = connect(url).await;
    let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql);
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}
