//! Sessions: how they are used, listed and ended, and how every node hears of it.

mod activity;
mod authenticate;
mod end_all;
mod end_session;
mod follow_revocations;
mod list_sessions;
mod logout;
mod logout_all;
mod logout_others;
mod refresh;
#[cfg(test)]
pub(crate) mod testing;
mod token_issuer;

use std::sync::Arc;

use domain::Clock;
use domain::sessions::{RefreshPolicy, RefreshTokenRepository};
use domain::units::{AccountUnit, Begin};
use domain::users::UserRepository;

pub use activity::Activity;
pub(crate) use end_all::end_all;
pub use list_sessions::{MAX_SESSIONS_LISTED, Session};
pub use token_issuer::{TokenIssuer, TokenPair};

use crate::events::Journal;

/// The use cases of sessions.
#[derive(Clone)]
pub struct Sessions {
    /// Refresh tokens, outside a unit of work.
    pub refresh_tokens: Arc<dyn RefreshTokenRepository>,
    /// Users, outside a unit of work.
    pub users: Arc<dyn UserRepository>,
    /// Writes accounts.
    pub units: Arc<dyn Begin<dyn AccountUnit>>,
    /// Issues and reads tokens.
    pub issuer: TokenIssuer,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// Which sessions were used lately.
    pub activity: Activity,
    /// How long sessions live.
    pub policy: RefreshPolicy,
}
