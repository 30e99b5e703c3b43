//! Clients: programs that ask what a token is worth, and end the session that it belongs to.

mod introspect;
mod revoke_token;

pub use introspect::{Introspection, RefreshTokenInfo};
