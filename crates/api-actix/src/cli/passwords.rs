use std::path::PathBuf;

use clap::Subcommand;

use super::{Failure, failure, say};
use crate::config::{BreachedList, Config};
use crate::wiring;

/// What to do about passwords.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// Make the list of APP_PASSWORD__BREACHED_FILE of a download of Have I Been Pwned.
    ImportBreached {
        /// Lines of `SHA1:count`, in any order.
        file: PathBuf,
    },
}

pub(super) fn run(action: &Action, config: &Config) -> Result<(), Failure> {
    let Action::ImportBreached { file } = action;
    let Some(BreachedList::File(list)) = &config.breached else {
        return Err(failure("there is no file to write to: set APP_PASSWORD__BREACHED_FILE"));
    };
    let count = wiring::import_breached(file, list).map_err(failure)?;
    say(format!("imported {count} hashes into {}: nodes read it when they start", list.display()))
}
