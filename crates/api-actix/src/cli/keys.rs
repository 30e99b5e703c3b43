use std::time::{Duration, Instant};

use application::ApplicationError;
use application::keys::Rotated;
use chrono::SecondsFormat;
use clap::Subcommand;
use domain::keys::KeyState;

use super::{Failure, failure, say};
use crate::config::Config;
use crate::http::chain;
use crate::wiring;

/// Longest wait until the next key may sign.
const TIMEOUT: Duration = Duration::from_secs(30);

const OTHER_SECRET: &str = "nothing was changed: the signing keys in the database cannot be opened with this \
                            APP_SECRET_KEY; they were sealed with another one, or are damaged";

/// What to do with the signing keys.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Action {
    /// List them, oldest first: id, algorithm, state, when made.
    List,
    /// Let the next key sign, and retire the active one. No valid token is refused. May wait some seconds.
    Rotate {
        /// Throw all keys away instead, and make new ones: for when a key or the root secret leaked. Every access token
        /// becomes void; sessions go on by their refresh tokens, if the root secret is the same. If it is another, only
        /// with --yes.
        #[arg(long)]
        replace: bool,
        /// Replace keys of another root secret, too: every sign-in becomes void as well.
        #[arg(long, requires = "replace")]
        yes: bool,
    },
}

pub(super) async fn run(action: Action, config: &Config) -> Result<(), Failure> {
    let application = wiring::attach(config).await.map_err(failure)?.application;
    let failed = |error: ApplicationError| failure(chain(&error));
    match action {
        Action::List => {
            let keys = application.keys.list().await.map_err(failed)?;
            keys.readable.iter().try_for_each(|key| {
                let made = key.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
                let until = match key.state {
                    KeyState::Retired { accepted_until } => {
                        format!(" accepted until {}", accepted_until.to_rfc3339_opts(SecondsFormat::Secs, true))
                    }
                    KeyState::Next | KeyState::Active { .. } => String::new(),
                };
                say(format!("{} {} {} made {made}{until}", key.id, key.algorithm, key.state.name()))
            })?;
            keys.unreadable.iter().try_for_each(say)
        }
        Action::Rotate { replace: true, yes } => match application.keys.replace(yes).await {
            Ok(()) => say("replaced all keys: every access token is void"),
            Err(ApplicationError::ForeignKeys) => Err(failure(format!(
                "{OTHER_SECRET}. Replacing them voids every access token and, where the secret is another, every \
                 sign-in: everybody has to sign in again. If that is wanted, add --yes"
            ))),
            Err(error) => Err(failed(error)),
        },
        Action::Rotate { replace: false, .. } => rotate(&application).await,
    }
}

async fn rotate(application: &application::Application) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        match application.keys.rotate().await {
            Ok(Rotated::Done) => return say("rotated"),
            Ok(Rotated::ByAnother) => return say("rotated, by another process at the same time"),
            Ok(Rotated::TooSoon(wait)) => {
                let wait = wait.to_std().unwrap_or_default();
                if started.elapsed() + wait > TIMEOUT {
                    return Err(failure(format!("there are too many keys: try again in {} s", wait.as_secs() + 1)));
                }
                tokio::time::sleep(wait).await;
            }
            Err(ApplicationError::NotFound) => {
                return Err(failure("there are no keys yet: the server makes them when it starts"));
            }
            Err(ApplicationError::ForeignKeys) => return Err(failure(OTHER_SECRET)),
            Err(error) => return Err(failure(chain(&error))),
        }
    }
}
