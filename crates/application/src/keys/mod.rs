//! The life of signing keys: next, active, retired.

mod list_keys;
mod prepare_keys;
mod replace_keys;
mod rotate_keys;
#[cfg(test)]
mod testing;

pub use prepare_keys::Prepared;
pub use rotate_keys::Rotated;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::access_tokens::AccessTokens;
use domain::keys::{
    Algorithm, KeyId, KeyState, KeyUnit, SigningKey, SigningKeyFactory, SigningKeyRepository, StoredKeys, UnreadableKey,
};
use domain::units::Begin;
use domain::{Clock, Ids};

use crate::ApplicationError;
use crate::events::Journal;

/// The use cases of signing keys.
#[derive(Clone)]
pub struct Keys {
    /// Signing keys, outside a unit of work.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Changes the ring.
    pub units: Arc<dyn Begin<dyn KeyUnit>>,
    /// Makes keys.
    pub factory: Arc<dyn SigningKeyFactory>,
    /// Signs and reads access tokens by the ring.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The node's journal.
    pub journal: Journal,
    /// What new keys are for.
    pub algorithm: Algorithm,
    /// How long a key is active. `None`: until it is rotated by hand.
    pub rotate_after: Option<TimeDelta>,
    /// How long access tokens live.
    pub access_token_ttl: TimeDelta,
}

impl Keys {
    /// A new key.
    async fn make_key(&self, algorithm: Algorithm, state: KeyState) -> Result<SigningKey, ApplicationError> {
        let id = KeyId::new(self.ids.v4());
        let sealed = self.factory.generate(id, algorithm).await.map_err(ApplicationError::Internal)?;
        Ok(SigningKey { id, algorithm, sealed, created_at: self.clock.now(), state })
    }

    /// Whether the ring was, or may have been, sealed with another root secret. The active key decides, and without one
    /// all keys do.
    fn is_foreign(&self, keys: &StoredKeys) -> bool {
        let is_sealed = |key: &SigningKey| !self.factory.can_open(key);
        match keys.active() {
            Ok(Some(active)) => is_sealed(active),
            Ok(None) => keys.readable.iter().any(is_sealed),
            Err(_) => true,
        }
    }

    /// The state of a key that begins to sign after this one.
    fn active_after(&self, previous: Option<&SigningKey>) -> KeyState {
        KeyState::Active { since: self.clock.now(), token_ttl: self.token_ttl_after(previous) }
    }

    /// The longest lifetime of the tokens of a key that becomes active after this one. The lifetime that this process
    /// is configured with may not be that of the nodes: a node that gives tokens a longer life than the active key knew
    /// would have to store that anew, and sign before the others heard of it.
    fn token_ttl_after(&self, previous: Option<&SigningKey>) -> TimeDelta {
        let known = match previous.map(|key| key.state) {
            Some(KeyState::Active { token_ttl, .. }) => token_ttl,
            Some(KeyState::Next | KeyState::Retired { .. }) | None => TimeDelta::zero(),
        };
        known.max(self.access_token_ttl)
    }
}

fn unreadable(key: &UnreadableKey) -> ApplicationError {
    ApplicationError::Internal(key.to_string().into())
}
