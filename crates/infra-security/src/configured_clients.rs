use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use domain::Secret;
use domain::clients::{ClientSecretHash, ClientSecrets};
use domain::passwords::{HashError, Password, PasswordHash, PasswordHasher, Verification};
use tokio::sync::{Mutex, Semaphore};

use crate::refusals::Refusals;

/// What the secret of an unknown client is compared with. No secret is known to have this digest.
const NO_DIGEST: ClientSecretHash = ClientSecretHash::Sha256([0; 32]);
/// What is hashed in place of a secret that cannot be a password.
const NO_PASSWORD: &str = "no password";
/// Most requests whose secret is being hashed or waits for it. Beyond that, a client has to try again.
const MAX_HASHING: usize = 16;

/// The clients that the configuration names, with their hashed secrets.
pub struct ConfiguredClients {
    clients: BTreeMap<String, ClientSecretHash>,
    hasher: Arc<dyn PasswordHasher>,
    places: Semaphore,
    refusals: Refusals,
    /// One secret at a time, since anyone may present some, and people who sign in need the hasher, too.
    turn: Mutex<()>,
}

impl ConfiguredClients {
    /// The clients by id. The hasher is for secrets that are hashed like passwords.
    pub fn new(clients: BTreeMap<String, ClientSecretHash>, hasher: Arc<dyn PasswordHasher>) -> Self {
        let refusals = Refusals::of("too many clients present secrets: more are refused");
        Self { clients, hasher, places: Semaphore::new(MAX_HASHING), refusals, turn: Mutex::default() }
    }

    async fn verify_password(&self, secret: &Secret, hash: &PasswordHash) -> Result<bool, HashError> {
        // What cannot be a password is wrong, and must take as long as one that can.
        let presented = Password::parse(secret.expose());
        let is_password = presented.is_ok();
        let Ok(password) = presented.or_else(|_| Password::parse(NO_PASSWORD)) else { return Ok(false) };
        let Ok(_place) = self.places.try_acquire() else {
            self.refusals.refused();
            return Err(HashError::Overloaded);
        };
        self.refusals.admitted();
        let _turn = self.turn.lock().await;
        let verification = self.hasher.reserve()?.verify(&password, Some(hash.clone())).await?;
        Ok(is_password && matches!(verification, Verification::Match { .. }))
    }
}

#[async_trait]
impl ClientSecrets for ConfiguredClients {
    fn knows(&self, client_id: &str) -> bool {
        self.clients.contains_key(client_id)
    }

    fn is_random_secret(&self, client_id: &str, secret: &Secret) -> bool {
        let client = self.clients.get(client_id);
        match client.unwrap_or(&NO_DIGEST) {
            ClientSecretHash::Argon2id(_) => false,
            ClientSecretHash::Sha256(expected) => has_digest(secret, expected) && client.is_some(),
        }
    }

    async fn verify(&self, client_id: &str, secret: &Secret) -> Result<bool, HashError> {
        if let Some(ClientSecretHash::Argon2id(hash)) = self.clients.get(client_id) {
            return self.verify_password(secret, hash).await;
        }
        let is_right = self.is_random_secret(client_id, secret);
        // The time that a refusal takes must not tell whether the client exists, or how its secret is hashed.
        if !is_right && let Some(hash) = self.clients.values().find_map(password_hash) {
            self.verify_password(secret, hash).await?;
        }
        Ok(is_right)
    }
}

fn password_hash(hash: &ClientSecretHash) -> Option<&PasswordHash> {
    match hash {
        ClientSecretHash::Argon2id(hash) => Some(hash),
        ClientSecretHash::Sha256(_) => None,
    }
}

fn has_digest(secret: &Secret, expected: &[u8; 32]) -> bool {
    let presented = digest(&SHA256, secret.expose().as_bytes());
    verify_slices_are_equal(presented.as_ref(), expected).is_ok()
}

impl fmt::Debug for ConfiguredClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfiguredClients").field("clients", &self.clients).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::SeqCst;
    use std::time::Duration;

    use data_encoding::HEXLOWER;
    use domain::passwords::{HashPlace, MockHashPlace, MockPasswordHasher, NewPassword};
    use tokio::task::JoinSet;

    use super::*;

    const PHC: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    /// `digested` with the secret `random`, and `hashed` with the secret `chosen`.
    fn clients() -> ConfiguredClients {
        let digest = HEXLOWER.encode(digest(&SHA256, b"random").as_ref());
        let clients = [("digested", format!("sha256:{digest}")), ("hashed", PHC.to_owned())];
        let clients = clients.map(|(id, hash)| (id.to_owned(), ClientSecretHash::parse(&hash).unwrap()));
        let hasher = hasher(|password, stored| {
            assert_eq!(stored.unwrap().expose(), PHC);
            let is_right = *password == Password::parse("chosen").unwrap();
            Ok(if is_right { Verification::Match { outdated: true } } else { Verification::Mismatch })
        });
        ConfiguredClients::new(clients.into(), Arc::new(hasher))
    }

    fn hasher(verify: fn(&Password, Option<PasswordHash>) -> Result<Verification, HashError>) -> MockPasswordHasher {
        let mut hasher = MockPasswordHasher::new();
        hasher.expect_reserve().returning(move || {
            let mut place = MockHashPlace::new();
            place.expect_verify().times(1).returning(verify);
            Ok(Box::new(place))
        });
        hasher
    }

    async fn verify(client_id: &str, secret: &str) -> bool {
        clients().verify(client_id, &Secret::new(secret.to_owned())).await.unwrap()
    }

    #[tokio::test]
    async fn takes_each_client_s_own_secret_and_no_other() {
        assert!(verify("digested", "random").await && verify("hashed", "chosen").await);
        for secret in ["", "chosen", "Random", "random ", PHC, "\0", &"a".repeat(2000)] {
            assert!(!verify("digested", secret).await, "{secret}");
        }
        for secret in ["", "random", "Chosen", PHC, "\0", &"a".repeat(2000)] {
            assert!(!verify("hashed", secret).await, "{secret}");
        }
    }

    #[test]
    fn tells_a_random_secret_from_one_that_may_be_guessed() {
        let is_random = |id: &str, secret: &str| clients().is_random_secret(id, &Secret::new(secret.to_owned()));
        assert!(is_random("digested", "random"));
        for (id, secret) in [("digested", "chosen"), ("hashed", "chosen"), ("unknown", "random"), ("", "")] {
            assert!(!is_random(id, secret), "{id} {secret}");
        }
        assert!(clients().knows("hashed") && !clients().knows("unknown"));
    }

    #[tokio::test]
    async fn refuses_a_client_that_is_not_known() {
        for id in ["", "Digested", "digested ", "unknown"] {
            for secret in ["", "random", "chosen"] {
                assert!(!verify(id, secret).await, "{id}");
            }
        }
    }

    #[tokio::test]
    async fn every_refusal_costs_one_hash_where_any_client_s_secret_is_hashed_like_a_password() {
        let too_long = "a".repeat(2000);
        let ids = ["digested", "hashed", "unknown", ""].into_iter();
        let wrong = ids.flat_map(|id| ["wrong", "", "\0", &too_long].map(|secret| (id, secret, 1)));
        for (id, secret, hashes) in wrong.chain([("digested", "random", 0)]) {
            let mut hasher = MockPasswordHasher::new();
            hasher.expect_reserve().times(hashes).returning(|| {
                let mut place = MockHashPlace::new();
                let mismatch = |_: &Password, _| Ok(Verification::Mismatch);
                place.expect_verify().withf(|_, stored| stored.is_some()).times(1).returning(mismatch);
                Ok(Box::new(place))
            });
            let clients = ConfiguredClients { hasher: Arc::new(hasher), ..clients() };
            let is_right = clients.verify(id, &Secret::new(secret.to_owned())).await.unwrap();
            assert_eq!(is_right, hashes == 0, "{id} {secret}");
        }
    }

    #[tokio::test]
    async fn tells_that_too_many_wait_to_be_hashed() {
        let mut hasher = MockPasswordHasher::new();
        hasher.expect_reserve().returning(|| Err(HashError::Overloaded));
        let clients = ConfiguredClients { hasher: Arc::new(hasher), ..clients() };
        let result = clients.verify("hashed", &Secret::new("chosen".to_owned())).await;
        assert!(matches!(result, Err(HashError::Overloaded)));
    }

    /// Hashes for a while, and sees how many do so at once.
    #[derive(Clone, Default)]
    struct SlowHasher {
        hashing: Arc<AtomicUsize>,
        most_at_once: Arc<AtomicUsize>,
    }

    impl PasswordHasher for SlowHasher {
        fn reserve(&self) -> Result<Box<dyn HashPlace>, HashError> {
            Ok(Box::new(self.clone()))
        }
    }

    #[async_trait]
    impl HashPlace for SlowHasher {
        async fn hash(&mut self, _: &NewPassword) -> Result<PasswordHash, HashError> {
            Err(HashError::Overloaded)
        }

        async fn rehash(&mut self, _: &Password) -> Result<PasswordHash, HashError> {
            Err(HashError::Overloaded)
        }

        async fn verify(&mut self, _: &Password, _: Option<PasswordHash>) -> Result<Verification, HashError> {
            self.most_at_once.fetch_max(self.hashing.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.hashing.fetch_sub(1, SeqCst);
            Ok(Verification::Mismatch)
        }
    }

    #[tokio::test]
    async fn whoever_presents_secrets_leaves_the_hasher_to_others() {
        let hasher = SlowHasher::default();
        let clients = Arc::new(ConfiguredClients { hasher: Arc::new(hasher.clone()), ..clients() });
        let mut asking = JoinSet::new();
        for _ in 0..=MAX_HASHING {
            let clients = clients.clone();
            asking.spawn(async move { clients.verify("hashed", &Secret::new("wrong".to_owned())).await });
        }
        let answers = asking.join_all().await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(false))).count(), MAX_HASHING);
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(HashError::Overloaded))).count(), 1);
        assert_eq!(hasher.most_at_once.load(SeqCst), 1);
    }

    #[test]
    fn debug_shows_ids_alone() {
        let shown = format!("{:?}", clients());
        assert!(shown.contains("digested") && !shown.contains("argon2id") && !shown.contains("sha256"), "{shown}");
    }
}
