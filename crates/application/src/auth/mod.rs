mod authenticate;
mod end_session;
mod list_sessions;
mod login;
mod logout;
mod logout_all;
mod refresh;
mod token_pair;

pub use list_sessions::{MAX_SESSIONS_LISTED, Session};
pub use login::Login;
pub use token_pair::TokenPair;
