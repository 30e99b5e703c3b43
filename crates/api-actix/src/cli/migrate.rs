use clap::Subcommand;
use migration::State;

use super::{Failure, failure, say};
use crate::config::Config;
use crate::wiring;

/// What to do with the schema.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Step {
    /// Apply everything that is pending.
    Up,
    /// Revert the newest, with the data in the tables that they made.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// List the migrations.
    Status,
}

pub(super) async fn run(step: Step, config: &Config) -> Result<(), Failure> {
    let (direction, done) = match step {
        Step::Up => (migration::Step::Up, "applied"),
        Step::Down { steps } => (migration::Step::Down(steps), "reverted"),
        Step::Status => return status(config).await,
    };
    let names = wiring::migrate(&config.database, direction).await.map_err(failure)?;
    if names.is_empty() {
        say("nothing to do")?;
    }
    names.iter().try_for_each(|name| say(format!("{done} {name}")))?;
    let left = wiring::migration_status(&config.database).await.map_err(failure)?;
    let mut newer = left.iter().filter(|migration| migration.state == State::Unknown);
    newer.try_for_each(|migration| say(format!("left alone {}, which is of a newer version", migration.name)))
}

async fn status(config: &Config) -> Result<(), Failure> {
    let migrations = wiring::migration_status(&config.database).await.map_err(failure)?;
    migrations.iter().try_for_each(|migration| {
        let state = match migration.state {
            State::Applied => "applied",
            State::Pending => "pending",
            State::Unknown => "unknown",
        };
        say(format!("{state} {}", migration.name))
    })
}
