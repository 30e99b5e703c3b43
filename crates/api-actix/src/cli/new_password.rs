use std::io::{BufRead, IsTerminal, Read};

use clap::Args;
use domain::Secret;
use domain::passwords::{Password, PasswordPolicy};
use zeroize::Zeroizing;

use super::{Failure, failure, say};
use crate::config::without_byte_order_mark;
use crate::wiring;

/// Longest line that is read as a password, in bytes.
const MAX_LINE: u64 = 4096;

/// Where a command gets a password from.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of the standard input instead of asking.
    #[arg(long)]
    password_stdin: bool,
    /// Make a strong password, and print it once when all is done.
    #[arg(long, conflicts_with = "password_stdin")]
    generate_password: bool,
}

/// A password of an acceptable length.
pub(super) struct GivenPassword {
    pub(super) password: Password,
    /// The same, for one that nobody knows yet.
    generated: Option<Secret>,
}

impl PasswordSource {
    /// Returns it before anything is changed. That it is too easy to guess, only the use case finds out.
    pub(super) fn read(self, policy: &PasswordPolicy) -> Result<GivenPassword, Failure> {
        let text = match self.generate_password {
            true => wiring::generate_password(policy),
            false => read_password(self.password_stdin)?,
        };
        let password =
            Password::parse(text.expose()).and_then(|password| policy.check_length(&password).map(|()| password));
        let password = password.map_err(|error| failure(format!("the password is not accepted: {error}")))?;
        Ok(GivenPassword { password, generated: self.generate_password.then_some(text) })
    }
}

impl GivenPassword {
    /// Says what was done and, if the password was made here, the password. `otherwise` is what to do if that is lost.
    pub(super) fn say(&self, done: &str, otherwise: &str) -> Result<(), Failure> {
        let Some(password) = &self.generated else { return say(done) };
        say(format!("{done}\npassword: {}", password.expose())).map_err(|error| {
            failure(format!("{done}, but its password could not be printed and is lost ({error}): {otherwise}"))
        })
    }
}

fn read_password(from_stdin: bool) -> Result<Secret, Failure> {
    if from_stdin {
        let mut line = Zeroizing::new(String::new());
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
