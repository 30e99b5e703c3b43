use std::io::{BufRead, IsTerminal, Read};

use application::AdminAccount;
use clap::Args;
use domain::Secret;
use domain::passwords::Password;
use domain::users::Email;

use super::{Failure, failure, say};
use crate::config::{Config, without_byte_order_mark};
use crate::error::chain;
use crate::wiring;

/// Longest line that is read as a password, in bytes.
const MAX_LINE: u64 = 4096;

/// The account to make.
#[derive(Debug, Args)]
pub(super) struct CreateAdmin {
    /// To sign in with.
    #[arg(long)]
    email: String,
    /// Read the password from the first line of the standard input instead of asking.
    #[arg(long)]
    password_stdin: bool,
    /// Make a strong password, and print it once when the account was made.
    #[arg(long, conflicts_with = "password_stdin")]
    generate_password: bool,
}

pub(super) async fn run(arguments: CreateAdmin, config: &Config) -> Result<(), Failure> {
    let email = Email::parse(&arguments.email).map_err(|error| failure(format!("--email: {error}")))?;
    let policy = &config.application.password_policy;
    let text = match arguments.generate_password {
        true => wiring::generate_password(policy),
        false => read_password(arguments.password_stdin)?,
    };
    // Asked here, too, so that nothing is made for one that the use case would refuse.
    let password = Password::parse(text.expose()).and_then(|password| policy.check(&password).map(|()| password));
    let password = password.map_err(|error| failure(format!("the password is not accepted: {error}")))?;
    // On a fresh machine this may come before the server has ever run, so it prepares the database as the server does.
    let parts = wiring::start(config).await.map_err(failure)?;
    match parts.application.create_admin(email, password).await.map_err(|error| failure(chain(&error)))? {
        AdminAccount::Created(user) => {
            let created = format!("created the admin {}", user.email.as_str());
            if !arguments.generate_password {
                return say(created);
            }
            let lost = |error| {
                failure(format!(
                    "{created}, but its password could not be printed and is lost ({error}): make an admin with another \
                     email, who can delete this one"
                ))
            };
            say(format!("{created}\npassword: {}", text.expose())).map_err(lost)
        }
        AdminAccount::AlreadyAdmin(user) => {
            say(format!("{} is an admin already; nothing was changed", user.email.as_str()))
        }
        AdminAccount::NotAdmin(_) => Err(failure(
            "an account with this email exists and is no active admin; nothing was changed: have an admin promote it, or \
             take another email",
        )),
    }
}

fn read_password(from_stdin: bool) -> Result<Secret, Failure> {
    if from_stdin {
        let mut line = String::new();
        std::io::stdin().lock().take(MAX_LINE).read_line(&mut line).map_err(failure)?;
        return Ok(Secret::new(without_byte_order_mark(&line).trim_end_matches(['\r', '\n']).to_owned()));
    }
    if !std::io::stdin().is_terminal() {
        return Err(failure(
            "there is no terminal to ask for the password: use --password-stdin or --generate-password",
        ));
    }
    let password = Secret::new(rpassword::prompt_password("Password: ").map_err(failure)?);
    let again = Secret::new(rpassword::prompt_password("Once more: ").map_err(failure)?);
    if password.expose() != again.expose() {
        return Err(failure("the passwords differ"));
    }
    Ok(password)
}
