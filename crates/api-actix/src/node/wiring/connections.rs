use application::ApplicationError;
use async_trait::async_trait;
use infra_postgres::{PoolUsage, PostgresConnections};
use infra_sqlite::SqliteConnections;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

/// The connections to the database, which all repositories share, with their limits. As a SeaORM connection it runs
/// single statements on tables of your own: `Entity::find().all(&connections)`. For a transaction, call
/// `infra_seaorm::SqlConnections::begin_unit` on what is inside.
#[derive(Clone)]
pub enum Connections {
    /// A pool. Each belongs to the runtime that opened it.
    Postgres(PostgresConnections),
    /// Many connections that read and one that writes. They have threads of their own.
    Sqlite(SqliteConnections),
}

impl From<PostgresConnections> for Connections {
    fn from(connections: PostgresConnections) -> Self {
        Self::Postgres(connections)
    }
}

impl From<SqliteConnections> for Connections {
    fn from(connections: SqliteConnections) -> Self {
        Self::Sqlite(connections)
    }
}

impl Connections {
    /// Keeps them alive when other runtimes than this end, such as those of the server's workers.
    pub async fn move_here(&self) {
        if let Self::Postgres(connections) = self {
            connections.move_to(tokio::runtime::Handle::current()).await;
        }
    }

    /// How they are used, for metrics.
    pub(crate) fn usage(&self) -> Vec<PoolUsage> {
        match self {
            Self::Postgres(connections) => vec![connections.usage()],
            Self::Sqlite(connections) => connections.usage().to_vec(),
        }
    }

    /// What an error that is about no row in particular means to a client: try again, or a fault of ours.
    pub fn error(&self, error: DbErr) -> ApplicationError {
        match self {
            Self::Postgres(_) => infra_postgres::unavailable_or_internal(error).into(),
            Self::Sqlite(_) => infra_sqlite::unavailable_or_internal(error).into(),
        }
    }
}

#[async_trait]
impl ConnectionTrait for Connections {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Postgres(connections) => connections.get_database_backend(),
            Self::Sqlite(connections) => connections.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Postgres(connections) => connections.execute_raw(statement).await,
            Self::Sqlite(connections) => connections.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Postgres(connections) => connections.execute_unprepared(sql).await,
            Self::Sqlite(connections) => connections.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Postgres(connections) => connections.query_one_raw(statement).await,
            Self::Sqlite(connections) => connections.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Postgres(connections) => connections.query_all_raw(statement).await,
            Self::Sqlite(connections) => connections.query_all_raw(statement).await,
        }
    }
}
