use std::sync::Arc;

use async_trait::async_trait;
use infra_seaorm::{PoolUsage, SqlConnections, Transaction};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::lease::{Answer, Lease};
use crate::pool::Pool;

/// Connections to PostgreSQL, or to a PgBouncer in front of it.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the settings may hold a password")]
pub struct PostgresConnections {
    pool: Arc<Pool>,
    /// What begins a transaction.
    begin: Arc<str>,
}

impl PostgresConnections {
    pub(crate) fn new(pool: Arc<Pool>, begin: &str) -> Self {
        Self { pool, begin: begin.into() }
    }

    /// Opens connections on this runtime from now on, and waits until all others have come back, to close them.
    ///
    /// A connection is opened on the runtime that first needs it, where it is fastest, and breaks when that runtime
    /// ends. So call this before one of several runtimes ends while others go on.
    pub async fn move_to(&self, runtime: Handle) {
        self.pool.move_to(runtime).await;
    }

    /// How the connections are used, for metrics.
    pub fn usage(&self) -> PoolUsage {
        self.pool.usage()
    }

    async fn run(&self, statement: Statement) -> Result<Answer, DbErr> {
        if self.pool.settings.names_statements {
            return self.pool.acquire().await?.run(statement).await;
        }
        // A statement without a name is sent in two steps, and only a transaction keeps both on one server. Only there
        // does it have our isolation level and limits, too.
        let mut lease = self.begin().await?;
        let answer = lease.run(statement).await?;
        lease.commit().await?;
        Ok(answer)
    }

    async fn begin(&self) -> Result<Lease, DbErr> {
        let mut lease = self.pool.acquire().await?;
        lease.begin(&self.begin).await?;
        Ok(lease)
    }
}

#[async_trait]
impl ConnectionTrait for PostgresConnections {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.run(statement).await?.into_result())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        if self.pool.settings.names_statements {
            return Ok(self.pool.acquire().await?.run_unprepared(sql).await?.into_result());
        }
        let mut lease = self.begin().await?;
        let answer = lease.run_unprepared(sql).await?;
        lease.commit().await?;
        Ok(answer.into_result())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.run(statement).await?.first())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.run(statement).await?.all())
    }
}

/// When rolled back, the row occupies a page that is not used again before a vacuum, so that the next one needs
/// another. The transaction itself has written and is committed, so that this waits for all that a commit waits for:
/// the log, and standbys. Nobody may look at the table, since PostgreSQL would tidy up the pages on the way.
const PROBE: &str = "SAVEPOINT probe;
    INSERT INTO health_probes (padding) VALUES (repeat('x', 7000));
    ROLLBACK TO SAVEPOINT probe";

#[async_trait]
impl SqlConnections for PostgresConnections {
    type Transaction = PostgresTransaction;

    async fn begin_unit(&self) -> Result<PostgresTransaction, DbErr> {
        Ok(PostgresTransaction(Mutex::new(self.begin().await?)))
    }

    async fn check(&self) -> Result<(), DbErr> {
        // It changes nothing, but a read-only server refuses it, and a connection to such a one is given up.
        let nothing = "DELETE FROM health_probes WHERE false";
        self.run(Statement::from_string(DbBackend::Postgres, nothing)).await.map(drop)
    }

    async fn try_write(&self) -> Result<(), DbErr> {
        let mut lease = self.begin().await?;
        lease.run_unprepared(PROBE).await?;
        lease.commit().await
    }
}

/// A transaction, on a connection of the pool.
#[expect(missing_debug_implementations, reason = "the settings may hold a password")]
pub struct PostgresTransaction(Mutex<Lease>);

#[async_trait]
impl ConnectionTrait for PostgresTransaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.0.lock().await.run(statement).await?.into_result())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        Ok(self.0.lock().await.run_unprepared(sql).await?.into_result())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.0.lock().await.run(statement).await?.first())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.0.lock().await.run(statement).await?.all())
    }
}

#[async_trait]
impl Transaction for PostgresTransaction {
    /// An advisory lock of the transaction, which a PgBouncer keeps on one server.
    async fn try_lock(&self, number: i64) -> Result<bool, DbErr> {
        try_lock(self, "pg_try_advisory_xact_lock", number).await
    }

    async fn commit(self) -> Result<(), DbErr> {
        self.0.into_inner().commit().await
    }
}

/// Takes the advisory lock of this number by this function, if it is free.
pub(crate) async fn try_lock(connection: &impl ConnectionTrait, function: &str, number: i64) -> Result<bool, DbErr> {
    let statement = Statement::from_string(DbBackend::Postgres, format!("SELECT {function}({number}) AS locked"));
    let row = connection.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(function.to_owned()))?.try_get("", "locked")
}
