use std::io::Write;

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
    if let Some(ignored) = ignored_variables(config) {
        // If the error stream is gone, there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "hexauth: {IGNORED}: {ignored}");
    }
    match action {
        Action::Check => say("the configuration is valid"),
        Action::Show => say(config.show().trim_end()),
    }
}

/// What is said of the variables that look like settings and are not.
pub(super) const IGNORED: &str = "variables that begin with APP_ and are not settings are ignored";

/// Their names, on one line.
pub(super) fn ignored_variables(config: &Config) -> Option<String> {
    Some(config.ignored_variables.join(" ")).filter(|names| !names.is_empty())
}
