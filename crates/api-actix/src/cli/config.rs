use clap::Subcommand;

use super::{Failure, say};
use crate::config::Config;

/// What to do with the configuration, which was read and found valid by now.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Action {
    /// Say whether it is valid. All faults are listed at once.
    Check,
    /// Print it, secrets hidden.
    Show,
}

pub(super) fn run(action: Action, config: &Config) -> Result<(), Failure> {
    match action {
        Action::Check => say("the configuration is valid"),
        Action::Show => say(config.show().trim_end()),
    }
}
