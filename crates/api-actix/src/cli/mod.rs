//! The command line: one file for each command.

mod cleanup;
mod config;
mod create_admin;
mod healthcheck;
mod keys;
mod mail;
mod migrate;
mod new_password;
mod outbox;
mod passwords;
mod serve;
mod set_password;
mod users;

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Environment};
use crate::node::wiring;
use crate::observe::telemetry::{self, LogStream};

/// Sign-in and users, from one binary.
#[derive(Debug, Parser)]
#[command(name = "hexauth", version, about = "Sign-in and users, from one binary.")]
struct Arguments {
    /// Configuration file (TOML). Also APP_CONFIG.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API. This is also what happens without a command.
    Serve,
    /// Change the database's schema.
    Migrate {
        #[command(subcommand)]
        step: migrate::Step,
    },
    /// Make an account for an admin. Does nothing when it is there already.
    CreateAdmin(create_admin::CreateAdmin),
    /// Give a user another password, and end all of their sessions.
    SetPassword(set_password::SetPassword),
    /// Look after users.
    Users {
        #[command(subcommand)]
        action: users::Action,
    },
    /// Remove what has ended or is old: sessions, revocations, signing keys, events, one-time tokens, mails, counts of
    /// attempts.
    Cleanup(cleanup::Cleanup),
    /// Look at the signing keys, or rotate them.
    Keys {
        #[command(subcommand)]
        action: keys::Action,
    },
    /// Try whether mail can be sent.
    Mail {
        #[command(subcommand)]
        action: mail::Action,
    },
    /// Look at the mails that wait or were given up.
    Outbox {
        #[command(subcommand)]
        action: outbox::Action,
    },
    /// Look after the list of breached passwords.
    Passwords {
        #[command(subcommand)]
        action: passwords::Action,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Look at the configuration.
    Config {
        #[command(subcommand)]
        action: config::Action,
    },
    /// Ask the server that runs with this configuration whether it is ready.
    Healthcheck,
}

/// What a command says when it fails: one plain message.
type Failure = Box<dyn Display>;

/// Runs the command line and returns the exit code: 0, 1 when the command failed, 2 when the arguments were wrong.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If the error stream is gone, there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "hexauth: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let command = arguments.command.unwrap_or(Command::Serve);
    if let Command::Openapi = command {
        return say(crate::docs::openapi::json());
    }
    let config = load_config(arguments.config.as_deref())?;
    if let Command::Config { action } = command {
        return config::run(action, &config);
    }
    let (ignored, has_empty_mode) = (config::ignored_variables(&config), config.has_empty_mode);
    let telemetry = match command {
        Command::Serve => telemetry::init(LogStream::Stdout, &config.log, config.traces.as_ref()),
        // Commands serve nobody: there is nothing to trace.
        _ => telemetry::init(LogStream::Stderr, &config.log, None),
    };
    if let Some(variables) = ignored {
        tracing::warn!(variables, "{}", config::IGNORED);
    }
    if has_empty_mode {
        tracing::warn!("{}", config::EMPTY_MODE);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failure)?;
    let result = runtime.block_on(async {
        match command {
            Command::Serve => serve::run(config).await,
            Command::Migrate { step } => migrate::run(step, &config).await,
            Command::CreateAdmin(create_admin) => create_admin::run(create_admin, &config).await,
            Command::SetPassword(set_password) => set_password::run(set_password, &config).await,
            Command::Users { action } => users::run(action, &config).await,
            Command::Cleanup(cleanup) => cleanup::run(cleanup, &config).await,
            Command::Keys { action } => keys::run(action, &config).await,
            Command::Mail { action } => mail::run(action, &config).await,
            Command::Outbox { action } => outbox::run(action, &config).await,
            Command::Healthcheck => healthcheck::run(&config).await,
            Command::Passwords { action } => passwords::run(&action, &config),
            // Done above, without a runtime.
            Command::Openapi | Command::Config { .. } => Ok(()),
        }
    });
    telemetry.stop();
    result
}

/// Reads `.env` in development, then the configuration.
fn load_config(file: Option<&Path>) -> Result<Config, Failure> {
    let mut environment = Environment::of_process();
    if !environment.is_production() {
        environment.add_file(Path::new(".env")).map_err(failure)?;
    }
    let file = file.map(Path::to_path_buf).or_else(|| environment.get("APP_CONFIG").map(PathBuf::from));
    Config::load(file.as_deref(), environment, wiring::CHECKS).map_err(failure)
}

fn failure(error: impl Display + 'static) -> Failure {
    Box::new(error)
}

/// Prints what was asked for. A reader that closes the pipe has read enough.
fn say(text: impl Display) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(failure(error)),
        _ => Ok(()),
    }
}
