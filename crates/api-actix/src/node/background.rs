//! What a node does apart from serving requests: it follows the other nodes, and writes what can wait.

use std::error::Error;
use std::time::Duration;

use application::Application;
use application::mail::Round;
use application::node::{CleanupEnd, Removed};
use domain::Ids;
use domain::sessions::RevocationFeed;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::http::chain;

/// How often the key ring is read, and also the feed, whether or not something woke the node.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);
/// How often the last use of sessions is written.
const ACTIVITY_INTERVAL: Duration = Duration::from_secs(5);
/// How often the node checks whether keys are due to rotate.
const ROTATION_INTERVAL: Duration = Duration::from_secs(1);
/// How often the node looks for mail that is due.
const MAIL_INTERVAL: Duration = Duration::from_secs(1);
/// How often the node looks at the outbox, for the metrics.
const OUTBOX_INTERVAL: Duration = Duration::from_secs(5);
/// Longest pause after the relay could not be used.
const MAX_MAIL_PAUSE: Duration = Duration::from_secs(60);
/// Nodes clean up for the first time within this time after the start, each at a moment of its own.
const FIRST_CLEANUP_WITHIN: Duration = Duration::from_secs(60);
/// How soon a clean-up that failed, or that left more to do, is done again.
const CLEANUP_RETRY: Duration = Duration::from_secs(60);
/// Between two batches of a clean-up, so that others who write get their turn.
pub(crate) const CLEANUP_PAUSE: Duration = Duration::from_millis(50);

const ACTIVITY_FAULT: &str = "the last use of sessions cannot be written";

/// The tasks of a node. They end when this is dropped.
pub(crate) struct Background {
    application: Application,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    pub(crate) fn start(application: Application, feed: Box<dyn RevocationFeed>) -> Self {
        let tasks = vec![
            tokio::spawn(follow_revocations(application.clone(), feed)),
            tokio::spawn(follow_keys(application.clone())),
            tokio::spawn(write_activity(application.clone())),
            tokio::spawn(rotate_keys(application.clone())),
            tokio::spawn(send_mail(application.clone())),
            tokio::spawn(observe_outbox(application.clone())),
        ];
        Self { application, tasks }
    }

    /// Removes what has ended, again and again.
    pub(crate) fn clean_up_every(&mut self, interval: Duration, ids: &dyn Ids) {
        let first = interval.min(FIRST_CLEANUP_WITHIN).mul_f64(random_share(ids));
        self.tasks.push(tokio::spawn(clean_up(self.application.clone(), first, interval)));
    }

    /// Serves the metrics until the end.
    pub(crate) fn serve_metrics(&mut self, task: impl Future<Output = std::io::Result<()>> + Send + 'static) {
        self.tasks.push(tokio::spawn(async move {
            if let Err(error) = task.await {
                tracing::error!(%error, "the metrics are no longer served");
            }
        }));
    }

    /// Ends the tasks, after everything that is left to write was written.
    pub(crate) async fn stop(self) {
        Outage::new(ACTIVITY_FAULT).note(self.application.sessions.write_activity().await);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn follow_revocations(application: Application, mut feed: Box<dyn RevocationFeed>) {
    let mut outage = Outage::new("revocations cannot be followed: the database is asked for each request");
    loop {
        tokio::select! {
            () = feed.changed() => {}
            () = sleep(FOLLOW_INTERVAL) => {}
        }
        outage.note(application.sessions.follow_revocations(feed.as_mut()).await);
    }
}

/// Apart from the feed, which must not wait for the pool.
async fn follow_keys(application: Application) {
    let mut outage = Outage::new("signing keys cannot be followed");
    loop {
        sleep(FOLLOW_INTERVAL).await;
        outage.note(application.keys.reload().await);
    }
}

async fn write_activity(application: Application) {
    let mut outage = Outage::new(ACTIVITY_FAULT);
    loop {
        sleep(ACTIVITY_INTERVAL).await;
        outage.note(application.sessions.write_activity().await);
    }
}

async fn rotate_keys(application: Application) {
    let mut outage = Outage::new("signing keys cannot be rotated");
    loop {
        sleep(ROTATION_INTERVAL).await;
        outage.note(application.keys.rotate_if_due().await.map(drop));
    }
}

/// While the relay cannot be used, rounds are further and further apart.
async fn send_mail(application: Application) {
    let mut outage = Outage::new("mail cannot be sent");
    let mut pause = MAIL_INTERVAL;
    loop {
        sleep(pause).await;
        match application.mail.send_due().await {
            Ok(Round { relay_fault: Some(fault), .. }) => {
                pause = (pause * 2).min(MAX_MAIL_PAUSE);
                outage.note(Err(fault));
            }
            round => {
                pause = MAIL_INTERVAL;
                outage.note(round.map(drop));
            }
        }
    }
}

async fn observe_outbox(application: Application) {
    if !application.mail.is_on() {
        return;
    }
    let mut outage = Outage::new("the outbox cannot be read");
    loop {
        outage.note(application.mail.observe().await);
        sleep(OUTBOX_INTERVAL).await;
    }
}

async fn clean_up(application: Application, first: Duration, interval: Duration) {
    let mut outage = Outage::new("what has ended cannot be removed");
    let mut wait = first;
    loop {
        sleep(wait).await;
        let mut removed = Removed::default();
        let end = application.node.clean_up(&mut removed, || sleep(CLEANUP_PAUSE)).await;
        if removed != Removed::default() {
            let Removed {
                sessions,
                revocations,
                signing_keys,
                events,
                one_time_tokens,
                ceremonies,
                provider_flows,
                mails,
                attempts,
            } = removed;
            tracing::info!(
                sessions,
                revocations,
                signing_keys,
                events,
                one_time_tokens,
                ceremonies,
                provider_flows,
                mails,
                attempts,
                "removed what had ended",
            );
        }
        wait = match end {
            Ok(CleanupEnd::Complete | CleanupEnd::ByAnother) => interval,
            Ok(CleanupEnd::Limit) | Err(_) => interval.min(CLEANUP_RETRY),
        };
        outage.note(end.map(drop));
    }
}

/// From 0 to 1.
fn random_share(ids: &dyn Ids) -> f64 {
    // All bits of the last part are random (RFC 9562, section 5.4).
    let [.., a, b, c, d] = ids.v4().into_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
}

/// Logs when something begins to fail and when it works again, and not each time in between.
struct Outage {
    what: &'static str,
    lasts: bool,
}

impl Outage {
    fn new(what: &'static str) -> Self {
        Self { what, lasts: false }
    }

    fn note(&mut self, result: Result<(), impl Into<Box<dyn Error>>>) {
        let former = std::mem::replace(&mut self.lasts, result.is_err());
        match result {
            Ok(()) if former => tracing::info!(was = self.what, "it works again"),
            Err(error) if !former => tracing::warn!(error = %chain(&*error.into()), "{}", self.what),
            _ => {}
        }
    }
}
