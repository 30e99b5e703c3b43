use std::time::Duration;

use clap::Subcommand;
use domain::users::Email;

use super::{Failure, failure, say};
use crate::config::{Config, MailSettings, MailTransport};
use crate::http::chain;
use crate::wiring;

/// Longest time that an operator waits to hear what is wrong with the relay.
const PATIENCE: Duration = Duration::from_secs(20);

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
    let mut config = config.clone();
    if let Some(MailSettings { transport: MailTransport::Smtp(smtp), .. }) = &mut config.mail {
        smtp.timeout = smtp.timeout.min(PATIENCE);
    }
    let application = wiring::attach(&config).await.map_err(failure)?.application;
    match application.mail.send_test(to).await {
        Some(Ok(())) => say("the mail was handed over"),
        Some(Err(error)) => Err(failure(chain(&error))),
        None => Err(failure("no mail is sent: set APP_MAIL__TRANSPORT")),
    }
}
