//! [`HealthCheck`]: a round trip each time, and now and then a write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::{HealthCheck, StoreError};
use sea_orm::{ConnAcquireErr, DbErr};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::{SqlConnections, Store};

/// Longest time that a check takes, and longest wait for a write.
const CHECK_LIMIT: Duration = Duration::from_secs(2);
/// How often a write is tried at most: anyone may ask for readiness as often as they like.
const WRITE_INTERVAL: Duration = Duration::from_secs(3);

/// The outcome of the last probe.
#[derive(Debug, Default)]
pub(crate) struct LastWrite(Arc<Mutex<Option<Tried>>>);

#[derive(Debug)]
struct Tried {
    at: Instant,
    result: Result<(), DbErr>,
}

impl LastWrite {
    /// The outcome of the last write, or of another one when it is due. Callers wait for each other.
    async fn recent(&self, connections: &(impl SqlConnections + Clone + 'static)) -> Result<(), DbErr> {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        if let Some(tried) = last.as_ref().filter(|tried| tried.at.elapsed() < WRITE_INTERVAL) {
            return tried.result.clone();
        }
        let connections = connections.clone();
        // In a task of its own, so that its outcome is noted even when this caller goes away: anyone may ask, without a
        // token.
        let trying = tokio::spawn(async move {
            let result = within_limit(connections.try_write()).await;
            *last = Some(Tried { at: Instant::now(), result: result.clone() });
            result
        });
        trying.await.unwrap_or(Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)))
    }
}

#[async_trait]
impl<C: SqlConnections + Clone + 'static> HealthCheck for Store<C> {
    async fn check(&self) -> Result<(), StoreError> {
        let checking = async {
            self.connection.check().await?;
            self.last_write.recent(&self.connection).await
        };
        // Whatever keeps it from responding, it is not available.
        within_limit(checking).await.map_err(|error| StoreError::Unavailable(error.into()))
    }
}

async fn within_limit(work: impl Future<Output = Result<(), DbErr>>) -> Result<(), DbErr> {
    let too_late = |_| Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
    timeout(CHECK_LIMIT, work).await.unwrap_or_else(too_late)
}
