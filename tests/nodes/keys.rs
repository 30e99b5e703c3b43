use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;
use tests::client::{Client, EMAIL, tokens};
use tests::process::Workplace;
use tests::{OnDatabase, on_each_database, run_sql};

use crate::nodes::Nodes;

on_each_database!(
    while_keys_rotate_under_load_no_valid_token_is_refused,
    a_retired_key_past_its_overlap_is_gone_and_refused,
    a_rotation_under_other_settings_refuses_no_valid_token,
    nodes_that_start_at_once_on_an_empty_database_agree_on_one_key,
    another_secret_on_the_same_database_is_refused,
);

const SECRET: &str = "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T";
const OTHER_SECRET: &str = "T0hG4fS9dL6bN5cX2rZ8pJk3m0w1tV7q";
const ROTATIONS: usize = 3;
/// For so long a node may not know of a rotation.
const MAX_KEY_RING_AGE: Duration = Duration::from_secs(5);

/// Part of the header of a token: `alg`, `kid`.
fn header(token: &str, name: &str) -> String {
    let header = token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap();
    header[name].as_str().unwrap().to_owned()
}

async fn published_keys(client: &Client) -> BTreeSet<String> {
    let set: Value = client.get("/.well-known/jwks.json").await.json().await.unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn rotate(nodes: &Nodes) {
    tokio::task::block_in_place(|| nodes.workplace.run(&["keys", "rotate"]).success());
}

async fn while_keys_rotate_under_load_no_valid_token_is_refused(workplace: Workplace) {
    let nodes = Nodes::start(workplace, 2).await;
    nodes.client(0).register(EMAIL).await;
    let stop = Arc::<AtomicBool>::default();
    let people = (0..4).map(|number| tokio::spawn(use_tokens(nodes.clients().to_vec(), number, Arc::clone(&stop))));
    let people: Vec<_> = people.collect();
    for _ in 0..ROTATIONS {
        let old = header(&nodes.client(0).sign_in(EMAIL).await.access, "kid");
        rotate(&nodes);
        join_all(nodes.clients().iter().map(|client| wait_until_another_key_signs(client, &old))).await;
    }
    stop.store(true, Ordering::Relaxed);
    let seen: Vec<Seen> = join_all(people).await.into_iter().map(Result::unwrap).collect();
    let tokens: usize = seen.iter().map(|seen| seen.tokens).sum();
    let keys: BTreeSet<_> = seen.into_iter().flat_map(|seen| seen.keys).collect();
    println!("{tokens} tokens of {} keys, none refused", keys.len());
    assert!(keys.len() >= ROTATIONS, "{keys:?}");
}

async fn wait_until_another_key_signs(client: &Client, old: &str) {
    let begun = Instant::now();
    while header(&client.sign_in(EMAIL).await.access, "kid") == old {
        assert!(begun.elapsed() < MAX_KEY_RING_AGE, "the node does not follow");
    }
}

struct Seen {
    tokens: usize,
    keys: BTreeSet<String>,
}

/// Gets tokens of one node, and shows them to all at once.
async fn use_tokens(clients: Vec<Client>, number: usize, stop: Arc<AtomicBool>) -> Seen {
    let client = &clients[number % clients.len()];
    let email = format!("user{number}@example.com");
    let first = client.sign_up(&email).await;
    let mut pair = first.clone();
    let mut seen = Seen { tokens: 0, keys: BTreeSet::new() };
    while !stop.load(Ordering::Relaxed) {
        pair = if seen.tokens % 10 == 9 {
            client.sign_in(&email).await
        } else {
            tokens(client.refresh(&pair.refresh).await).await
        };
        for token in [&pair.access, &first.access] {
            let answers = join_all(clients.iter().map(|client| client.verify(token))).await;
            assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
        }
        seen.tokens += 1;
        seen.keys.insert(header(&pair.access, "kid"));
    }
    seen
}

/// Only a token that outlives what the key says shows that it is the key that is refused.
async fn a_retired_key_past_its_overlap_is_gone_and_refused(workplace: Workplace) {
    let workplace = workplace.with("APP_AUTH__ACCESS_TOKEN_TTL", "1h");
    let node = workplace.serve().await;
    let token = Client::of(&node).sign_up(EMAIL).await.access;
    node.stop().success();
    run_sql(&workplace.database_url(), "UPDATE signing_keys SET token_ttl = 0").await;
    let mut nodes = Nodes::start(workplace.with("APP_AUTH__ACCESS_TOKEN_TTL", "3s"), 2).await;
    let overlap = Duration::from_secs(3) + MAX_KEY_RING_AGE;

    let begun = Instant::now();
    rotate(&nodes);
    let rotated = Instant::now();
    let mut checks = 0;
    while rotated.elapsed() < overlap + Duration::from_secs(1) {
        let (asked, answers) = (Instant::now(), nodes.verify(&token).await);
        if begun.elapsed() < overlap {
            assert_eq!(answers, [StatusCode::OK; 2], "the key is accepted {:?} after the rotation", rotated.elapsed());
            checks += 1;
        }
        if asked - rotated > overlap {
            assert_eq!(answers, [StatusCode::UNAUTHORIZED; 2]);
            assert!(!published_keys(nodes.client(0)).await.contains(&header(&token, "kid")));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(checks > 0);
    assert_a_later_node_follows(&mut nodes).await;
}

async fn assert_a_later_node_follows(nodes: &mut Nodes) {
    nodes.add().await;
    for client in nodes.clients() {
        let pair = client.sign_in(EMAIL).await;
        assert_eq!(nodes.verify(&pair.access).await, [StatusCode::OK; 3]);
        assert_eq!(published_keys(client).await, published_keys(nodes.client(2)).await);
    }
}

/// The command line has settings of its own, and so may a node have had before.
async fn a_rotation_under_other_settings_refuses_no_valid_token(workplace: Workplace) {
    let mut nodes = Nodes::start(workplace.with("APP_AUTH__ACCESS_TOKEN_TTL", "2m"), 2).await;
    let token = nodes.client(0).sign_up(EMAIL).await.access;
    nodes.workplace.set("APP_AUTH__ACCESS_TOKEN_TTL", "1s");
    nodes.workplace.set("APP_JWT__ALGORITHM", "HS256");
    rotate(&nodes);
    tokio::time::sleep(Duration::from_secs(1) + MAX_KEY_RING_AGE + Duration::from_secs(1)).await;
    assert_eq!(nodes.verify(&token).await, [StatusCode::OK; 2]);
    rotate(&nodes);
    wait_until_another_key_signs(nodes.client(1), &header(&token, "kid")).await;
    let token = nodes.client(1).sign_in(EMAIL).await.access;
    assert_eq!(header(&token, "alg"), "EdDSA");
    assert_eq!(nodes.verify(&token).await, [StatusCode::OK; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_algorithm_serves_on_two_nodes() {
    for algorithm in ["EdDSA", "ES256", "RS256", "HS256"] {
        for workplace in [Workplace::sqlite().await, Workplace::postgres().await] {
            assert_serves(&Nodes::start(workplace.with("APP_JWT__ALGORITHM", algorithm), 2).await, algorithm).await;
        }
    }
}

async fn assert_serves(nodes: &Nodes, algorithm: &str) {
    let pair = nodes.client(0).sign_up(EMAIL).await;
    assert_eq!(header(&pair.access, "alg"), algorithm);
    assert_eq!(nodes.verify(&pair.access).await, [StatusCode::OK; 2]);
    let published = published_keys(nodes.client(1)).await;
    assert_eq!(published.contains(&header(&pair.access, "kid")), algorithm != "HS256");
}

async fn nodes_that_start_at_once_on_an_empty_database_agree_on_one_key(workplace: Workplace) {
    let nodes = Nodes::start(workplace, 4).await;
    nodes.client(0).register(EMAIL).await;
    let mut keys = BTreeSet::new();
    for client in nodes.clients() {
        let token = client.sign_in(EMAIL).await.access;
        assert_eq!(nodes.verify(&token).await, [StatusCode::OK; 4]);
        keys.insert(header(&token, "kid"));
    }
    assert_eq!(keys.len(), 1);
}

async fn another_secret_on_the_same_database_is_refused(workplace: Workplace) {
    let mut nodes = Nodes::start(workplace.with("APP_SECRET_KEY", SECRET), 1).await;
    let token = nodes.client(0).sign_up(EMAIL).await.access;
    nodes.workplace.set("APP_SECRET_KEY", OTHER_SECRET);
    let refused = nodes.workplace.run(&["serve"]);
    assert_eq!(refused.code(), Some(1), "{}", refused.stderr);
    let message = refused.stderr.lines().last().unwrap();
    assert!(message.starts_with("hexauth: ") && message.contains("APP_SECRET_KEY"), "{message}");
    assert_eq!(nodes.client(0).verify(&token).await, StatusCode::OK);
}
