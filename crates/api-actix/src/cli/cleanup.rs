use super::{Failure, failure, say};
use crate::config::Config;
use crate::wiring;

pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    let state = wiring::build(config).await.map_err(failure)?;
    let removed = state.application.cleanup().await.map_err(failure)?;
    say(format!("removed {removed} sessions that had ended"))
}
