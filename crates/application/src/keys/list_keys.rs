use domain::access_tokens::PublishedKeys;
use domain::keys::StoredKeys;

use crate::{Application, ApplicationError};

impl Application {
    /// All signing keys.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn list_keys(&self) -> Result<StoredKeys, ApplicationError> {
        Ok(self.ports.signing_keys.list().await?)
    }

    /// The public halves of the keys, as a JWK set (RFC 7517, section 5).
    pub fn jwks(&self) -> PublishedKeys {
        self.ports.access_tokens.jwks(self.ports.clock.now())
    }

    /// Brings this node's knowledge of the keys up to date. Call it once a second.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]. The keys that were known stay in use.
    pub async fn reload_keys(&self) -> Result<(), ApplicationError> {
        Ok(self.ports.access_tokens.reload().await?)
    }
}
