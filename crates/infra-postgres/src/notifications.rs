use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// What the triggers of the tables `revocations` and `signing_keys` notify.
const CHANNEL: &str = "hexauth";
/// Longest wait for a connection that listens.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long to wait before connecting again, at first and at most.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(1);
/// After so long without a message the server is asked whether it is still there: one that vanished sends nothing.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest wait for that answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Tells of notifications. A task of its own listens, on a connection of its own, and ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Notifications(watch::Receiver<()>);

impl Notifications {
    /// Begins to listen. Must be called on a tokio runtime.
    pub(crate) fn listen(options: PgConnectOptions, set_up: Option<String>) -> Self {
        let (sender, receiver) = watch::channel(());
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                () = keep_listening(&options, set_up.as_deref(), &sender) => {}
            }
        });
        Self(receiver)
    }

    /// Returns when there was a notification since the last call, or when there may have been one: after each
    /// reconnection. Dropping the future loses nothing.
    pub(crate) async fn received(&mut self) {
        if self.0.changed().await.is_err() {
            // The runtime is shutting down.
            std::future::pending::<()>().await;
        }
    }
}

async fn keep_listening(options: &PgConnectOptions, set_up: Option<&str>, sender: &watch::Sender<()>) {
    let mut pause = PAUSE;
    loop {
        if let Ok(Ok(listener)) = timeout(CONNECT_LIMIT, connect(options, set_up)).await {
            pause = PAUSE;
            // Earlier notifications were lost.
            sender.send_replace(());
            forward(listener, sender).await;
        }
        sleep(pause).await;
        pause = MAX_PAUSE.min(pause * 2);
    }
}

async fn connect(options: &PgConnectOptions, set_up: Option<&str>) -> Result<PgListener, sqlx::Error> {
    let one = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = one.acquire_timeout(CONNECT_LIMIT).connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    if let Some(set_up) = set_up {
        listener.execute(AssertSqlSafe(set_up).into_sql_str()).await?;
    }
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Passes notifications on until the connection is lost.
async fn forward(mut listener: PgListener, sender: &watch::Sender<()>) {
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(_))) => sender.send_replace(()),
            Ok(_) => return,
            Err(_) if answers(&mut listener).await => {}
            Err(_) => return,
        }
    }
}

async fn answers(listener: &mut PgListener) -> bool {
    matches!(timeout(ANSWER_LIMIT, listener.execute("SELECT 1")).await, Ok(Ok(_)))
}
