//! The use cases of Hexauth. Each feature is a service, a struct that holds the ports that it uses and no others, with
//! one file and one method for each use case. What an [`Actor`] may do is decided here, and nowhere else.
//!
//! The crate knows only `domain`: hand a service adapters of its ports and it runs in any binary, on Tokio with its
//! timer, alone or with the others in an [`Application`]. In a unit test they are the mocks that `domain` has behind
//! its feature `mocks`:
//!
//! ```
//! use std::sync::Arc;
//!
//! use application::{Actor, ApplicationError};
//! use application::tasks::{CreateTask, Tasks};
//! use domain::sessions::SessionId;
//! use domain::tasks::{MockTaskRepository, MockTaskUnit, TaskTitle};
//! use domain::units::{MockUnit, MockUnits};
//! use domain::users::{Epoch, Role, UserId};
//! use domain::{MockClock, MockIds, Timestamp};
//! use uuid::Uuid;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = "2026-11-21T12:00:00Z".parse::<Timestamp>()?;
//! let mut clock = MockClock::new();
//! clock.expect_now().return_const(now);
//! let mut ids = MockIds::new();
//! ids.expect_v7().returning(|_| Uuid::from_u128(3));
//! // The session of the actor is gone.
//! let unit = MockTaskUnit { unit: MockUnit { held: Some(None), ..MockUnit::default() }, ..MockTaskUnit::default() };
//!
//! let tasks = Tasks {
//!     // Nobody may call this one.
//!     tasks: Arc::new(MockTaskRepository::new()),
//!     units: Arc::new(MockUnits::new([unit])),
//!     ids: Arc::new(ids),
//!     clock: Arc::new(clock),
//! };
//!
//! let actor = Actor {
//!     user_id: UserId::new(Uuid::from_u128(1)),
//!     role: Role::User,
//!     epoch: Epoch::default(),
//!     session: SessionId::new(Uuid::from_u128(2)),
//!     token_expires_at: now + chrono::TimeDelta::minutes(15),
//!     authentication: None,
//!     address: None,
//! };
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let new = CreateTask { title: TaskTitle::parse("Write the notes")?, description: None, status: None };
//! let result = tasks.create(&actor, new).await;
//! assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)));
//! # Ok(())
//! # })
//! # }
//! ```

pub mod attempts;
pub mod clients;
pub mod emails;
pub mod events;
pub mod exports;
pub mod factors;
pub mod keys;
pub mod mail;
pub mod node;
pub mod one_time_tokens;
pub mod passkeys;
pub mod passwords;
pub mod providers;
pub mod sessions;
pub mod sign_in;
pub mod sudo;
pub mod tasks;
pub mod users;

mod acting;
mod actor;
mod ceremonies;
mod cursor;
mod end_all;
mod error;
mod even;
mod hashing;
mod paging;
mod read_only;
mod revocations;
mod second_factors;
mod settings;

#[cfg(test)]
mod testing;

use attempts::AttemptCounts;
use clients::Clients;
use emails::Emails;
use exports::Exports;
use factors::Factors;
use keys::Keys;
use mail::Mail;
use node::Node;
use passkeys::Passkeys;
use passwords::Passwords;
use providers::Providers;
use sessions::Sessions;
use sign_in::SignIn;
use tasks::Tasks;
use users::Users;

pub use actor::{Actor, Target};
pub use error::ApplicationError;
pub use hashing::Hashing;
pub use paging::{Page, Paging};
pub use read_only::ReadOnly;
pub use revocations::{FeedStatus, MAX_FEED_AGE};
pub use settings::Settings;

/// All services, for a binary that has them all. Clones share what the node remembers: make one for each node.
#[derive(Clone)]
pub struct Application {
    /// Accounts.
    pub users: Users,
    /// Their passwords.
    pub passwords: Passwords,
    /// Their addresses.
    pub emails: Emails,
    /// Signing in.
    pub sign_in: SignIn,
    /// Signing in by identity providers.
    pub providers: Providers,
    /// Second factors.
    pub factors: Factors,
    /// Passkeys.
    pub passkeys: Passkeys,
    /// What a sign-in begins.
    pub sessions: Sessions,
    /// Clients that ask what a token is worth.
    pub clients: Clients,
    /// Attempts at what can be guessed, for admins.
    pub attempts: AttemptCounts,
    /// Signing keys.
    pub keys: Keys,
    /// Mail, on its way out.
    pub mail: Mail,
    /// What is held about a user.
    pub exports: Exports,
    /// Tasks.
    pub tasks: Tasks,
    /// What a node does by itself.
    pub node: Node,
}
