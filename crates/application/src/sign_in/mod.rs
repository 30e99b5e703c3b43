//! Signing in: factors in, session out.

mod login;
mod turns;

pub use login::Login;
pub(crate) use turns::SignInTurns;
