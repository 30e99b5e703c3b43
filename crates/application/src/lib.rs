//! The use cases of Hexauth. Each is one file and one method of [`Application`]; who may do what is decided here,
//! from the [`Actor`], and nowhere else.
//!
//! The crate knows only `domain`: hand it adapters of the ports and it runs in any binary, on Tokio with its timer. In a
//! unit test they are the mocks that `domain` has behind its feature `mocks`:
//!
//! ```
//! use std::sync::Arc;
//!
//! use application::{Application, ApplicationError, CreateUser, Ports, Settings};
//! use domain::access_tokens::MockAccessTokens;
//! use domain::clients::MockClientSecrets;
//! use domain::keys::{MockSigningKeyFactory, MockSigningKeyRepository};
//! use domain::passwords::{
//!     MockHashPlace, MockPasswordHasher, MockPasswordRepository, Password, PasswordHash,
//! };
//! use domain::sessions::{MockRefreshTokenRepository, MockRevocationRepository};
//! use domain::tasks::MockTaskRepository;
//! use domain::units::{MockUnitOfWork, MockUnitsOfWork};
//! use domain::users::{Email, MockUserRepository, Role, UserId};
//! use domain::{MockClock, MockIdGenerator, MockMac, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut unit = MockUnitOfWork::default();
//! unit.users.expect_insert().times(1).returning(|_| Ok(()));
//! unit.passwords.expect_store().times(1).returning(|_, _, _| Ok(()));
//! let mut password_hasher = MockPasswordHasher::new();
//! password_hasher.expect_reserve().returning(|| {
//!     let mut place = MockHashPlace::new();
//!     place.expect_hash().returning(|_| Ok(PasswordHash::parse("$argon2id$of-the-example").unwrap()));
//!     Ok(Box::new(place))
//! });
//! let mut clock = MockClock::new();
//! clock.expect_now().returning(|| "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap());
//! let mut ids = MockIdGenerator::new();
//! ids.expect_user_id().returning(|_| UserId::new(uuid::Uuid::from_u128(1)));
//!
//! let ports = Ports {
//!     units_of_work: Arc::new(MockUnitsOfWork::new([unit])),
//!     password_hasher: Arc::new(password_hasher),
//!     clock: Arc::new(clock),
//!     ids: Arc::new(ids),
//!     // Nobody may call these.
//!     users: Arc::new(MockUserRepository::new()),
//!     passwords: Arc::new(MockPasswordRepository::new()),
//!     refresh_tokens: Arc::new(MockRefreshTokenRepository::new()),
//!     revocations: Arc::new(MockRevocationRepository::new()),
//!     signing_keys: Arc::new(MockSigningKeyRepository::new()),
//!     tasks: Arc::new(MockTaskRepository::new()),
//!     access_tokens: Arc::new(MockAccessTokens::new()),
//!     key_factory: Arc::new(MockSigningKeyFactory::new()),
//!     client_secrets: Arc::new(MockClientSecrets::new()),
//!     mac: Arc::new(MockMac::new()),
//! };
//! let application = Application::new(ports, Settings::default());
//!
//! let email = Email::parse("ada@example.com")?;
//! let new = CreateUser::new(email, Password::parse("correct horse battery staple")?);
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let user = application.create_user(None, new.clone()).await?;
//! assert_eq!((user.role, user.is_active), (Role::User, true));
//!
//! // Who is no admin does not choose a role.
//! let greedy = CreateUser { role: Some(Role::Admin), ..new };
//! assert!(matches!(application.create_user(None, greedy).await, Err(ApplicationError::Forbidden)));
//! # Ok(())
//! # })
//! # }
//! ```

mod acting;
mod actor;
mod audit;
mod clients;
mod cursor;
mod error;
mod keys;
mod node;
mod passwords;
mod sessions;
mod sign_in;
mod tasks;
mod users;

#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::access_tokens::AccessTokens;
use domain::clients::ClientSecrets;
use domain::keys::Algorithm;
use domain::keys::{SigningKeyFactory, SigningKeyRepository};
use domain::passwords::{PasswordHasher, PasswordPolicy, PasswordRepository};
use domain::sessions::RefreshPolicy;
use domain::sessions::{RefreshTokenRepository, RevocationRepository};
use domain::tasks::TaskRepository;
use domain::units::UnitOfWorkFactory;
use domain::users::UserRepository;
use domain::{Clock, IdGenerator, Mac};

use node::Counters;
use sessions::{Activity, Revocations};
use sign_in::SignInTurns;

pub use actor::{Actor, Target};
pub use clients::{Introspection, RefreshTokenInfo};
pub use error::ApplicationError;
pub use keys::{Prepared, Rotated};
pub use node::{CleanupEnd, Counts, Refresh, Removed, SignIn};
pub use passwords::ChangePassword;
pub use sessions::{FeedStatus, MAX_FEED_AGE, MAX_SESSIONS_LISTED, Session, TokenPair};
pub use sign_in::Login;
pub use tasks::{CreateTask, ListTasks, TaskChange, TaskPage};
pub use users::{AdminAccount, CreateUser, ListUsers, Paging, UserChange, UserPage};

/// What the use cases work with. Clones share the same adapters.
#[derive(Clone)]
pub struct Ports {
    /// Users, outside a unit of work.
    pub users: Arc<dyn UserRepository>,
    /// Passwords, outside a unit of work.
    pub passwords: Arc<dyn PasswordRepository>,
    /// Refresh tokens, outside a unit of work.
    pub refresh_tokens: Arc<dyn RefreshTokenRepository>,
    /// What was revoked, outside a unit of work.
    pub revocations: Arc<dyn RevocationRepository>,
    /// Signing keys, outside a unit of work.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Tasks, outside a unit of work.
    pub tasks: Arc<dyn TaskRepository>,
    /// Several writes as one.
    pub units_of_work: Arc<dyn UnitOfWorkFactory>,
    /// Hashes passwords.
    pub password_hasher: Arc<dyn PasswordHasher>,
    /// Signs and reads access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Makes signing keys.
    pub key_factory: Arc<dyn SigningKeyFactory>,
    /// Knows the clients that may introspect.
    pub client_secrets: Arc<dyn ClientSecrets>,
    /// Authenticates refresh tokens.
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
    /// What new signing keys are for.
    pub algorithm: Algorithm,
    /// How long a signing key is active. `None`: until it is rotated by hand.
    pub rotate_keys_after: Option<TimeDelta>,
    /// How long sessions live.
    pub refresh: RefreshPolicy,
    /// What is asked of a password that somebody chooses.
    pub password_policy: PasswordPolicy,
    /// Whether anyone may register, or admins only.
    pub registration_open: bool,
    /// Most connections to the database that sign-ins have at a time, and whatever else hashes a password. From 1 to
    /// half of all, so that a storm of them leaves some to others.
    pub sign_in_connections: usize,
    /// Longest wait of a sign-in until one of these is its own.
    pub sign_in_patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_ttl: TimeDelta::minutes(15),
            algorithm: Algorithm::EdDsa,
            rotate_keys_after: Some(TimeDelta::days(90)),
            refresh: RefreshPolicy::default(),
            password_policy: PasswordPolicy::default(),
            registration_open: true,
            sign_in_connections: 5,
            sign_in_patience: Duration::from_secs(3),
        }
    }
}

/// The use cases, as methods. Clones share what this node remembers: make one for each node.
#[derive(Clone)]
pub struct Application {
    ports: Ports,
    settings: Settings,
    revocations: Arc<Revocations>,
    activity: Arc<Activity>,
    counters: Arc<Counters>,
    sign_in_turns: SignInTurns,
}

impl Application {
    /// The use cases on these adapters.
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let sign_in_turns = SignInTurns::new(settings.sign_in_connections, settings.sign_in_patience);
        let (revocations, activity, counters) = Default::default();
        Self { ports, settings, revocations, activity, counters, sign_in_turns }
    }
}
