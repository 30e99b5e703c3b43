use std::path::PathBuf;

use async_trait::async_trait;
use infra_seaorm::{Connections, PoolUsage};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

/// Many connections that read and one that writes. SQLite lets one write at a time in any case; here writers queue
/// for the connection in order, instead of all trying again and again until some give up.
#[derive(Debug, Clone)]
pub struct SqliteConnections {
    pub(crate) readers: DatabaseConnection,
    pub(crate) writer: DatabaseConnection,
    pub(crate) file: PathBuf,
}

/// Reads go to the readers, all else to the writer. The readers are opened `query_only`, so that a write that takes
/// the wrong way fails instead of contending.
#[async_trait]
impl ConnectionTrait for SqliteConnections {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.writer.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.writer.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.for_query(&statement).query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.for_query(&statement).query_all_raw(statement).await
    }
}

impl SqliteConnections {
    /// How the connections are used, for metrics.
    pub fn usage(&self) -> [PoolUsage; 2] {
        [("readers", &self.readers), ("writer", &self.writer)].map(|(name, connections)| {
            let pool = connections.get_sqlite_connection_pool();
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            let in_use = pool.size().saturating_sub(idle);
            PoolUsage { pool: name, in_use, idle, max: pool.options().get_max_connections() }
        })
    }

    /// Where to send a statement that answers rows: one with RETURNING writes.
    fn for_query(&self, statement: &Statement) -> &DatabaseConnection {
        let is_select = statement.sql.starts_with("SELECT ");
        if is_select { &self.readers } else { &self.writer }
    }
}

#[async_trait]
impl Connections for SqliteConnections {
    type Transaction = DatabaseTransaction;

    async fn begin_unit(&self) -> Result<DatabaseTransaction, DbErr> {
        // Takes the write lock at once: a unit that reads first and writes later could not get it any more.
        let immediate = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: immediate, ..TransactionOptions::default() };
        self.writer.begin_with_options(options).await
    }

    async fn check(&self) -> Result<(), DbErr> {
        // An open file can be read after it was deleted, but what is written to it then is lost.
        if !self.file.exists() {
            return Err(DbErr::Conn(RuntimeErr::Internal("the SQLite file is gone".to_owned())));
        }
        let statement = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM sqlite_schema");
        self.readers.query_one_raw(statement).await.map(drop)
    }
}
