use application::users::AdminAccount;
use clap::Args;
use domain::users::Email;

use super::new_password::PasswordSource;
use super::{Failure, failure, say};
use crate::config::Config;
use crate::http::chain;
use crate::wiring;

/// The account to make.
#[derive(Debug, Args)]
pub(super) struct CreateAdmin {
    /// To sign in with.
    #[arg(long)]
    email: String,
    #[command(flatten)]
    source: PasswordSource,
}

pub(super) async fn run(arguments: CreateAdmin, config: &Config) -> Result<(), Failure> {
    let email = Email::parse(&arguments.email).map_err(|error| failure(format!("--email: {error}")))?;
    let given = arguments.source.read(&config.application.password_policy)?;
    // On a fresh machine this may come before the server has ever run, so it prepares the database as the server does.
    let application = wiring::start(config, config.server.address()).await.map_err(failure)?.application;
    let account = application.users.create_admin(email, given.password.clone()).await;
    match account.map_err(|error| failure(chain(&error)))? {
        AdminAccount::Created(user) => given.say(
            &format!("created the admin {}", user.email.as_str()),
            "make an admin with another email, who can delete this one, or set its password by 'hexauth set-password'",
        ),
        AdminAccount::AlreadyAdmin(user) => {
            say(format!("{} is an admin already; nothing was changed", user.email.as_str()))
        }
        AdminAccount::NotAdmin(_) => Err(failure(
            "an account with this email exists and is not an active admin; nothing was changed: have an admin promote it, \
             or take another email",
        )),
    }
}
