use application::ApplicationError;
use clap::Subcommand;
use domain::users::Email;

use super::{Failure, failure, say};
use crate::config::Config;
use crate::http::chain;
use crate::wiring;

/// What to do about users.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// Remove all second factors of a user who lost them, and end all of their sessions.
    ResetFactors {
        /// The email of the account.
        #[arg(long)]
        email: String,
    },
}

pub(super) async fn run(action: Action, config: &Config) -> Result<(), Failure> {
    let Action::ResetFactors { email } = action;
    let email = Email::parse(&email).map_err(|error| failure(format!("--email: {error}")))?;
    let application = wiring::attach(config).await.map_err(failure)?.application;
    let had_any = application.factors.reset_by_email(&email).await.map_err(|error| match error {
        ApplicationError::NotFound => failure("there is no account with this email; nothing was changed"),
        error => failure(chain(&error)),
    })?;
    let email = email.as_str();
    say(match had_any {
        true => format!("removed all second factors of {email} and ended all sessions"),
        false => format!("{email} has no second factors; nothing was changed"),
    })
}
