use std::sync::Arc;

use domain::ports::{HealthCheck, RefreshTokenRepository, UnitOfWorkFactory, UserRepository};
use infra_postgres::PostgresSettings;
use infra_sqlite::SqliteSettings;
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use tempfile::TempDir;

use crate::{postgres, sqlite};

/// What [`on_each_database!`](crate::on_each_database) can hand to a test.
pub trait OnDatabase: Sized {
    /// One of its own on SQLite.
    fn sqlite() -> impl Future<Output = Self> + Send;

    /// One of its own on PostgreSQL.
    fn postgres() -> impl Future<Output = Self> + Send;
}

/// Runs a test on SQLite.
pub async fn on_sqlite<D: OnDatabase, F: Future<Output = ()>>(test: impl FnOnce(D) -> F) {
    test(D::sqlite().await).await;
}

/// Runs a test on PostgreSQL.
pub async fn on_postgres<D: OnDatabase, F: Future<Output = ()>>(test: impl FnOnce(D) -> F) {
    test(D::postgres().await).await;
}

/// A database of its own for one test, migrated, with its repositories.
#[expect(missing_debug_implementations, reason = "the ports have none")]
pub struct TestDatabase {
    /// Where it is.
    pub url: String,
    /// Its users.
    pub users: Arc<dyn UserRepository>,
    /// Its refresh tokens.
    pub refresh_tokens: Arc<dyn RefreshTokenRepository>,
    /// Its units of work.
    pub units: Arc<dyn UnitOfWorkFactory>,
    /// Whether it answers.
    pub health: Arc<dyn HealthCheck>,
    /// Removes the file at the end.
    _folder: Option<TempDir>,
}

impl TestDatabase {
    fn new<S>(url: String, store: S, folder: Option<TempDir>) -> Self
    where
        S: UserRepository + RefreshTokenRepository + UnitOfWorkFactory + HealthCheck + 'static,
    {
        let store = Arc::new(store);
        Self {
            url,
            users: store.clone(),
            refresh_tokens: store.clone(),
            units: store.clone(),
            health: store,
            _folder: folder,
        }
    }

    /// Runs SQL past the repositories, as somebody at a database prompt would.
    pub async fn run_sql(&self, sql: &str) {
        run_sql(&self.url, sql).await;
    }
}

impl OnDatabase for TestDatabase {
    async fn sqlite() -> Self {
        let (folder, url) = sqlite::create_migrated_database().await;
        let store = infra_sqlite::connect(&SqliteSettings::new(url.clone())).await.unwrap();
        Self::new(url, store, Some(folder))
    }

    async fn postgres() -> Self {
        let url = postgres::create_migrated_database().await;
        let store = infra_postgres::connect(&PostgresSettings::new(url.clone())).await.unwrap();
        Self::new(url, store, None)
    }
}

/// A database of its own for one test, without a table in it.
#[derive(Debug)]
pub struct EmptyDatabase {
    /// Where it is. On SQLite there is no file yet.
    pub url: String,
    _folder: Option<TempDir>,
}

impl OnDatabase for EmptyDatabase {
    async fn sqlite() -> Self {
        let (folder, url) = sqlite::create_database();
        Self { url, _folder: Some(folder) }
    }

    async fn postgres() -> Self {
        Self { url: postgres::create_database().await, _folder: None }
    }
}

/// Runs statements one by one on a connection of its own, which is closed when this returns.
pub(crate) async fn run_statements(url: &str, statements: &[String]) {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let connection =
        Database::connect(options).await.unwrap_or_else(|error| panic!("cannot connect to {url}: {error}"));
    for sql in statements {
        connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    connection.close().await.unwrap();
}

async fn run_sql(url: &str, sql: &str) {
    run_statements(url, &[sql.to_owned()]).await;
}
