use std::sync::Arc;

use access_token::{VerifyingKey, write_jwk_set};
use chrono::TimeDelta;
use domain::Timestamp;
use domain::keys::{KeyId, KeyState, MAX_KEY_RING_AGE, SigningKey, StoredKeys, UnreadableKey};
use thiserror::Error;

use crate::opened_key::OpenedKey;

/// The key ring as it was when it was last read.
#[derive(Debug, Default)]
pub(crate) struct LoadedKeys {
    read_at: Option<Timestamp>,
    keys: Vec<LoadedKey>,
    unreadable: Vec<UnreadableKey>,
}

#[derive(Debug)]
struct LoadedKey {
    stored: SigningKey,
    /// `None` for a key that cannot be opened.
    opened: Option<Arc<OpenedKey>>,
}

/// Why there is no key to sign with.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum NoActiveKey {
    #[error("there is no active signing key")]
    Missing,
    #[error("the active signing key {0} cannot be opened: it was sealed with another root secret, or it is damaged")]
    Sealed(KeyId),
    #[error("the active {0}")]
    Unreadable(UnreadableKey),
}

impl LoadedKeys {
    /// The next ring. A key that is here already is not opened again, whether that succeeded or not.
    pub(crate) fn followed_by(
        &self,
        stored: StoredKeys,
        read_at: Timestamp,
        open: impl Fn(&SigningKey) -> Option<OpenedKey>,
    ) -> Self {
        let load = |stored: SigningKey| {
            let known = self.keys.iter().find(|key| key.is_of(&stored));
            let opened = known.map_or_else(|| open_or_log(&stored, &open), |key| key.opened.clone());
            LoadedKey { stored, opened }
        };
        for key in stored.unreadable.iter().filter(|key| !self.unreadable.contains(key)) {
            tracing::error!("the {key}");
        }
        let keys = stored.readable.into_iter().map(load).collect();
        Self { read_at: Some(read_at), keys, unreadable: stored.unreadable }
    }

    /// Whether this may be used to sign at `now`. False if the clock was set back: its age is unknown then.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.read_at.is_some_and(|read_at| read_at <= now && now - read_at <= MAX_KEY_RING_AGE)
    }

    /// For how long no other key than these can sign: one that was made since is published for longer before it signs.
    pub(crate) fn good_for(&self, now: Timestamp) -> TimeDelta {
        let rest = self.read_at.filter(|read_at| *read_at <= now).map(|read_at| read_at + MAX_KEY_RING_AGE - now);
        rest.map_or(TimeDelta::zero(), |rest| rest.max(TimeDelta::zero()))
    }

    /// When the last token of these keys has expired.
    pub(crate) fn tokens_expire_at(&self, now: Timestamp) -> Timestamp {
        self.keys.iter().map(|key| key.stored.tokens_expire_at(now)).fold(now, Timestamp::max)
    }

    /// The key that signs, and its stored form.
    pub(crate) fn active(&self) -> Result<(&OpenedKey, &SigningKey), NoActiveKey> {
        if let Some(active) = self.unreadable.iter().find(|key| key.is_active()) {
            return Err(NoActiveKey::Unreadable(active.clone()));
        }
        let active = self.keys.iter().find(|key| matches!(key.stored.state, KeyState::Active { .. }));
        let active = active.ok_or(NoActiveKey::Missing)?;
        let opened = active.opened.as_deref().ok_or(NoActiveKey::Sealed(active.stored.id))?;
        Ok((opened, &active.stored))
    }

    /// What verifies tokens.
    pub(crate) fn verifying_keys(&self) -> Vec<VerifyingKey> {
        self.keys.iter().filter_map(LoadedKey::verifying_key).collect()
    }

    /// The public halves of the keys that count at `now`, oldest first.
    pub(crate) fn jwk_set(&self, now: Timestamp) -> String {
        let accepted = self.verifying_keys().into_iter().filter(|key| key.is_accepted(now));
        write_jwk_set(&accepted.collect::<Vec<_>>())
    }
}

impl LoadedKey {
    fn is_of(&self, stored: &SigningKey) -> bool {
        let SigningKey { id, algorithm, sealed, .. } = &self.stored;
        (id, algorithm, sealed) == (&stored.id, &stored.algorithm, &stored.sealed)
    }

    fn verifying_key(&self) -> Option<VerifyingKey> {
        let mut key = self.opened.as_ref()?.verifying.clone();
        if let KeyState::Retired { accepted_until } = self.stored.state {
            key.accepted_until = Some(accepted_until);
        }
        Some(key)
    }
}

fn open_or_log(stored: &SigningKey, open: impl Fn(&SigningKey) -> Option<OpenedKey>) -> Option<Arc<OpenedKey>> {
    let opened = open(stored);
    if opened.is_none() {
        let (id, state) = (stored.id, stored.state.name());
        tracing::error!(%id, state, "a signing key cannot be opened: another root secret sealed it, or it is damaged");
    }
    opened.map(Arc::new)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use domain::keys::{Algorithm, SealedKey};

    use super::*;
    use crate::SealedKeys;
    use crate::testing::{NOW, active_key, at, make_key, root};

    #[tokio::test]
    async fn opens_no_key_twice_whether_it_can_or_not() {
        let good = active_key(1, Algorithm::EdDsa).await;
        let bad = SigningKey { sealed: SealedKey::new(vec![1; 60]), ..active_key(2, Algorithm::EdDsa).await };
        let (keys, opened) = (SealedKeys::new(&root()), Cell::new(0));
        let open = |key: &SigningKey| {
            opened.set(opened.get() + 1);
            keys.open(key)
        };
        let mut loaded = LoadedKeys::default();
        for _ in 0..3 {
            loaded = loaded.followed_by(vec![good.clone(), bad.clone()].into(), at(NOW), open);
        }
        assert_eq!(opened.get(), 2);
        let retired = SigningKey { state: KeyState::Retired { accepted_until: at(NOW) }, ..good.clone() };
        loaded = loaded.followed_by(vec![retired].into(), at(NOW), open);
        assert_eq!(opened.get(), 2, "another state is not another key");
        assert_eq!(loaded.verifying_keys()[0].accepted_until, Some(at(NOW)));
        let resealed = SigningKey { sealed: active_key(1, Algorithm::EdDsa).await.sealed, ..good };
        loaded.followed_by(vec![resealed, bad].into(), at(NOW), open);
        assert_eq!(opened.get(), 4, "one was sealed anew, the other was forgotten");
    }

    #[tokio::test]
    async fn only_an_active_key_that_opens_signs() {
        let bad = SigningKey { sealed: SealedKey::new(vec![1; 60]), ..active_key(2, Algorithm::EdDsa).await };
        let next = make_key(3, Algorithm::EdDsa, KeyState::Next).await;
        let opener = SealedKeys::new(&root());
        let load = |keys: &[SigningKey]| {
            LoadedKeys::default().followed_by(keys.to_vec().into(), at(NOW), |key: &SigningKey| opener.open(key))
        };
        assert_eq!(load(std::slice::from_ref(&next)).active().unwrap_err(), NoActiveKey::Missing);
        assert_eq!(load(&[next, bad.clone()]).active().unwrap_err(), NoActiveKey::Sealed(bad.id));
    }

    #[test]
    fn is_published_for_as_long_as_no_other_key_can_sign() {
        assert_eq!(LoadedKeys::default().good_for(at(NOW)), TimeDelta::zero());
        let loaded = LoadedKeys::default().followed_by(StoredKeys::default(), at(NOW), |_| None);
        for (seconds, expected) in [(-1, 0), (0, 5), (1, 4), (5, 0), (9, 0)] {
            assert_eq!(loaded.good_for(at(NOW + seconds)), TimeDelta::seconds(expected), "after {seconds} s");
        }
    }

    #[test]
    fn is_fresh_for_five_seconds() {
        let microsecond = TimeDelta::microseconds(1);
        assert!(!LoadedKeys::default().is_fresh(at(NOW)));
        let loaded = LoadedKeys::default().followed_by(StoredKeys::default(), at(NOW), |_| None);
        assert!(loaded.is_fresh(at(NOW)) && loaded.is_fresh(at(NOW + 5)));
        assert!(!loaded.is_fresh(at(NOW + 5) + microsecond) && !loaded.is_fresh(at(NOW) - microsecond));
    }
}
