//! Sessions: how they are used, listed and ended, and how every node hears of it.

mod activity;
mod authenticate;
mod end_session;
mod list_sessions;
mod logout;
mod logout_all;
mod logout_others;
mod refresh;
mod revocations;
mod token_pair;

pub(crate) use activity::Activity;
pub use list_sessions::{MAX_SESSIONS_LISTED, Session};
pub(crate) use logout_others::end_others;
pub use revocations::{FeedStatus, MAX_FEED_AGE};
pub(crate) use revocations::{MAX_CLOCK_JUMP, Revocations};
pub use token_pair::TokenPair;
