use super::{Failure, failure, say};
use crate::config::Config;
use crate::error::chain;
use crate::wiring;

pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    let state = wiring::attach(config).await.map_err(failure)?;
    let removed = state.application.cleanup().await.map_err(|error| failure(chain(&error)))?;
    say(format!("removed {removed} sessions that had ended"))
}
