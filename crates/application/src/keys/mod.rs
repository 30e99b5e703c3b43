//! The life of signing keys: next, active, retired.

mod list_keys;
mod prepare_keys;
mod replace_keys;
mod rotate_keys;

pub use prepare_keys::Prepared;
pub use rotate_keys::Rotated;

use domain::{KeyState, SigningKey, UnreadableKey};

use crate::{Application, ApplicationError};

impl Application {
    /// A new key of the configured algorithm.
    async fn make_key(&self, state: KeyState) -> Result<SigningKey, ApplicationError> {
        let (id, algorithm) = (self.ports.ids.key_id(), self.settings.algorithm);
        let sealed = self.ports.key_factory.generate(id, algorithm).await.map_err(ApplicationError::Internal)?;
        Ok(SigningKey { id, algorithm, sealed, created_at: self.ports.clock.now(), state })
    }
}

fn unreadable(key: &UnreadableKey) -> ApplicationError {
    ApplicationError::Internal(key.to_string().into())
}
