use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use access_token::{TokenError, Verifier};
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::access_tokens::{
    AccessClaims, AccessTokens, InvalidAccessToken, MAX_ACCESS_TOKEN_TTL, PublishedKeys, VerifyError,
};
use domain::keys::SigningKeyRepository;
use domain::{Clock, Secret, StoreError, Timestamp};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::SealedKeys;
use crate::loaded_keys::{LoadedKeys, NoActiveKey};

/// Least time between two looks for keys that tokens name and nobody knows: such tokens cost an attacker nothing.
const MIN_RELOAD_INTERVAL: Duration = Duration::from_millis(100);

/// Longest time for reading the keys: requests may wait for it.
const READ_LIMIT: Duration = Duration::from_secs(2);

/// How often a key is looked at, and told how long its tokens live, before it signs.
const MAX_PROMISES: usize = 3;

/// Signs and verifies access tokens with the keys that all nodes share.
///
/// It reads the keys when it must: to sign or to let a token in, where it has not done so for
/// [`MAX_KEY_RING_AGE`](domain::keys::MAX_KEY_RING_AGE), and to verify a token of a key that is new. Call
/// [`AccessTokens::reload`] more often than that, and no request has to wait for it. Needs a tokio runtime.
pub struct KeyRing {
    shared: Arc<Shared>,
}

struct Shared {
    repository: Arc<dyn SigningKeyRepository>,
    opener: Arc<SealedKeys>,
    clock: Arc<dyn Clock>,
    issuer: String,
    audience: String,
    verifier: Verifier,
    keys: RwLock<Arc<LoadedKeys>>,
    /// Held by the one who reads the keys.
    last_reload: Mutex<Option<Reloaded>>,
}

/// When the keys were read last, or that was tried.
#[derive(Clone, Copy)]
struct Reloaded {
    ended: Instant,
    failed: bool,
}

/// What makes it worth to read the keys.
#[derive(Clone, Copy)]
enum Reason {
    /// Somebody asks for it.
    Asked,
    /// A token is to be signed or let in, and the keys were read long ago.
    Stale,
    /// A token names a key that is not known.
    UnknownKey,
}

#[derive(Debug, Error)]
enum KeyRingError {
    #[error("the signing keys could not be read a moment ago")]
    FailedJustNow,
    #[error("reading the signing keys took too long")]
    TookTooLong,
    #[error("the signing keys change too fast")]
    Changing,
    #[error("the token could not be signed")]
    Signing,
}

impl KeyRing {
    /// A key ring that has read no key yet. `issuer` and `audience` go into every token and are asked of every token.
    pub fn new(
        repository: Arc<dyn SigningKeyRepository>,
        opener: Arc<SealedKeys>,
        clock: Arc<dyn Clock>,
        issuer: String,
        audience: String,
    ) -> Self {
        let verifier = Verifier::new(issuer.clone(), audience.clone());
        let (keys, last_reload) = (RwLock::default(), Mutex::default());
        let shared = Shared { repository, opener, clock, issuer, audience, verifier, keys, last_reload };
        Self { shared: Arc::new(shared) }
    }

    /// Reads the keys in a task of its own: a caller that goes away neither stops it for the others nor begins it anew.
    async fn reload_for(&self, reason: Reason) -> Result<(), StoreError> {
        let task = tokio::spawn(Arc::clone(&self.shared).reload(reason));
        task.await.unwrap_or_else(|error| Err(StoreError::Internal(error.into())))
    }

    /// Keys to sign a token of this lifetime with.
    async fn keys_for(&self, lifetime: TimeDelta) -> Result<Arc<LoadedKeys>, StoreError> {
        self.require_fresh().await?;
        for _ in 0..MAX_PROMISES {
            let keys = self.shared.keys();
            let (_, stored) = keys.active().map_err(|error| StoreError::Internal(error.into()))?;
            let Some(longer) = stored.state.with_longer_life(lifetime) else { return Ok(keys) };
            // Where this changes nothing, another node did, or retired the key.
            self.shared.repository.change_state(stored.id, stored.state, longer).await?;
            self.reload_for(Reason::Asked).await?;
        }
        Err(StoreError::Unavailable(KeyRingError::Changing.into()))
    }

    /// Makes sure that the keys may be used: that every key which was replaced long enough ago is known to be so.
    async fn require_fresh(&self) -> Result<(), StoreError> {
        if self.shared.is_fresh() {
            return Ok(());
        }
        let result = self.reload_for(Reason::Stale).await;
        // They may be fresh all the same: the active key may be damaged, and the others good.
        if self.shared.is_fresh() {
            return Ok(());
        }
        let source = result.map_or_else(Into::into, |()| KeyRingError::TookTooLong.into());
        Err(StoreError::Unavailable(source))
    }
}

#[async_trait]
impl AccessTokens for KeyRing {
    async fn sign(&self, claims: &AccessClaims) -> Result<Secret, StoreError> {
        let keys = self.keys_for(claims.expires_at - claims.issued_at).await?;
        let (key, _) = keys.active().map_err(|error| StoreError::Internal(error.into()))?;
        let token = key.sign(claims, &self.shared.issuer, &self.shared.audience);
        token.map_err(|_| StoreError::Internal(KeyRingError::Signing.into()))
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, VerifyError> {
        let result = match self.shared.verifier.verify(token, now) {
            Ok(claims) if self.shared.is_fresh() => return Ok(claims),
            // Its key may have been thrown away since.
            Ok(_) => self.require_fresh().await,
            Err(TokenError::UnknownKey) => self.reload_for(Reason::UnknownKey).await,
            Err(TokenError::Invalid) => return Err(InvalidAccessToken.into()),
        };
        result?;
        self.shared.verifier.verify(token, now).map_err(|_| InvalidAccessToken.into())
    }

    fn jwks(&self, now: Timestamp) -> PublishedKeys {
        let keys = self.shared.keys();
        PublishedKeys { jwk_set: keys.jwk_set(now), good_for: keys.good_for(now) }
    }

    fn tokens_expire_at(&self, now: Timestamp) -> Timestamp {
        let known = self.shared.keys().tokens_expire_at(now);
        if self.shared.is_fresh() { known } else { known.max(now + MAX_ACCESS_TOKEN_TTL) }
    }

    async fn reload(&self) -> Result<(), StoreError> {
        self.reload_for(Reason::Asked).await
    }
}

impl Shared {
    /// Reads the keys, unless somebody else did so while this waited for them.
    async fn reload(self: Arc<Self>, reason: Reason) -> Result<(), StoreError> {
        let mut last = self.last_reload.lock().await;
        let just_now = last.filter(|last| last.ended.elapsed() < MIN_RELOAD_INTERVAL);
        match (reason, just_now) {
            (Reason::Asked, _) => {}
            (Reason::Stale, _) if self.is_fresh() => return Ok(()),
            (_, Some(Reloaded { failed: true, .. })) => {
                return Err(StoreError::Unavailable(KeyRingError::FailedJustNow.into()));
            }
            (Reason::UnknownKey, Some(_)) => return Ok(()),
            _ => {}
        }
        let result = self.read_keys().await;
        *last = Some(Reloaded { ended: Instant::now(), failed: result.is_err() });
        result
    }

    async fn read_keys(&self) -> Result<(), StoreError> {
        let read_at = self.clock.now();
        let too_late = |_| Err(StoreError::Unavailable(KeyRingError::TookTooLong.into()));
        let stored = timeout(READ_LIMIT, self.repository.list()).await.unwrap_or_else(too_late)?;
        let keys = Arc::new(self.keys().followed_by(stored, read_at, |key| self.opener.open(key)));
        // First, so that nothing is signed with a key that this node does not know yet.
        self.verifier.set_keys(keys.verifying_keys());
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        match keys.active() {
            Err(error @ (NoActiveKey::Sealed(_) | NoActiveKey::Unreadable(_))) => {
                Err(StoreError::Internal(error.into()))
            }
            Ok(_) | Err(NoActiveKey::Missing) => Ok(()),
        }
    }

    fn keys(&self) -> Arc<LoadedKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_fresh(&self) -> bool {
        let now = self.clock.now();
        self.keys.read().unwrap_or_else(PoisonError::into_inner).is_fresh(now)
    }
}

#[cfg(test)]
mod tests;
