use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use infra_seaorm::PoolUsage;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::runtime::{self, Handle};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::connect::open;
use crate::error::is_transient;
use crate::lease::Lease;

/// A connection that idles longer is closed when another comes back.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// A connection that is older is replaced, so that load spreads again after a fail-over.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// A connection that idled longer is pinged before it is used.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// Longest wait for that answer, and for closing a connection.
const PING_LIMIT: Duration = Duration::from_millis(500);
/// How long to wait before trying again while the server is away, at first and at most.
const PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// A pool of connections.
///
/// It replaces sqlx's pool, which pings each connection that comes back. That doubles the number of round trips, and
/// where the server vanished without closing the connection it waits for ever. See
/// `docs/adr/0007-pool-for-postgres.md`.
pub(crate) struct Pool {
    pub(crate) settings: PoolSettings,
    permits: Arc<Semaphore>,
    /// The one used last is at the end.
    idle: Mutex<Vec<Idle>>,
    /// Where connections are opened. Until it is set, that is where they are asked for.
    home: OnceLock<Handle>,
}

/// How to connect, and how to speak with what is at the other end.
pub(crate) struct PoolSettings {
    pub(crate) options: PgConnectOptions,
    /// The statements that set a new connection up.
    pub(crate) set_up: Option<String>,
    /// Most connections at a time.
    pub(crate) max_connections: u32,
    /// Longest wait for a connection.
    pub(crate) acquire_timeout: Duration,
    /// Longest wait for an answer. The server gives up earlier; this is for one that vanished without closing the
    /// connection.
    pub(crate) answer_timeout: Duration,
    /// Whether a statement gets a name and is prepared once per connection.
    pub(crate) names_statements: bool,
}

struct Idle {
    connection: PgConnection,
    opened: Opened,
    since: Instant,
}

/// When a connection was opened, and on which runtime.
#[derive(Clone, Copy)]
pub(crate) struct Opened {
    at: Instant,
    on: runtime::Id,
}

impl Pool {
    pub(crate) fn new(settings: PoolSettings) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(settings.max_connections as usize));
        Arc::new(Self { settings, permits, idle: Mutex::default(), home: OnceLock::new() })
    }

    /// Lends a connection.
    ///
    /// # Errors
    /// When no connection is free in time and no new one can be opened.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Lease, DbErr> {
        let too_late = |_| Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        timeout(self.settings.acquire_timeout, self.wait()).await.unwrap_or_else(too_late)
    }

    async fn wait(self: &Arc<Self>) -> Result<Lease, DbErr> {
        let closed = |_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let permit = self.permits.clone().acquire_owned().await.map_err(closed)?;
        if let Some(mut idle) = self.pop() {
            if idle.since.elapsed() < TRUSTED_FOR || answers(&mut idle.connection).await {
                return Ok(Lease::new(idle.connection, idle.opened, permit, self.clone()));
            }
            self.close_idle();
        }
        let connection = self.connect().await?;
        let on = self.home.get().map_or_else(|| Handle::current().id(), Handle::id);
        Ok(Lease::new(connection, Opened { at: Instant::now(), on }, permit, self.clone()))
    }

    /// Connects, again and again for as long as the caller waits where the server may be about to come back.
    async fn connect(&self) -> Result<PgConnection, DbErr> {
        let mut pause = PAUSE;
        loop {
            let error = match self.connect_at_home().await {
                Ok(connection) => return Ok(connection),
                Err(error) => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
            };
            if !is_transient(&error) {
                return Err(error);
            }
            sleep(pause).await;
            pause = MAX_PAUSE.min(pause * 2);
        }
    }

    async fn connect_at_home(&self) -> Result<PgConnection, sqlx::Error> {
        let (options, set_up) = (self.settings.options.clone(), self.settings.set_up.clone());
        let connecting = async move { open(&options, set_up.as_deref()).await };
        let Some(home) = self.home.get() else { return connecting.await };
        let connecting = home.spawn(connecting);
        connecting.await.unwrap_or_else(|ended| Err(io::Error::other(ended).into()))
    }

    /// Opens connections on this runtime from now on, and waits until all others have come back, to close them.
    pub(crate) async fn move_to(&self, home: Handle) {
        if self.home.set(home).is_ok() {
            let all_are_back = self.permits.acquire_many(self.settings.max_connections).await;
            self.close_idle();
            drop(all_are_back);
        }
    }

    pub(crate) fn usage(&self) -> PoolUsage {
        let max = self.settings.max_connections;
        let free = u32::try_from(self.permits.available_permits()).unwrap_or(max);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        PoolUsage { pool: "all", in_use: max.saturating_sub(free), idle: u32::try_from(idle).unwrap_or(max), max }
    }

    /// The most recently used of those that were opened here, or else of all.
    fn pop(&self) -> Option<Idle> {
        let here = Handle::current().id();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match idle.iter().rposition(|idle| idle.opened.on == here) {
            Some(place) => Some(idle.remove(place)),
            None => idle.pop(),
        }
    }

    /// Takes back a connection that nothing is left on.
    pub(crate) fn put_back(&self, connection: PgConnection, opened: Opened) {
        if opened.at.elapsed() > MAX_LIFETIME {
            return close(connection);
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { connection, opened, since: Instant::now() });
        if idle.first().is_some_and(|oldest| oldest.since.elapsed() > IDLE_TIMEOUT) {
            close(idle.remove(0).connection);
        }
    }

    /// Closes all idle connections: when one is broken, the others most likely are, too.
    pub(crate) fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Closes a connection in order, in the background, so that the server does not log a lost client.
fn close(connection: PgConnection) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(timeout(PING_LIMIT, connection.close()));
    }
}

async fn answers(connection: &mut PgConnection) -> bool {
    matches!(timeout(PING_LIMIT, connection.ping()).await, Ok(Ok(())))
}
