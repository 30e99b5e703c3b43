//! Clients: programs that ask what a token is worth, and end the session that it belongs to.

mod authenticate;
mod introspect;
mod revoke_token;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use domain::clients::ClientSecrets;

pub use introspect::{Introspection, RefreshTokenInfo};

use crate::attempts::Attempts;
use crate::sessions::Sessions;

/// The use cases of clients.
#[derive(Clone)]
pub struct Clients {
    /// Knows the clients.
    pub secrets: Arc<dyn ClientSecrets>,
    /// Bounds what anyone may try.
    pub attempts: Attempts,
    /// What their tokens belong to.
    pub sessions: Sessions,
}
