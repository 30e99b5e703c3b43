use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::error::Unspecified;
use domain::Source;
use domain::keys::{Algorithm, KeyId, RootSecret, SealedKey, SigningKey, SigningKeyFactory};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use crate::opened_key::{OpenedKey, generate_key};
use crate::seal::Seal;

const SEAL_INFO: &[u8] = b"hexauth signing key seal v1";

/// Makes signing keys and seals them with AES-256-GCM under a key derived from the root secret.
///
/// A sealed key opens only under the id and the algorithm that it was made for, so that anyone who can write to the
/// database still cannot give a key another role.
pub struct SealedKeys {
    seal: Seal,
}

impl SealedKeys {
    /// Derives the sealing key.
    pub fn new(root: &RootSecret) -> Self {
        Self { seal: Seal::new(root, SEAL_INFO) }
    }

    fn seal(&self, id: KeyId, algorithm: Algorithm, key: Zeroizing<Vec<u8>>) -> Result<SealedKey, Unspecified> {
        self.seal.close(&context(id, algorithm), key).map(SealedKey::new)
    }

    /// Opens a key. `None` if it was sealed with another root secret or for another id or algorithm, or is damaged.
    pub(crate) fn open(&self, key: &SigningKey) -> Option<OpenedKey> {
        let SigningKey { id, algorithm, sealed, .. } = key;
        let key = self.seal.open(&context(*id, *algorithm), sealed.as_bytes())?;
        OpenedKey::read(*id, *algorithm, &key)
    }
}

/// What the seal authenticates besides the key: everything about it that must not be changed.
fn context(id: KeyId, algorithm: Algorithm) -> Vec<u8> {
    [id.as_uuid().as_bytes().as_slice(), algorithm.as_str().as_bytes()].concat()
}

#[async_trait]
impl SigningKeyFactory for SealedKeys {
    async fn generate(&self, id: KeyId, algorithm: Algorithm) -> Result<SealedKey, Source> {
        let key = spawn_blocking(move || generate_key(algorithm)).await??;
        Ok(self.seal(id, algorithm, key)?)
    }

    fn can_open(&self, key: &SigningKey) -> bool {
        self.open(key).is_some()
    }
}

impl fmt::Debug for SealedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use access_token::Verifier;
    use domain::keys::KeyState;
    use uuid::Uuid;

    use super::*;
    use crate::testing::{NOW, active_key, at, claims, make_key, root};

    fn keys() -> SealedKeys {
        SealedKeys::new(&root())
    }

    fn with_bytes(key: &SigningKey, bytes: Vec<u8>) -> SigningKey {
        SigningKey { sealed: SealedKey::new(bytes), ..key.clone() }
    }

    #[tokio::test]
    async fn a_key_of_each_algorithm_opens_and_signs() {
        for algorithm in Algorithm::ALL {
            let key = active_key(1, algorithm).await;
            assert!(keys().can_open(&key), "{algorithm}");
            let opened = keys().open(&key).unwrap();
            assert_eq!((opened.verifying.id(), opened.verifying.algorithm()), (key.id, algorithm));
            let token = opened.sign(&claims(), "us", "ours").unwrap();
            let verifier = Verifier::new("us", "ours");
            verifier.set_keys(vec![opened.verifying]);
            assert_eq!(verifier.verify(token.expose(), at(NOW)), Ok(claims()), "{algorithm}");
        }
    }

    #[tokio::test]
    async fn opens_with_its_root_secret_alone() {
        let other = SealedKeys::new(&RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGb").unwrap());
        assert!(!other.can_open(&active_key(1, Algorithm::EdDsa).await));
    }

    #[tokio::test]
    async fn opens_for_its_id_and_algorithm_alone() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256] {
            let key = active_key(1, algorithm).await;
            assert!(!keys().can_open(&SigningKey { id: KeyId::new(Uuid::from_u128(2)), ..key.clone() }));
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert!(!keys().can_open(&SigningKey { algorithm: other, ..key.clone() }), "{algorithm} as {other}");
            }
            // Even where its bytes would be a key of the other algorithm.
            let sealed = keys().seal(key.id, Algorithm::Rs256, generate_key(algorithm).unwrap()).unwrap();
            assert!(!keys().can_open(&SigningKey { sealed, ..key.clone() }), "{algorithm}");
            let state = KeyState::Retired { accepted_until: at(NOW) };
            assert!(keys().can_open(&SigningKey { state, created_at: at(0), ..key }), "its state may change");
        }
    }

    #[tokio::test]
    async fn does_not_open_where_anything_was_changed() {
        let key = active_key(1, Algorithm::Hs256).await;
        let bytes = key.sealed.as_bytes();
        assert_eq!(bytes.len(), 1 + 12 + 32 + 16);
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            assert!(!keys().can_open(&with_bytes(&key, changed)), "byte {at}");
            assert!(!keys().can_open(&with_bytes(&key, bytes[..at].to_vec())), "the first {at} bytes");
            assert!(!keys().can_open(&with_bytes(&key, bytes[at + 1..].to_vec())), "without the first bytes to {at}");
        }
        assert!(!keys().can_open(&with_bytes(&key, [bytes, &[0]].concat())));
    }

    #[tokio::test]
    async fn does_not_open_what_is_sealed_well_and_no_key() {
        let state = KeyState::Next;
        for algorithm in Algorithm::ALL {
            for length in [0, 1, 31, 33, 48, 200] {
                let id = KeyId::new(Uuid::from_u128(1));
                let sealed = keys().seal(id, algorithm, Zeroizing::new(vec![1; length])).unwrap();
                assert!(!keys().can_open(&SigningKey { id, algorithm, sealed, created_at: at(NOW), state }));
            }
        }
    }

    #[test]
    fn the_seal_shows_nothing_and_is_another_each_time() {
        let id = KeyId::new(Uuid::from_u128(1));
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256] {
            let key = generate_key(algorithm).unwrap();
            let [one, other] = [(); 2].map(|()| keys().seal(id, algorithm, key.clone()).unwrap());
            assert_ne!(one.as_bytes()[1..], other.as_bytes()[1..]);
            let shows = |sealed: &SealedKey| sealed.as_bytes().windows(8).any(|w| key.windows(8).any(|k| k == w));
            assert!(!shows(&one) && !shows(&other));
        }
        assert_eq!(format!("{:?}", keys()), "SealedKeys(…)");
    }

    #[tokio::test]
    async fn every_key_is_new() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256] {
            let [one, other] = [generate_key(algorithm).unwrap(), generate_key(algorithm).unwrap()];
            assert_ne!(one, other);
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn making_a_large_key_leaves_the_thread_free() {
        let mut ticks = 0;
        let tick = async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                ticks += 1;
            }
        };
        tokio::select! {
            () = tick => unreachable!("it ticks for ever"),
            _ = make_key(1, Algorithm::Rs256, KeyState::Next) => {}
        }
        assert!(ticks > 0);
    }

    #[tokio::test]
    async fn debug_of_an_opened_key_shows_nothing_secret() {
        let key = active_key(1, Algorithm::Hs256).await;
        let shown = format!("{:?}", keys().open(&key).unwrap());
        assert!(shown.starts_with("OpenedKey { verifying: VerifyingKey { id: ") && shown.len() < 250, "{shown}");
    }
}
