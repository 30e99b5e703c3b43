use application::Application;
use application::node::{CleanupEnd, Removed};
use clap::Args;
use tokio::time::sleep;

use super::{Failure, failure, say};
use crate::config::Config;
use crate::http::chain;
use crate::node::background::CLEANUP_PAUSE;
use crate::wiring;

/// How to clean up.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Cleanup {
    /// Say what would be removed, and remove nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(arguments: Cleanup, config: &Config) -> Result<(), Failure> {
    let application = wiring::attach(config).await.map_err(failure)?.application;
    if arguments.dry_run {
        let ended = application.node.count_ended().await.map_err(|error| failure(chain(&error)))?;
        return say(format!("would remove {}", listed(ended, "have ended")));
    }
    remove(&application).await
}

async fn remove(application: &Application) -> Result<(), Failure> {
    let mut removed = Removed::default();
    let end = application.node.clean_up(&mut removed, || sleep(CLEANUP_PAUSE)).await;
    if end.is_ok() || removed != Removed::default() {
        say(format!("removed {}", listed(removed, "had ended")))?;
    }
    match end.map_err(|error| failure(chain(&error)))? {
        CleanupEnd::Complete => Ok(()),
        CleanupEnd::Limit => say("there is more: run it again"),
        CleanupEnd::ByAnother => say("another process is cleaning up, and does the rest"),
    }
}

fn listed(counts: Removed, ended: &str) -> String {
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
    } = counts;
    format!(
        "{sessions} sessions that {ended}, {revocations} revocations, {signing_keys} signing keys, {events} old events, \
         {one_time_tokens} one-time tokens, {ceremonies} ceremonies of passkeys, \
         {provider_flows} sign-ins by providers, {mails} mails, {attempts} counts of attempts"
    )
}
