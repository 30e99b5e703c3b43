use domain::access_tokens::PublishedKeys;
use domain::keys::StoredKeys;

use super::Keys;
use crate::ApplicationError;

impl Keys {
    /// All signing keys.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn list(&self) -> Result<StoredKeys, ApplicationError> {
        Ok(self.signing_keys.list().await?)
    }

    /// The public halves of the keys, as a JWK set (RFC 7517, section 5).
    pub fn jwks(&self) -> PublishedKeys {
        self.access_tokens.jwks(self.clock.now())
    }

    /// Brings this node's knowledge of the keys up to date. Call it once a second.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]. The keys that were known stay in use.
    pub async fn reload(&self) -> Result<(), ApplicationError> {
        Ok(self.access_tokens.reload().await?)
    }
}
