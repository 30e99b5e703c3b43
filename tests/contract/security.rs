//! The ports that `infra-security` implements. What takes forged tokens or stored hashes to show is tested there.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use domain::access_tokens::{AccessClaims, AccessTokens, TokenId, VerifyError};
use domain::clients::{ClientId, ClientSecretHash, ClientSecrets};
use domain::identities::ProviderName;
use domain::keys::{Algorithm, KeyId, KeyState, MAX_KEY_RING_AGE, RootSecret, SigningKey, SigningKeyFactory};
use domain::passwords::{Findings, Password, PasswordHasher, PasswordPolicy, Score};
use domain::providers::ResponseSeal;
use domain::sessions::{Authentication, Method, Methods};
use domain::users::{Epoch, Role};
use domain::{Clock, Ids, Mac, MacPurpose, MacTag, Secret, Timestamp};
use infra_security::{
    Argon2Pool, Argon2Settings, ConfiguredClients, HmacSha256, KeyRing, SealedKeys, SealedResponses, SystemClock,
    SystemIds,
};
use serde_json::Value;
use tests::token_corpus::forgeries;
use tests::{TestDatabase, on_each_database};
use uuid::{Uuid, Variant, Version};

use crate::fixtures::{at, session_id, user_id};

fn root() -> RootSecret {
    RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap()
}

#[test]
fn ids_of_version_7_are_of_the_time_given() {
    for millis in [0, 1, 1_700_000_000_123, (1 << 48) - 1] {
        let now = DateTime::from_timestamp_millis(millis).unwrap();
        let ids: Vec<_> = (0..200).map(|_| SystemIds.v7(now)).collect();
        for id in &ids {
            assert_eq!((id.get_version(), id.get_variant()), (Some(Version::SortRand), Variant::RFC4122));
            assert_eq!(id.as_u128() >> 80, u128::try_from(millis).unwrap());
        }
        assert_all_differ(ids);
    }
}

#[test]
fn ids_of_version_4_are_random_but_for_what_says_so() {
    // Version and variant (RFC 9562, sections 4.1 and 4.2).
    const FIXED: u128 = 0xf000_c000_0000_0000_0000;
    let ids: Vec<_> = (0..200).map(|_| SystemIds.v4()).collect();
    for id in &ids {
        assert_eq!((id.get_version(), id.get_variant()), (Some(Version::Random), Variant::RFC4122));
    }
    // A bit that is not random would be the same in all of them. That one is by chance: 1 in 2 to the power of 192.
    let differ = ids.iter().fold(0, |bits, id| bits | (id.as_u128() ^ ids[0].as_u128()));
    assert_eq!(differ, !FIXED);
    assert_all_differ(ids);
}

#[track_caller]
fn assert_all_differ(mut ids: Vec<Uuid>) {
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn the_clock_tells_whole_microseconds() {
    for _ in 0..1000 {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1000, 0);
    }
}

#[test]
fn the_same_purpose_and_message_give_the_same_tag() {
    let mac = HmacSha256::new(&root());
    let again = HmacSha256::new(&root());
    let tag = mac.sign(MacPurpose::RefreshToken, b"a message");
    assert_eq!(tag.as_bytes(), again.sign(MacPurpose::RefreshToken, b"a message").as_bytes());
    assert!(again.verify(MacPurpose::RefreshToken, b"a message", &tag));
}

#[test]
fn a_tag_is_worth_nothing_for_another_message_or_bit() {
    let mac = HmacSha256::new(&root());
    let tag = mac.sign(MacPurpose::RefreshToken, b"a message");
    assert!(!mac.verify(MacPurpose::RefreshToken, b"a massage", &tag));
    for byte in 0..MacTag::LENGTH {
        let mut bytes = *tag.as_bytes();
        bytes[byte] ^= 0x80;
        assert!(!mac.verify(MacPurpose::RefreshToken, b"a message", &MacTag::new(bytes)));
    }
}

fn sealed_keys() -> Arc<SealedKeys> {
    Arc::new(SealedKeys::new(&root()))
}

async fn make_key(number: u128, algorithm: Algorithm, state: KeyState) -> SigningKey {
    let id = KeyId::new(Uuid::from_u128(number));
    let sealed = sealed_keys().generate(id, algorithm).await.unwrap();
    SigningKey { id, algorithm, sealed, created_at: at(number.try_into().unwrap()), state }
}

async fn active_key(number: u128, algorithm: Algorithm) -> SigningKey {
    make_key(number, algorithm, KeyState::Active { since: at(0), token_ttl: TimeDelta::days(1) }).await
}

#[tokio::test]
async fn a_key_opens_for_its_own_id_and_algorithm_and_root_secret_alone() {
    let other_root = SealedKeys::new(&RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGb").unwrap());
    for algorithm in Algorithm::ALL {
        let key = active_key(1, algorithm).await;
        assert!(sealed_keys().can_open(&key));
        assert!(!other_root.can_open(&key));
        assert!(!sealed_keys().can_open(&SigningKey { id: KeyId::new(Uuid::from_u128(2)), ..key.clone() }));
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(!sealed_keys().can_open(&SigningKey { algorithm: other, ..key.clone() }));
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn making_a_key_does_not_block_the_thread() {
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

on_each_database!(
    what_one_node_signs_every_node_reads_back_to_equal_claims,
    a_token_is_good_for_its_time,
    a_token_of_another_issuer_or_for_another_audience_is_refused,
    whatever_can_be_made_without_the_key_is_refused,
    a_node_looks_for_a_key_that_it_does_not_know,
    a_node_looks_for_the_active_key_before_it_signs,
    a_retired_key_is_accepted_for_its_time,
    public_halves_are_published_oldest_first,
);

/// Tells a time of the contract's own until it is moved, in seconds.
pub(crate) struct SetClock(pub(crate) AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp(self.0.load(Ordering::SeqCst), 0).unwrap()
    }
}

fn node(db: &TestDatabase, clock: &Arc<SetClock>) -> KeyRing {
    KeyRing::new(db.signing_keys.clone(), sealed_keys(), clock.clone(), "us".to_owned(), "ours".to_owned())
}

fn set_clock() -> Arc<SetClock> {
    Arc::new(SetClock(AtomicI64::new(issued_at().timestamp())))
}

fn issued_at() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn claims() -> AccessClaims {
    AccessClaims {
        id: TokenId::new(Uuid::from_u128(3)),
        client_id: Some(ClientId::default()),
        user_id: user_id(1),
        session_id: session_id(2),
        role: Role::Admin,
        epoch: Epoch::new(u32::MAX),
        authentication: Some(Authentication { at: issued_at(), methods: Methods::only(Method::Password) }),
        email_verified: Some(false),
        issued_at: issued_at(),
        expires_at: issued_at() + TimeDelta::minutes(15),
    }
}

/// Runs the check with an active key of each algorithm in turn.
async fn with_each_algorithm(db: &TestDatabase, check: impl AsyncFn(SigningKey)) {
    for (number, algorithm) in (1..).zip(Algorithm::ALL) {
        let key = active_key(number, algorithm).await;
        assert!(db.signing_keys.insert(&key).await.unwrap());
        check(key.clone()).await;
        assert_eq!(db.signing_keys.delete_all().await.unwrap(), 1);
    }
}

async fn what_one_node_signs_every_node_reads_back_to_equal_claims(db: TestDatabase) {
    with_each_algorithm(&db, async |key| {
        let (one, other) = (node(&db, &set_clock()), node(&db, &set_clock()));
        for claims in [
            claims(),
            AccessClaims {
                role: Role::User,
                epoch: Epoch::default(),
                client_id: None,
                email_verified: None,
                ..claims()
            },
        ] {
            let token = one.sign(&claims).await.unwrap();
            for node in [&one, &other, &other] {
                let read = node.verify(token.expose(), claims.issued_at).await.unwrap();
                assert_eq!(read, claims, "{}", key.algorithm);
            }
        }
    })
    .await;
}

async fn a_token_is_good_for_its_time(db: TestDatabase) {
    with_each_algorithm(&db, async |_| {
        let (node, claims, microsecond) = (node(&db, &set_clock()), claims(), TimeDelta::microseconds(1));
        let token = node.sign(&claims).await.unwrap();
        let begins = claims.issued_at - TimeDelta::seconds(5);
        // Twice, since a token that was read may be remembered.
        for _ in 0..2 {
            for time in [begins, claims.expires_at - microsecond] {
                assert!(node.verify(token.expose(), time).await.is_ok());
            }
            for time in [begins - microsecond, claims.expires_at, claims.expires_at + TimeDelta::days(1)] {
                assert_invalid(&node, token.expose(), time).await;
            }
        }
    })
    .await;
}

async fn a_token_of_another_issuer_or_for_another_audience_is_refused(db: TestDatabase) {
    with_each_algorithm(&db, async |_| {
        let token = node(&db, &set_clock()).sign(&claims()).await.unwrap();
        for (issuer, audience) in [("them", "ours"), ("us", "theirs")] {
            let keys = db.signing_keys.clone();
            let others = KeyRing::new(keys, sealed_keys(), set_clock(), issuer.to_owned(), audience.to_owned());
            assert_invalid(&others, token.expose(), issued_at()).await;
        }
    })
    .await;
}

async fn whatever_can_be_made_without_the_key_is_refused(db: TestDatabase) {
    with_each_algorithm(&db, async |key| {
        let node = node(&db, &set_clock());
        let token = node.sign(&claims()).await.unwrap();
        for (name, forgery) in forgeries(token.expose(), &node.jwks(issued_at()).jwk_set) {
            let result = node.verify(&forgery, issued_at()).await;
            assert!(matches!(result, Err(VerifyError::Invalid(_))), "{}: {name}", key.algorithm);
        }
        assert!(node.verify(token.expose(), issued_at()).await.is_ok());
    })
    .await;
}

async fn a_node_looks_for_a_key_that_it_does_not_know(db: TestDatabase) {
    let (early, late) = (node(&db, &set_clock()), node(&db, &set_clock()));
    early.reload().await.unwrap();
    let key = active_key(1, Algorithm::EdDsa).await;
    assert!(db.signing_keys.insert(&key).await.unwrap());
    let token = late.sign(&claims()).await.unwrap();
    // More than the bound on how often it looks.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(early.verify(token.expose(), issued_at()).await.unwrap(), claims());
}

async fn a_node_looks_for_the_active_key_before_it_signs(db: TestDatabase) {
    let clock = set_clock();
    let node = node(&db, &clock);
    let [old, new] = [active_key(1, Algorithm::EdDsa).await, active_key(2, Algorithm::Es256).await];
    assert!(db.signing_keys.insert(&old).await.unwrap());
    node.sign(&claims()).await.unwrap();
    assert!(db.signing_keys.delete(old.id, old.state).await.unwrap());
    assert!(db.signing_keys.insert(&new).await.unwrap());
    clock.0.fetch_add(MAX_KEY_RING_AGE.num_seconds() + 1, Ordering::SeqCst);
    let token = node.sign(&claims()).await.unwrap();
    let reader = self::node(&db, &clock);
    assert!(reader.verify(token.expose(), issued_at()).await.is_ok(), "the old key is gone");
}

async fn a_retired_key_is_accepted_for_its_time(db: TestDatabase) {
    with_each_algorithm(&db, async |key| {
        let node = node(&db, &set_clock());
        let token = node.sign(&claims()).await.unwrap();
        node.verify(token.expose(), issued_at()).await.unwrap();
        let accepted_until = issued_at() + TimeDelta::minutes(1);
        let retired = KeyState::Retired { accepted_until };
        assert!(db.signing_keys.change_state(key.id, key.state, retired).await.unwrap());
        node.reload().await.unwrap();
        let last = accepted_until - TimeDelta::microseconds(1);
        assert!(node.verify(token.expose(), last).await.is_ok());
        assert_invalid(&node, token.expose(), accepted_until).await;
        let is_published = |time| node.jwks(time).jwk_set.contains(&key.id.to_string());
        assert_eq!(is_published(last), key.algorithm != Algorithm::Hs256);
        assert!(!is_published(accepted_until));
    })
    .await;
}

async fn public_halves_are_published_oldest_first(db: TestDatabase) {
    let retired = KeyState::Retired { accepted_until: at(1000) };
    let keys = [
        make_key(4, Algorithm::EdDsa, KeyState::Next).await,
        active_key(3, Algorithm::Es256).await,
        make_key(2, Algorithm::Rs256, retired).await,
        make_key(1, Algorithm::Hs256, retired).await,
    ];
    for key in &keys {
        assert!(db.signing_keys.insert(key).await.unwrap());
    }
    let node = node(&db, &set_clock());
    node.reload().await.unwrap();
    let set: Value = serde_json::from_str(&node.jwks(issued_at()).jwk_set).unwrap();
    let published = set["keys"].as_array().unwrap();
    let kids: Vec<_> = published.iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kids, [2, 3, 4].map(|number| Uuid::from_u128(number).to_string()));
    let public = ["kty", "kid", "alg", "use", "crv", "x", "y", "n", "e"];
    assert!(published.iter().all(|jwk| jwk.as_object().unwrap().keys().all(|name| public.contains(&name.as_str()))));
}

async fn assert_invalid(node: &KeyRing, token: &str, now: Timestamp) {
    assert!(matches!(node.verify(token, now).await, Err(VerifyError::Invalid(_))));
}

#[test]
fn a_response_is_opened_for_its_provider_alone_and_tells_nothing() {
    let seal = SealedResponses::new(&root());
    let [ours, other] = ["idp", "other"].map(|name| ProviderName::parse(name).unwrap());
    let response = Secret::new("state=hxt_AAAA&code=4%2F0AX4XfWh".to_owned());
    let handle = seal.close(&ours, &response).unwrap();
    assert_eq!(seal.open(&ours, &handle).unwrap().expose(), response.expose());
    assert!(handle.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    // Nothing tells whether two are the same.
    assert_ne!(seal.close(&ours, &response).unwrap().expose(), handle.expose());
    let opens = |seal: &SealedResponses, provider: &ProviderName, text: String| {
        seal.open(provider, &Secret::new(text)).is_some()
    };
    assert!(!opens(&seal, &other, handle.expose().to_owned()));
    let another = RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGb").unwrap();
    assert!(!opens(&SealedResponses::new(&another), &ours, handle.expose().to_owned()));
    for at in 0..handle.expose().len() {
        let mut bytes = handle.expose().as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(!opens(&seal, &ours, String::from_utf8(bytes).unwrap()), "{at}");
    }
    for text in ["", "A", "AQ", "é", &handle.expose()[..handle.expose().len() - 4], &format!("{}AAAA", handle.expose())]
    {
        assert!(!opens(&seal, &ours, text.to_owned()), "{text}");
    }
}

#[tokio::test]
async fn each_client_has_its_own_secret() {
    let settings = Argon2Settings { memory_kib: 64, iterations: 1, threads: 1, ..Argon2Settings::default() };
    let pool = Arc::new(Argon2Pool::new(settings).unwrap());
    let any = PasswordPolicy { min_strength: Score::new(0), ..PasswordPolicy::default() };
    let chosen = any.accept(Password::parse("well chosen").unwrap(), &Findings::default()).unwrap();
    let hashed = pool.reserve().unwrap().hash(&chosen).await.unwrap();
    // SHA-256 of "random".
    let digest = "sha256:a441b15fe9a3cf56661190a0b93b9dec7d04127288cc87250967cf3b52894d11";
    let clients = [("digested", digest), ("hashed", hashed.expose())];
    let clients = clients.map(|(id, hash)| (id.to_owned(), ClientSecretHash::parse(hash).unwrap()));
    let clients = ConfiguredClients::new(clients.into(), pool);
    let is_right = async |id: &str, secret: &str| clients.verify(id, &Secret::new(secret.to_owned())).await.unwrap();
    assert!(is_right("digested", "random").await && is_right("hashed", "well chosen").await);
    for (id, secret) in
        [("digested", "well chosen"), ("hashed", "random"), ("hashed", ""), ("digested", ""), ("hashed", "\0")]
    {
        assert!(!is_right(id, secret).await, "{id} {secret}");
    }
    for secret in ["random", "well chosen", ""] {
        assert!(!is_right("unknown", secret).await);
    }
}
