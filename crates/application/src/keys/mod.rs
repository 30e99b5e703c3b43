//! The life of signing keys: next, active, retired.

mod list_keys;
mod prepare_keys;
mod replace_keys;
mod rotate_keys;

pub use prepare_keys::Prepared;
pub use rotate_keys::Rotated;

use chrono::TimeDelta;
use domain::keys::{Algorithm, KeyState, SigningKey, StoredKeys, UnreadableKey};

use crate::{Application, ApplicationError};

impl Application {
    /// A new key.
    async fn make_key(&self, algorithm: Algorithm, state: KeyState) -> Result<SigningKey, ApplicationError> {
        let id = self.ports.ids.key_id();
        let sealed = self.ports.key_factory.generate(id, algorithm).await.map_err(ApplicationError::Internal)?;
        Ok(SigningKey { id, algorithm, sealed, created_at: self.ports.clock.now(), state })
    }

    /// Whether the ring is, or may be, of another root secret: it goes by the active key, and without one by all.
    fn is_foreign(&self, keys: &StoredKeys) -> bool {
        let is_sealed = |key: &SigningKey| !self.ports.key_factory.can_open(key);
        match keys.active() {
            Ok(Some(active)) => is_sealed(active),
            Ok(None) => keys.readable.iter().any(is_sealed),
            Err(_) => true,
        }
    }

    /// The state of a key that begins to sign after this one.
    fn active_after(&self, previous: Option<&SigningKey>) -> KeyState {
        KeyState::Active { since: self.ports.clock.now(), token_ttl: self.token_ttl_after(previous) }
    }

    /// The longest lifetime of the tokens of a key that becomes active after this one. What this process is told of
    /// lifetimes may not be what the nodes were told: one that gives tokens a longer life than the active key knew would
    /// have to store that anew, and sign before the others heard of it.
    fn token_ttl_after(&self, previous: Option<&SigningKey>) -> TimeDelta {
        let known = match previous.map(|key| key.state) {
            Some(KeyState::Active { token_ttl, .. }) => token_ttl,
            Some(KeyState::Next | KeyState::Retired { .. }) | None => TimeDelta::zero(),
        };
        known.max(self.settings.access_token_ttl)
    }
}

fn unreadable(key: &UnreadableKey) -> ApplicationError {
    ApplicationError::Internal(key.to_string().into())
}
