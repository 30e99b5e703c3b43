//! The use cases of Hexauth. Each is one file and one method of [`Application`]; who may do what is decided here,
//! from the [`Actor`], and nowhere else.
//!
//! The crate knows only `domain`: hand it adapters of the ports and it runs in any binary.

mod actor;
mod audit;
mod auth;
mod cleanup;
mod error;
mod users;

#[cfg(test)]
mod testing;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::RefreshPolicy;
use domain::ports::{
    AccessTokens, Clock, IdGenerator, Mac, PasswordHasher, RefreshTokenRepository, UnitOfWorkFactory, UserRepository,
};

pub use actor::{Actor, Target};
pub use auth::{Login, MAX_SESSIONS_LISTED, Session, TokenPair};
pub use error::ApplicationError;
pub use users::{AdminAccount, ChangePassword, CreateUser, ListUsers, Paging, UserChange, UserPage};

/// What the use cases work with. Clones share the same adapters.
#[derive(Clone)]
pub struct Ports {
    /// Users, outside a unit of work.
    pub users: Arc<dyn UserRepository>,
    /// Refresh tokens, outside a unit of work.
    pub refresh_tokens: Arc<dyn RefreshTokenRepository>,
    /// Several writes as one.
    pub units_of_work: Arc<dyn UnitOfWorkFactory>,
    /// Hashes passwords.
    pub password_hasher: Arc<dyn PasswordHasher>,
    /// Signs and reads access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Authenticates refresh tokens and cursors.
    pub mac: Arc<dyn Mac>,
    /// Makes ids.
    pub ids: Arc<dyn IdGenerator>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What an operator decides about the use cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long an access token is valid. Cut at the end of its session.
    pub access_token_ttl: TimeDelta,
    /// How long sessions live.
    pub refresh: RefreshPolicy,
    /// Whether anyone may register, or admins only.
    pub registration_open: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { access_token_ttl: TimeDelta::minutes(15), refresh: RefreshPolicy::default(), registration_open: true }
    }
}

/// The use cases, as methods.
#[derive(Clone)]
pub struct Application {
    ports: Ports,
    settings: Settings,
}

impl Application {
    /// The use cases on these adapters.
    pub fn new(ports: Ports, settings: Settings) -> Self {
        Self { ports, settings }
    }
}
