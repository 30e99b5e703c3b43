use std::io;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sea_orm::{ConnAcquireErr, DbErr, ExecResult, QueryResult, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::postgres::{PgConnection, PgDatabaseError, PgQueryResult, PgRow, PgSeverity};
use sqlx::{AssertSqlSafe, Either, Execute, Executor, Postgres, SqlSafeStr};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::error::query_error;
use crate::pool::{Opened, Pool};

/// A connection on loan. The pool has it back when this is dropped, whatever the caller left on it.
pub(crate) struct Lease {
    /// `None` once this is dropped.
    connection: Option<PgConnection>,
    opened: Opened,
    left: Left,
    pool: Arc<Pool>,
    /// Released last, when the connection is back or closed.
    permit: Option<OwnedSemaphorePermit>,
}

/// What is left on a connection.
#[derive(Clone, Copy)]
enum Left {
    Nothing,
    /// A statement for which the caller stopped waiting.
    Statement,
    /// A transaction, and in it perhaps such a statement.
    Transaction,
    /// A `COMMIT` for which the caller stopped waiting, or that failed.
    Commit,
    /// What cannot be repaired.
    Ruin,
}

/// The outcome of a statement.
#[derive(Default)]
pub(crate) struct Answer {
    result: PgQueryResult,
    rows: Vec<PgRow>,
}

impl Answer {
    pub(crate) fn into_result(self) -> ExecResult {
        self.result.into()
    }

    pub(crate) fn first(self) -> Option<QueryResult> {
        self.rows.into_iter().next().map(QueryResult::from)
    }

    pub(crate) fn all(self) -> Vec<QueryResult> {
        self.rows.into_iter().map(QueryResult::from).collect()
    }
}

impl Lease {
    pub(crate) fn new(connection: PgConnection, opened: Opened, permit: OwnedSemaphorePermit, pool: Arc<Pool>) -> Self {
        Self { connection: Some(connection), opened, left: Left::Nothing, pool, permit: Some(permit) }
    }

    /// Begins a transaction, by this statement.
    pub(crate) async fn begin(&mut self, sql: &str) -> Result<(), DbErr> {
        self.left = Left::Transaction;
        self.run_unprepared(sql).await.map(drop)
    }

    /// Ends the transaction by this statement.
    async fn end(&mut self, sql: &str) -> Result<(), DbErr> {
        self.run_unprepared(sql).await?;
        self.left = Left::Nothing;
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<(), DbErr> {
        self.left = Left::Commit;
        self.end("COMMIT").await
    }

    pub(crate) async fn run(&mut self, statement: Statement) -> Result<Answer, DbErr> {
        let values = SqlxValues(statement.values.unwrap_or(Values(Vec::new())));
        let query = sqlx::query_with(AssertSqlSafe(statement.sql), values);
        self.answer(query.persistent(self.pool.settings.names_statements)).await
    }

    pub(crate) async fn run_unprepared(&mut self, sql: &str) -> Result<Answer, DbErr> {
        self.answer(AssertSqlSafe(sql).into_sql_str()).await
    }

    async fn answer<'q>(&mut self, query: impl Execute<'q, Postgres> + 'q) -> Result<Answer, DbErr> {
        let gone = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let connection = self.connection.as_mut().ok_or_else(gone)?;
        let left = self.left;
        if matches!(left, Left::Nothing) {
            // In case the caller stops waiting.
            self.left = Left::Statement;
        }
        let answer = timeout(self.pool.settings.answer_timeout, answer(connection, query)).await;
        let answer = answer.unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())));
        self.left = if answer.as_ref().is_err_and(is_ruin) { Left::Ruin } else { left };
        answer.map_err(query_error)
    }

    /// Finishes what is left, in the background, so that the connection can be used again.
    fn clean_up(mut self, runtime: &Handle) {
        // Until it is known to be clean: the runtime may be shut down meanwhile.
        let left = std::mem::replace(&mut self.left, Left::Ruin);
        runtime.spawn(async move {
            match left {
                Left::Nothing | Left::Ruin => Ok(()),
                // An empty statement is sent once the running one has ended.
                Left::Statement => self.end("").await,
                Left::Transaction => self.end("ROLLBACK").await,
                Left::Commit => {
                    // The transaction has nearly always ended, and PostgreSQL logs a warning for a ROLLBACK without
                    // one. So one is begun first. That may fail inside a transaction that has not ended; ROLLBACK then
                    // ends it.
                    let _ = self.run_unprepared("BEGIN").await;
                    self.end("ROLLBACK").await
                }
            }
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let runtime = match self.left {
            Left::Nothing => return self.pool.put_back(connection, self.opened),
            Left::Statement | Left::Transaction | Left::Commit => Handle::try_current().ok(),
            Left::Ruin => None,
        };
        if let Some(runtime) = runtime {
            let (opened, left, pool, permit) = (self.opened, self.left, self.pool.clone(), self.permit.take());
            Self { connection: Some(connection), opened, left, pool, permit }.clean_up(&runtime);
        } else {
            self.pool.close_idle();
        }
    }
}

async fn answer<'q>(
    connection: &mut PgConnection,
    query: impl Execute<'q, Postgres> + 'q,
) -> Result<Answer, sqlx::Error> {
    let mut answer = Answer::default();
    let mut parts = connection.fetch_many(query);
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Left(result) => answer.result.extend([result]),
            Either::Right(row) => answer.rows.push(row),
        }
    }
    drop(parts);
    Ok(answer)
}

/// Whether the connection is of no use after this error: it is broken, or the server closed it, or the server became
/// read-only because another took its place.
fn is_ruin(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
            matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
                || error.code().is_some_and(|c| c == READ_ONLY)
        }
        _ => false,
    }
}

/// The SQLSTATE `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";
