use std::sync::atomic::Ordering;

use domain::keys::{Algorithm, KeyId, KeyState, SealedKey, SigningKey, StoredKeys, UnreadableKey};
use domain::users::Epoch;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::*;
use crate::opened_key::{OpenedKey, generate_key};
use crate::testing::{KeysInMemory, NOW, SetClock, active_key, at, claims, make_key, root};

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// A database with keys, and a node on it.
struct Node {
    keys: Arc<KeysInMemory>,
    clock: Arc<SetClock>,
    ring: Arc<KeyRing>,
}

impl Node {
    fn new(keys: impl Into<Vec<SigningKey>>) -> Self {
        let keys: Vec<_> = keys.into();
        Self::on(&Arc::new(KeysInMemory::new(keys)))
    }

    fn on(keys: &Arc<KeysInMemory>) -> Self {
        let (keys, clock) = (Arc::clone(keys), Arc::new(SetClock::new()));
        let opener = Arc::new(SealedKeys::new(&root()));
        let ring = KeyRing::new(keys.clone(), opener, clock.clone(), "us".to_owned(), "ours".to_owned());
        Self { keys, clock, ring: Arc::new(ring) }
    }

    async fn sign(&self) -> String {
        self.ring.sign(&claims()).await.unwrap().expose().to_owned()
    }

    async fn is_valid(&self, token: &str) -> bool {
        self.ring.verify(token, at(NOW)).await.is_ok()
    }

    fn kids(&self, now: Timestamp) -> Vec<String> {
        let set: Value = serde_json::from_str(&self.ring.jwks(now).jwk_set).unwrap();
        let kids = set["keys"].as_array().unwrap().iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned());
        kids.collect()
    }
}

fn damaged(key: SigningKey) -> SigningKey {
    SigningKey { sealed: SealedKey::new(vec![1; 60]), ..key }
}

fn retired(key: SigningKey, until: i64) -> SigningKey {
    SigningKey { state: KeyState::Retired { accepted_until: at(until) }, ..key }
}

/// Most looks at the keys that the bound allows since then.
fn most_looks(begun: Instant) -> usize {
    let intervals = begun.elapsed().as_millis() / MIN_RELOAD_INTERVAL.as_millis();
    1 + usize::try_from(intervals).unwrap()
}

/// A token like ours of a key that nobody has.
fn of_unknown_key(number: u32) -> String {
    let claims = AccessClaims { epoch: Epoch::new(number), ..claims() };
    let key = generate_key(Algorithm::EdDsa).unwrap();
    let key = OpenedKey::read(KeyId::new(Uuid::from_u128(0xdead)), Algorithm::EdDsa, &key).unwrap();
    key.sign(&claims, "us", "ours").unwrap().expose().to_owned()
}

#[tokio::test]
async fn what_one_node_signs_every_node_reads() {
    for algorithm in Algorithm::ALL {
        let node = Node::new([active_key(1, algorithm).await]);
        let token = node.sign().await;
        for node in [&node, &Node::on(&node.keys)] {
            assert_eq!(node.ring.verify(&token, at(NOW)).await.unwrap(), claims(), "{algorithm}");
        }
    }
}

#[tokio::test]
async fn a_token_of_another_root_secret_is_not_valid() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    let other = Node::new([active_key(1, Algorithm::EdDsa).await]);
    node.ring.reload().await.unwrap();
    assert!(!node.is_valid(&other.sign().await).await);
}

#[tokio::test]
async fn looks_at_the_keys_before_it_signs_after_five_seconds() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    for (advance, lists) in [(TimeDelta::zero(), 1), (SECOND * 5, 1), (TimeDelta::microseconds(1), 2), (-SECOND, 3)] {
        node.clock.advance(advance);
        node.sign().await;
        node.sign().await;
        assert_eq!(node.keys.lists(), lists, "after {advance}");
    }
}

#[tokio::test]
async fn signs_with_the_active_key_and_follows_a_rotation() {
    let [old, new] = [active_key(1, Algorithm::EdDsa).await, active_key(2, Algorithm::Es256).await];
    let next = SigningKey { state: KeyState::Next, ..new.clone() };
    let node = Node::new([old.clone(), next]);
    let before = node.sign().await;
    assert_eq!(node.kids(at(NOW)), [old.id.to_string(), new.id.to_string()]);
    node.keys.set(vec![retired(old.clone(), NOW + 60), new.clone()]);
    node.clock.advance(SECOND * 6);
    let after = node.sign().await;
    assert!(node.is_valid(&before).await && node.is_valid(&after).await);
    assert_eq!(node.kids(at(NOW + 59)), [old.id.to_string(), new.id.to_string()]);
    // Past the overlap.
    assert_eq!(node.kids(at(NOW + 60)), [new.id.to_string()]);
    assert!(matches!(node.ring.verify(&before, at(NOW + 60)).await, Err(VerifyError::Invalid(_))));
    assert!(node.ring.verify(&after, at(NOW + 60)).await.is_ok());
    node.keys.set(vec![new]);
    node.ring.reload().await.unwrap();
    assert!(!node.is_valid(&before).await && node.is_valid(&after).await);
}

#[tokio::test]
async fn publishes_no_symmetric_key_and_nothing_private() {
    let mut keys = Vec::new();
    for (id, algorithm) in (1..).zip(Algorithm::ALL) {
        keys.push(make_key(id, algorithm, KeyState::Next).await);
    }
    let node = Node::new(keys);
    assert_eq!(node.ring.jwks(at(NOW)).jwk_set, r#"{"keys":[]}"#, "nothing is loaded yet");
    node.ring.reload().await.unwrap();
    let set: Value = serde_json::from_str(&node.ring.jwks(at(NOW)).jwk_set).unwrap();
    let set = set["keys"].as_array().unwrap();
    let public = ["kty", "kid", "alg", "use", "crv", "x", "y", "n", "e"];
    assert!(set.iter().all(|jwk| jwk.as_object().unwrap().keys().all(|name| public.contains(&name.as_str()))));
    assert_eq!(set.iter().map(|jwk| &jwk["alg"]).collect::<Vec<_>>(), ["EdDSA", "ES256", "RS256"]);
}

#[tokio::test]
async fn tells_all_nodes_before_it_signs_a_token_that_lives_longer_than_they_know() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    let other = Node::on(&node.keys);
    other.sign().await;
    let longer = AccessClaims { expires_at: at(NOW + 3600), ..claims() };
    for ring in [&node.ring, &other.ring, &node.ring] {
        ring.sign(&longer).await.unwrap();
        ring.sign(&claims()).await.unwrap();
        let state = node.keys.keys.lock().unwrap().readable[0].state;
        assert_eq!(state, KeyState::Active { since: at(NOW), token_ttl: TimeDelta::hours(1) });
    }
    // Each node has read the keys once more than without, and no more.
    assert_eq!(node.keys.lists(), 4);
}

#[tokio::test]
async fn of_a_ring_that_was_read_long_ago_tokens_may_live_as_long_as_any() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    let longest = at(NOW) + MAX_ACCESS_TOKEN_TTL;
    assert_eq!(node.ring.tokens_expire_at(at(NOW)), longest, "nothing was read yet");
    node.ring.reload().await.unwrap();
    for (advance, expected) in
        [(TimeDelta::zero(), at(NOW + 900)), (SECOND * 5, at(NOW + 900)), (SECOND, longest), (-SECOND * 7, longest)]
    {
        node.clock.advance(advance);
        assert_eq!(node.ring.tokens_expire_at(at(NOW)), expected, "after {advance}");
    }
    node.ring.reload().await.unwrap();
    assert_eq!(node.ring.tokens_expire_at(at(NOW)), at(NOW + 900));
    assert_eq!(node.keys.lists(), 2, "asking reads nothing");
}

#[tokio::test]
async fn says_that_there_is_no_active_key() {
    let node = Node::new([make_key(1, Algorithm::EdDsa, KeyState::Next).await]);
    node.ring.reload().await.unwrap();
    let Err(StoreError::Internal(source)) = node.ring.sign(&claims()).await else {
        panic!("it cannot sign");
    };
    assert_eq!(source.to_string(), "there is no active signing key");
}

#[tokio::test]
async fn leaves_out_a_key_that_cannot_be_opened() {
    let [good, bad] = [active_key(1, Algorithm::EdDsa).await, active_key(2, Algorithm::EdDsa).await];
    let node = Node::new([good.clone(), retired(damaged(bad), NOW + 60)]);
    assert!(node.is_valid(&node.sign().await).await);
    assert_eq!(node.kids(at(NOW)), [good.id.to_string()]);
}

#[tokio::test]
async fn an_active_key_that_cannot_be_opened_is_an_error_and_the_others_stay_in_use() {
    let [good, bad] = [active_key(1, Algorithm::EdDsa).await, active_key(2, Algorithm::EdDsa).await];
    let node = Node::new([good.clone()]);
    let token = node.sign().await;
    node.keys.set(vec![retired(good.clone(), NOW + 60), damaged(bad.clone())]);
    let Err(StoreError::Internal(source)) = node.ring.reload().await else {
        panic!("it cannot sign");
    };
    let expected = format!("the active signing key {} cannot be opened", bad.id);
    assert!(source.to_string().starts_with(&expected), "{source}");
    assert!(node.ring.sign(&claims()).await.is_err());
    assert!(node.is_valid(&token).await);
    assert_eq!(node.kids(at(NOW)), [good.id.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_unknown_keys_cost_one_look_in_a_tenth_of_a_second() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..1000 {
        let ring = Arc::clone(&node.ring);
        callers.spawn(async move { ring.verify(&of_unknown_key(number), at(NOW)).await });
    }
    while let Some(result) = callers.join_next().await {
        assert!(matches!(result.unwrap(), Err(VerifyError::Invalid(_))));
    }
    assert!((1..=most_looks(begun)).contains(&node.keys.lists()), "{} looks", node.keys.lists());
    sleep(MIN_RELOAD_INTERVAL).await;
    let looks = node.keys.lists();
    assert!(!node.is_valid(&of_unknown_key(0)).await);
    assert_eq!(node.keys.lists(), looks + 1);
}

#[tokio::test]
async fn garbage_causes_no_look_at_the_keys() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    let token = of_unknown_key(1);
    let spoiled =
        [String::new(), "..".to_owned(), format!("{token}."), token.replacen('e', "E", 1), token[1..].to_owned()];
    for token in spoiled {
        assert!(matches!(node.ring.verify(&token, at(NOW)).await, Err(VerifyError::Invalid(_))), "{token}");
    }
    assert!(matches!(node.ring.verify(&token, at(NOW + 900)).await, Err(VerifyError::Invalid(_))), "it has expired");
    assert_eq!(node.keys.lists(), 0);
}

#[tokio::test]
async fn without_a_database_known_tokens_are_read_and_others_are_told_apart() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    let token = node.sign().await;
    sleep(MIN_RELOAD_INTERVAL).await;
    node.keys.is_down.store(true, Ordering::SeqCst);
    assert!(node.is_valid(&token).await);
    let (begun, looks) = (Instant::now(), node.keys.lists());
    for _ in 0..50 {
        let result = node.ring.verify(&of_unknown_key(1), at(NOW)).await;
        assert!(matches!(result, Err(VerifyError::Repository(StoreError::Unavailable(_)))));
    }
    assert!((looks + 1..=looks + most_looks(begun)).contains(&node.keys.lists()), "the others share the answer");
    node.keys.is_down.store(false, Ordering::SeqCst);
    sleep(MIN_RELOAD_INTERVAL).await;
    let looks = node.keys.lists();
    assert!(matches!(node.ring.verify(&of_unknown_key(1), at(NOW)).await, Err(VerifyError::Invalid(_))));
    assert_eq!(node.keys.lists(), looks + 1);
}

#[tokio::test]
async fn without_a_database_nothing_is_signed_with_keys_that_are_long_known() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    node.sign().await;
    node.keys.is_down.store(true, Ordering::SeqCst);
    node.sign().await;
    node.clock.advance(SECOND * 6);
    let begun = Instant::now();
    for _ in 0..50 {
        assert!(matches!(node.ring.sign(&claims()).await, Err(StoreError::Unavailable(_))));
    }
    assert!((2..=1 + most_looks(begun)).contains(&node.keys.lists()), "the others share the answer");
    node.keys.is_down.store(false, Ordering::SeqCst);
    node.ring.reload().await.unwrap();
    node.sign().await;
}

#[tokio::test]
async fn without_a_database_no_token_is_let_in_by_keys_that_are_long_known() {
    let [leaked, new] = [active_key(1, Algorithm::EdDsa).await, active_key(2, Algorithm::EdDsa).await];
    let node = Node::new([leaked]);
    let token = node.sign().await;
    node.keys.set(vec![new]);
    node.keys.is_down.store(true, Ordering::SeqCst);
    node.clock.advance(SECOND * 5);
    assert!(node.is_valid(&token).await);
    node.clock.advance(TimeDelta::microseconds(1));
    let begun = Instant::now();
    for _ in 0..50 {
        let result = node.ring.verify(&token, at(NOW)).await;
        assert!(matches!(result, Err(VerifyError::Repository(StoreError::Unavailable(_)))));
    }
    assert!((2..=1 + most_looks(begun)).contains(&node.keys.lists()), "the others share the answer");
    node.keys.is_down.store(false, Ordering::SeqCst);
    sleep(MIN_RELOAD_INTERVAL).await;
    assert!(matches!(node.ring.verify(&token, at(NOW)).await, Err(VerifyError::Invalid(_))), "it was replaced");
    let (token, looks) = (node.sign().await, node.keys.lists());
    assert!(node.is_valid(&token).await);
    assert_eq!(node.keys.lists(), looks, "fresh keys are not read again");
}

#[tokio::test]
async fn a_request_waits_two_seconds_for_keys_that_are_long_known() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    let token = node.sign().await;
    *node.keys.delay.lock().unwrap() = Duration::from_secs(60);
    node.clock.advance(SECOND * 6);
    let begun = Instant::now();
    let result = node.ring.verify(&token, at(NOW)).await;
    assert!(matches!(result, Err(VerifyError::Repository(StoreError::Unavailable(_)))));
    assert!(begun.elapsed() < READ_LIMIT * 2);
}

#[tokio::test]
async fn keys_that_cannot_be_read_do_not_stop_the_others() {
    let good = active_key(1, Algorithm::EdDsa).await;
    let unreadable = |state: &str| {
        let id = KeyId::new(Uuid::from_u128(2));
        vec![UnreadableKey { id, state: state.to_owned(), column: "algorithm" }]
    };
    let node = Node::new([good.clone()]);
    node.keys.set(StoredKeys { readable: vec![good.clone()], unreadable: unreadable("retired") });
    let token = node.sign().await;
    let good = retired(good, NOW + 60);
    node.keys.set(StoredKeys { readable: vec![good], unreadable: unreadable("active") });
    node.clock.advance(SECOND * 6);
    assert!(node.is_valid(&token).await);
    assert!(matches!(node.ring.sign(&claims()).await, Err(StoreError::Internal(_))));
    assert!(node.ring.reload().await.is_err(), "so that it is logged");
}

#[tokio::test]
async fn tokens_of_good_keys_are_let_in_though_the_active_one_cannot_be_opened() {
    let [good, bad] = [active_key(1, Algorithm::EdDsa).await, active_key(2, Algorithm::EdDsa).await];
    let node = Node::new([good.clone()]);
    let token = node.sign().await;
    node.keys.set(vec![retired(good, NOW + 60), damaged(bad)]);
    node.clock.advance(SECOND * 6);
    assert!(node.is_valid(&token).await);
}

#[tokio::test]
async fn nothing_is_signed_where_reading_the_keys_took_too_long() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    *node.keys.delay.lock().unwrap() = Duration::from_millis(50);
    let (ring, clock) = (Arc::clone(&node.ring), Arc::clone(&node.clock));
    let signing = tokio::spawn(async move { ring.sign(&claims()).await });
    while node.keys.lists() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(SECOND * 6);
    assert!(matches!(signing.await.unwrap(), Err(StoreError::Unavailable(_))));
    node.sign().await;
}

#[tokio::test]
async fn all_who_wait_for_the_keys_share_one_look() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    *node.keys.delay.lock().unwrap() = Duration::from_millis(50);
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let ring = Arc::clone(&node.ring);
        callers.spawn(async move { ring.sign(&claims()).await.is_ok() });
    }
    assert!(callers.join_all().await.into_iter().all(|is_signed| is_signed));
    assert_eq!(node.keys.lists(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_the_look_for_the_others() {
    let node = Node::new([active_key(1, Algorithm::EdDsa).await]);
    let token = node.sign().await;
    let node = Node::on(&node.keys);
    let looks = node.keys.lists();
    *node.keys.delay.lock().unwrap() = Duration::from_millis(300);
    for _ in 0..20 {
        tokio::select! {
            biased;
            _ = node.ring.verify(&token, at(NOW)) => panic!("the look takes longer"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(node.is_valid(&token).await);
    assert_eq!(node.keys.lists(), looks + 1);
}

#[tokio::test]
async fn whoever_asks_to_read_the_keys_gets_what_is_there_now() {
    let [first, second] = [active_key(1, Algorithm::EdDsa).await, active_key(2, Algorithm::EdDsa).await];
    let node = Node::new([first]);
    node.ring.reload().await.unwrap();
    node.keys.set(vec![second.clone()]);
    node.ring.reload().await.unwrap();
    assert_eq!(node.kids(at(NOW)), [second.id.to_string()]);
    node.keys.is_down.store(true, Ordering::SeqCst);
    assert!(matches!(node.ring.reload().await, Err(StoreError::Unavailable(_))));
    assert_eq!(node.kids(at(NOW)), [second.id.to_string()], "what was known stays");
}
