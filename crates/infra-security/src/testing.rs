//! A clock to set and a key ring in memory, for the tests of this crate.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use domain::access_tokens::{AccessClaims, TokenId};
use domain::clients::ClientId;
use domain::keys::{
    Algorithm, KeyId, KeyState, RootSecret, SigningKey, SigningKeyFactory, SigningKeyRepository, StoredKeys,
};
use domain::sessions::{Authentication, Method, Methods, SessionId};
use domain::users::{Epoch, Role, UserId};
use domain::{Clock, StoreError, Timestamp};
use uuid::Uuid;

use crate::SealedKeys;

pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

pub(crate) fn root() -> RootSecret {
    RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap()
}

pub(crate) fn claims() -> AccessClaims {
    AccessClaims {
        id: TokenId::new(Uuid::from_u128(3)),
        client_id: Some(ClientId::default()),
        user_id: UserId::new(Uuid::from_u128(1)),
        session_id: SessionId::new(Uuid::from_u128(2)),
        role: Role::Admin,
        epoch: Epoch::new(7),
        authentication: Some(Authentication { at: at(NOW), methods: Methods::only(Method::Password) }),
        email_verified: None,
        issued_at: at(NOW),
        expires_at: at(NOW + 900),
    }
}

pub(crate) async fn make_key(id: u128, algorithm: Algorithm, state: KeyState) -> SigningKey {
    let id = KeyId::new(Uuid::from_u128(id));
    let sealed = SealedKeys::new(&root()).generate(id, algorithm).await.unwrap();
    SigningKey { id, algorithm, sealed, created_at: at(NOW), state }
}

pub(crate) async fn active_key(id: u128, algorithm: Algorithm) -> SigningKey {
    make_key(id, algorithm, KeyState::Active { since: at(NOW), token_ttl: TimeDelta::minutes(15) }).await
}

/// Tells [`NOW`] until it is moved.
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(at(NOW).timestamp_micros()))
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Keys in memory, for what a key ring asks. Counts how often they are listed.
#[derive(Default)]
pub(crate) struct KeysInMemory {
    pub(crate) keys: Mutex<StoredKeys>,
    pub(crate) lists: AtomicUsize,
    pub(crate) is_down: AtomicBool,
    pub(crate) delay: Mutex<Duration>,
}

impl KeysInMemory {
    pub(crate) fn new(keys: impl Into<StoredKeys>) -> Self {
        Self { keys: Mutex::new(keys.into()), ..Self::default() }
    }

    pub(crate) fn set(&self, keys: impl Into<StoredKeys>) {
        *self.keys.lock().unwrap() = keys.into();
    }

    pub(crate) fn lists(&self) -> usize {
        self.lists.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl SigningKeyRepository for KeysInMemory {
    async fn list(&self) -> Result<StoredKeys, StoreError> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        let delay = *self.delay.lock().unwrap();
        tokio::time::sleep(delay).await;
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it is down".into()));
        }
        Ok(self.keys.lock().unwrap().clone())
    }

    async fn insert(&self, _: &SigningKey) -> Result<bool, StoreError> {
        unimplemented!("a key ring does not ask for it")
    }

    async fn change_state(&self, id: KeyId, from: KeyState, to: KeyState) -> Result<bool, StoreError> {
        let mut keys = self.keys.lock().unwrap();
        let found = keys.readable.iter_mut().find(|key| key.id == id && key.state == from);
        Ok(found.map(|key| key.state = to).is_some())
    }

    async fn delete(&self, _: KeyId, _: KeyState) -> Result<bool, StoreError> {
        unimplemented!("a key ring does not ask for it")
    }

    async fn delete_all(&self) -> Result<u64, StoreError> {
        unimplemented!("a key ring does not ask for it")
    }

    async fn delete_retired(&self, _: Timestamp) -> Result<u64, StoreError> {
        unimplemented!("a key ring does not ask for it")
    }

    async fn count_retired(&self, _: Timestamp) -> Result<u64, StoreError> {
        unimplemented!("a key ring does not ask for it")
    }
}
