mod authenticate;
mod end_session;
mod introspect;
mod list_sessions;
mod login;
mod logout;
mod logout_all;
mod logout_others;
mod refresh;
mod revoke_token;
mod token_pair;

pub use introspect::{Introspection, RefreshTokenInfo};
pub use list_sessions::{MAX_SESSIONS_LISTED, Session};
pub use login::Login;
pub(crate) use logout_others::end_others;
pub use token_pair::TokenPair;
