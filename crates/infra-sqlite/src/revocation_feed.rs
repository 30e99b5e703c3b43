use async_trait::async_trait;
use domain::sessions::{RevocationFeed, Revoked};
use domain::{StoreError, Timestamp};
use infra_seaorm::revoked_from_row;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::error::unavailable_or_internal;
use crate::{SqliteConnections, SqliteStore};

/// Follows what is revoked in a SQLite file, by this process or another. There is one writer at a time and no id comes
/// twice, so ids are committed in order: new rows have greater ids than all rows before.
#[derive(Debug)]
pub struct SqliteRevocationFeed {
    connections: SqliteConnections,
    last_id: i64,
    /// The time of the last poll that succeeded.
    polled_at: Timestamp,
}

impl SqliteRevocationFeed {
    /// A feed that begins with all that is there.
    pub fn new(store: &SqliteStore) -> Self {
        Self { connections: store.connection().clone(), last_id: 0, polled_at: Timestamp::MIN_UTC }
    }

    async fn read(&mut self, now: Timestamp) -> Result<Vec<Revoked>, DbErr> {
        if now < self.polled_at {
            self.last_id = 0;
        }
        let sql = "SELECT id, session_id, user_id, epoch, expires_at FROM revocations
                   WHERE id > ? AND expires_at > ? ORDER BY id";
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [self.last_id.into(), now.into()]);
        let rows = self.connections.query_all_raw(statement).await?;
        let revoked = rows.iter().map(revoked_from_row).collect::<Result<_, _>>()?;
        if let Some(row) = rows.last() {
            self.last_id = row.try_get("", "id")?;
        }
        self.polled_at = now;
        Ok(revoked)
    }
}

#[async_trait]
impl RevocationFeed for SqliteRevocationFeed {
    async fn poll(&mut self, now: Timestamp) -> Result<Vec<Revoked>, StoreError> {
        self.read(now).await.map_err(unavailable_or_internal)
    }

    /// Never returns: SQLite has no notifications, and the caller polls in any case.
    async fn changed(&mut self) {
        std::future::pending().await
    }
}
