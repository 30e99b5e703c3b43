use std::sync::Arc;

use async_trait::async_trait;
use infra_seaorm::{PoolUsage, SqlConnections, Transaction};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::opened_file::OpenedFile;

/// Many connections that read and one that writes. SQLite lets one write at a time in any case; here writers queue
/// for the connection in order, instead of all trying again and again until some give up.
#[derive(Debug, Clone)]
pub struct SqliteConnections {
    pub(crate) readers: DatabaseConnection,
    pub(crate) writer: DatabaseConnection,
    pub(crate) file: Arc<OpenedFile>,
}

/// Reads go to the readers, everything else to the writer. The readers are opened `query_only`, so that a write that
/// goes to the wrong one fails instead of contending.
///
/// Before and after each statement the file must be the one that was opened, or it is not available: a write that
/// succeeded is in a file that was there after it.
#[async_trait]
impl ConnectionTrait for SqliteConnections {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.while_file_is_there(self.writer.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.while_file_is_there(self.writer.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.while_file_is_there(self.for_query(&statement).query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.while_file_is_there(self.for_query(&statement).query_all_raw(statement)).await
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

    async fn while_file_is_there<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.file.check()?;
        let result = work.await?;
        self.file.check()?;
        Ok(result)
    }

    /// Where to send a statement that returns rows: one with RETURNING writes.
    fn for_query(&self, statement: &Statement) -> &DatabaseConnection {
        let is_select = statement.sql.starts_with("SELECT ");
        if is_select { &self.readers } else { &self.writer }
    }
}

#[async_trait]
impl SqlConnections for SqliteConnections {
    type Transaction = SqliteTransaction;

    async fn begin_unit(&self) -> Result<SqliteTransaction, DbErr> {
        // Takes the write lock at once: a unit that reads first and writes later might no longer get it.
        let immediate = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: immediate, ..TransactionOptions::default() };
        let transaction = self.while_file_is_there(self.writer.begin_with_options(options)).await?;
        Ok(SqliteTransaction { transaction, file: Arc::clone(&self.file) })
    }

    async fn check(&self) -> Result<(), DbErr> {
        let statement = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM sqlite_schema");
        self.query_one_raw(statement).await.map(drop)
    }

    async fn try_write(&self) -> Result<(), DbErr> {
        let unit = self.begin_unit().await?;
        unit.execute_unprepared("DELETE FROM health_probes").await?;
        // As many pages as a small unit writes.
        let probe = "INSERT INTO health_probes (padding) VALUES (printf('%7000s', 'x'))";
        unit.execute_unprepared(probe).await?;
        unit.commit().await
    }
}

/// A transaction that may write.
#[derive(Debug)]
pub struct SqliteTransaction {
    transaction: DatabaseTransaction,
    file: Arc<OpenedFile>,
}

#[async_trait]
impl ConnectionTrait for SqliteTransaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.transaction.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.transaction.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.transaction.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.transaction.query_all_raw(statement).await
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    /// Looks for the file before, so as not to write what will be refused, and after, when it is known where the writes
    /// went.
    async fn commit(self) -> Result<(), DbErr> {
        self.file.check()?;
        self.transaction.commit().await?;
        self.file.check()
    }
}
