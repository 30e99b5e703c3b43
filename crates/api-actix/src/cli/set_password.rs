use application::ApplicationError;
use clap::Args;
use domain::users::Email;

use super::new_password::PasswordSource;
use super::{Failure, failure};
use crate::config::Config;
use crate::http::chain;
use crate::wiring;

/// Whose password to set.
#[derive(Debug, Args)]
pub(super) struct SetPassword {
    /// The email of the account.
    #[arg(long)]
    email: String,
    #[command(flatten)]
    source: PasswordSource,
}

pub(super) async fn run(arguments: SetPassword, config: &Config) -> Result<(), Failure> {
    let email = Email::parse(&arguments.email).map_err(|error| failure(format!("--email: {error}")))?;
    let given = arguments.source.read(&config.application.password_policy)?;
    let application = wiring::attach(config).await.map_err(failure)?.application;
    application.passwords.set_by_email(&email, given.password.clone()).await.map_err(|error| match error {
        ApplicationError::NotFound => failure("there is no account with this email; nothing was changed"),
        error => failure(chain(&error)),
    })?;
    given.say(&format!("set the password of {} and ended all sessions", email.as_str()), "run it again")
}
