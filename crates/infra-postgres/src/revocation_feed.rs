//! Follows what all nodes revoke, exactly.
//!
//! Transactions do not end in the order in which they began, so neither ids nor times tell what is new. PostgreSQL
//! does: each row of `revocations` holds the number of the transaction that wrote it, and every statement reads from a
//! snapshot that knows its `xmin`, the lowest number that was still running. All transactions with lower numbers had
//! ended by then, so their rows, if they were committed, were in that snapshot. A poll reads its own `xmin` and the
//! rows whose number is not below the `xmin` of the previous poll, in one statement and thus from one snapshot:
//! whatever was not in the last snapshot is among them, however late it was committed.
//!
//! Numbers are comparable only as long as they do not repeat, which they do after the server crashed (those that were
//! not yet on disk) or another one took its place. Both show: no two servers were started in the same microsecond, and
//! a server that recovers from a crash makes a checkpoint before it accepts connections. When either differs from the
//! previous poll, everything is read again. An ordinary checkpoint, every few minutes, causes that too, without harm.
//! Where the role may not ask for the checkpoint, the reset of statistics that such a server makes shows the same.
//!
//! Many rows are read in pages, each from a snapshot of its own, in the order of those numbers. The position is that
//! of the first page: what that one could not see is read by the next poll, wherever in the order it belongs.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use domain::sessions::{RevocationFeed, Revoked};
use domain::{StoreError, Timestamp};
use infra_seaorm::revoked_from_row;
use sea_orm::{DbErr, QueryResult};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row};
use tokio::time::timeout;

use crate::PostgresSettings;
use crate::connect::{ISOLATION, open};
use crate::error::{query_error, unavailable_or_internal};
use crate::notifications::Notifications;

/// Most rows that are read at once: few enough that the thread that decodes them is soon free for requests again.
const PAGE: usize = 5000;

/// Longest time that a page takes, so that a database that hangs is noticed while what is known is still fresh.
const PAGE_LIMIT: Duration = Duration::from_secs(2);

/// Follows what is revoked in a PostgreSQL database, on connections of its own: one that polls, which need not wait
/// behind requests for one of the pool, and one that listens, except through PgBouncer.
#[expect(missing_debug_implementations, reason = "the options may hold a password")]
pub struct PostgresRevocationFeed {
    options: PgConnectOptions,
    set_up: Option<String>,
    limits_of_message: String,
    connection: Option<PgConnection>,
    /// What tells one run of the server from another, once it is known what the role may ask.
    run_marker: Option<&'static str>,
    position: Position,
    /// The time of the last poll that succeeded.
    polled_at: Timestamp,
    notifications: Option<Notifications>,
}

/// How far a poll has read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Position {
    /// Names the run of the server that the number belongs to.
    server: String,
    /// The lowest number of a transaction that was still running.
    xmin: String,
}

impl Position {
    /// The position before all rows.
    fn start() -> Self {
        Self { server: String::new(), xmin: "0".to_owned() }
    }
}

/// Where a page ended. Ids begin at 1.
struct LastRow {
    transaction_id: String,
    id: i64,
}

impl LastRow {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self { transaction_id: row.try_get("", "transaction_id")?, id: row.try_get("", "id")? })
    }
}

impl PostgresRevocationFeed {
    /// A feed that begins with all that is there. It connects when it is polled first; the one that listens connects
    /// in the background. Must be called on a tokio runtime.
    pub fn new(settings: &PostgresSettings) -> Self {
        let options = settings.connect_options();
        let set_up = settings.set_up(settings.statement_timeout);
        let name = options.get_application_name().unwrap_or_default().to_owned();
        let named = |part: &str| options.clone().application_name(&format!("{name} {part}"));
        let listener = settings.prepared_statements.then(|| named("listener"));
        let notifications = listener.map(|options| Notifications::listen(options, set_up.clone()));
        Self {
            options: named("feed"),
            set_up,
            limits_of_message: settings.limits_of_message(),
            connection: None,
            run_marker: None,
            position: Position::start(),
            polled_at: Timestamp::MIN_UTC,
            notifications,
        }
    }

    async fn read(&mut self, now: Timestamp) -> Result<Vec<Revoked>, DbErr> {
        if now < self.polled_at {
            self.position = Position::start();
        }
        loop {
            if let Some((revoked, position)) = self.read_pages(now).await? {
                // Only now that all pages were read.
                self.position = position;
                self.polled_at = now;
                return Ok(revoked);
            }
            if self.position == Position::start() {
                return Err(query_error(sqlx::Error::Io(io::ErrorKind::Interrupted.into())));
            }
            self.position = Position::start();
        }
    }

    /// Reads what is new since the position, and the position of the first page. `None` if it is another server.
    async fn read_pages(&mut self, now: Timestamp) -> Result<Option<(Vec<Revoked>, Position)>, DbErr> {
        let mut revoked = Vec::new();
        let mut first: Option<Position> = None;
        let mut last = LastRow { transaction_id: self.position.xmin.clone(), id: 0 };
        loop {
            let too_late = |_| Err(query_error(sqlx::Error::Io(io::ErrorKind::TimedOut.into())));
            let page = timeout(PAGE_LIMIT, self.select(now, &last)).await.unwrap_or_else(too_late)?;
            let seen = position(&page)?;
            let is_known = |known: &Position| *known == Position::start() || known.server == seen.server;
            if !is_known(&self.position) || !first.as_ref().is_none_or(is_known) {
                return Ok(None);
            }
            let first = first.get_or_insert(seen);
            for row in page.iter().filter_map(self::revoked) {
                revoked.push(row?);
            }
            match page.last() {
                Some(row) if page.len() == PAGE => last = LastRow::read(row)?,
                _ => return Ok(Some((revoked, first.clone()))),
            }
        }
    }

    /// Runs the statement, on a new connection where the last one was lost meanwhile.
    async fn select(&mut self, now: Timestamp, after: &LastRow) -> Result<Vec<QueryResult>, DbErr> {
        if let (Some(connection), Some(marker)) = (self.connection.take(), self.run_marker) {
            let sql = statement(&self.limits_of_message, marker, now, after);
            if let Ok(rows) = self.run(connection, &sql).await {
                return Ok(rows);
            }
        }
        let mut connection = open(&self.options, self.set_up.as_deref()).await.map_err(query_error)?;
        let marker = choose_run_marker(&mut connection).await.map_err(query_error)?;
        if marker != BY_CHECKPOINT && self.run_marker != Some(marker) {
            tracing::warn!(
                "the role of the database may not execute pg_control_checkpoint(): crashes of the server are told by the \
                 reset of its statistics"
            );
        }
        self.run_marker = Some(marker);
        let sql = statement(&self.limits_of_message, marker, now, after);
        self.run(connection, &sql).await
    }

    /// Keeps the connection if all went well, and drops it if not or if the caller stops waiting.
    async fn run(&mut self, mut connection: PgConnection, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
        // In one message, values included, so that it goes through a PgBouncer without a transaction around it.
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await;
        let rows: Vec<PgRow> = rows.map_err(query_error)?;
        self.connection = Some(connection);
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}

/// The last checkpoint: a server that recovers from a crash makes one.
const BY_CHECKPOINT: &str = "(pg_control_checkpoint()).checkpoint_lsn";
/// The last reset of statistics: a server that recovers from a crash drops them. Until version 14 it writes them to a
/// file for each poll, so this is the second choice.
const BY_STATISTICS: &str = "coalesce(pg_stat_get_bgwriter_stat_reset_time()::text, '')";

/// Hardened and managed servers let nobody but their owner execute the first function.
async fn choose_run_marker(connection: &mut PgConnection) -> Result<&'static str, sqlx::Error> {
    let may_execute = "SELECT has_function_privilege(to_regprocedure('pg_control_checkpoint()'), 'EXECUTE') AS may";
    let row = sqlx::raw_sql(may_execute).fetch_one(connection).await?;
    let may: Option<bool> = row.try_get("may")?;
    Ok(if may == Some(true) { BY_CHECKPOINT } else { BY_STATISTICS })
}

/// Always returns a row: where there is nothing new, one that holds the position only. Statements of one message are
/// one transaction, so that the level holds for that one, through PgBouncer too.
fn statement(limits: &str, run_marker: &str, now: Timestamp, LastRow { transaction_id, id }: &LastRow) -> String {
    let now = now.to_rfc3339();
    format!(
        "SET TRANSACTION ISOLATION LEVEL {ISOLATION}; {limits}
         SELECT
             here.server, here.xmin,
             new.transaction_id::text AS transaction_id, new.id, new.session_id, new.user_id, new.epoch, new.expires_at
         FROM (
             SELECT
                 pg_postmaster_start_time() || ' ' || {run_marker} AS server,
                 pg_snapshot_xmin(pg_current_snapshot())::text AS xmin
         ) AS here
         LEFT JOIN (
             SELECT * FROM revocations
             WHERE (transaction_id, id) > ('{transaction_id}'::xid8, {id}) AND expires_at > '{now}'
             ORDER BY transaction_id, id
             LIMIT {PAGE}
         ) AS new ON true
         ORDER BY new.transaction_id, new.id"
    )
}

fn position(rows: &[QueryResult]) -> Result<Position, DbErr> {
    let row = rows.first().ok_or_else(|| DbErr::RecordNotFound("the position of the feed".to_owned()))?;
    Ok(Position { server: row.try_get("", "server")?, xmin: row.try_get("", "xmin")? })
}

fn revoked(row: &QueryResult) -> Option<Result<Revoked, DbErr>> {
    let is_empty = row.try_get::<Option<Timestamp>>("", "expires_at").is_ok_and(|until| until.is_none());
    (!is_empty).then(|| revoked_from_row(row))
}

#[async_trait]
impl RevocationFeed for PostgresRevocationFeed {
    async fn poll(&mut self, now: Timestamp) -> Result<Vec<Revoked>, StoreError> {
        self.read(now).await.map_err(unavailable_or_internal)
    }

    async fn changed(&mut self) {
        match &mut self.notifications {
            Some(notifications) => notifications.received().await,
            None => std::future::pending().await,
        }
    }
}
