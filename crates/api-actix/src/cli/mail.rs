use clap::Subcommand;
use domain::users::Email;

use super::{Failure, failure, say};
use crate::config::Config;
use crate::http::chain;
use crate::wiring;

/// What to do with mail.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// Send a mail at once, past the outbox, and say what came of it.
    Test {
        /// Who gets it.
        #[arg(long)]
        to: String,
    },
}

pub(super) async fn run(action: Action, config: &Config) -> Result<(), Failure> {
    let Action::Test { to } = action;
    let to = Email::parse(&to).map_err(|error| failure(format!("--to: {error}")))?;
    let application = wiring::attach(config).await.map_err(failure)?.application;
    match application.mail.send_test(to).await {
        Some(Ok(())) => say("the mail was handed over"),
        Some(Err(error)) => Err(failure(chain(&error))),
        None => Err(failure("no mail is sent: set APP_MAIL__TRANSPORT")),
    }
}
