use application::Removed;

use super::{Failure, failure, say};
use crate::config::Config;
use crate::error::chain;
use crate::wiring;

pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    let parts = wiring::attach(config).await.map_err(failure)?;
    let removed = parts.application.cleanup().await.map_err(|error| failure(chain(&error)))?;
    let Removed { sessions, revocations, signing_keys } = removed;
    say(format!("removed {sessions} sessions that had ended, {revocations} revocations, {signing_keys} signing keys"))
}
