use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use serde_json::Value;
use tests::client::{Client, EMAIL};
use tests::process::Workplace;
use tests::proxy::{Line, Proxy};
use tests::{on_each_database, postgres, run_sql};

use crate::figures::percentile_99;
use crate::nodes::Nodes;

on_each_database!(a_node_that_was_paused_accepts_nothing_revoked_meanwhile);

/// No node accepts a token that was revoked so long ago.
const BOUND: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// Two nodes on a database of PostgreSQL, and its URL.
async fn two_nodes() -> (String, Nodes) {
    let url = postgres::create_database().await;
    let nodes = Nodes::start(Workplace::default().with("DATABASE_URL", &url), 2).await;
    nodes.client(0).register(EMAIL).await;
    (url, nodes)
}

/// Access tokens of sessions that every node knows.
async fn sign_in_times(nodes: &Nodes, count: usize) -> Vec<String> {
    let mut sessions = Vec::new();
    for number in 0..count {
        let token = nodes.client(number).sign_in(EMAIL).await.access;
        assert!(nodes.verify(&token).await.iter().all(|status| *status == StatusCode::OK));
        sessions.push(token);
    }
    sessions
}

/// Signs out on one node, and asks another until it refuses. Returns how long that took.
async fn revoke_here_and_ask_there(here: &Client, there: &Client, token: &str) -> Duration {
    assert_eq!(here.logout(token).await, StatusCode::NO_CONTENT);
    let acknowledged = Instant::now();
    assert_eq!(here.verify(token).await, StatusCode::UNAUTHORIZED, "who revokes must know at once");
    wait_until_refused(there, token, acknowledged).await
}

/// What is asked past the bound must not be accepted.
async fn wait_until_refused(client: &Client, token: &str, acknowledged: Instant) -> Duration {
    loop {
        let asked_after = acknowledged.elapsed();
        match client.verify(token).await {
            StatusCode::UNAUTHORIZED => return asked_after,
            StatusCode::OK => assert!(asked_after <= BOUND, "accepted {asked_after:?} after it was revoked"),
            other => panic!("{other}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What was refused once stays refused.
async fn assert_all_refused(nodes: &Nodes, tokens: &[String]) {
    for token in tokens {
        assert!(nodes.verify(token).await.iter().all(|status| *status == StatusCode::UNAUTHORIZED));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_notifications_lost_nothing_revoked_is_accepted_past_the_bound() {
    let (url, nodes) = two_nodes().await;
    run_sql(&url, "DROP TRIGGER revocations_notify ON revocations").await;
    let sessions = sign_in_times(&nodes, 10).await;
    let asking = sessions.iter().enumerate().map(|(number, token)| {
        let (here, there) = (nodes.client(number), nodes.client(number + 1));
        revoke_here_and_ask_there(here, there, token)
    });
    percentile_99("without notifications another node refuses after", join_all(asking).await);
    assert_all_refused(&nodes, &sessions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_listener_killed_every_200_ms_nothing_revoked_is_accepted_past_the_bound() {
    let (url, nodes) = two_nodes().await;
    let killed = Arc::<AtomicUsize>::default();
    let killing = tokio::spawn(kill_listeners(url, Arc::clone(&killed)));
    let sessions = sign_in_times(&nodes, 40).await;
    let mut times = Vec::new();
    for (number, token) in sessions.iter().enumerate() {
        times.push(revoke_here_and_ask_there(nodes.client(number), nodes.client(number + 1), token).await);
        tokio::time::sleep(Duration::from_millis(90)).await;
    }
    killing.abort();
    percentile_99("with a dying listener another node refuses after", times);
    assert!(killed.load(Ordering::Relaxed) > 10, "{killed:?}");
    assert_all_refused(&nodes, &sessions).await;
}

async fn kill_listeners(url: String, killed: Arc<AtomicUsize>) {
    let connection = tests::connect(&url).await;
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'LISTEN %' \
                AND datname = current_database()";
    loop {
        let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, kill)).await.unwrap();
        killed.fetch_add(rows.len(), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The first writer takes its number first and commits last. Nothing must rest on the order of numbers.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_the_one_that_commits_late_is_not_missed() {
    let (url, nodes) = two_nodes().await;
    // What is missed by polling must not be found by chance.
    run_sql(&url, "DROP TRIGGER revocations_notify ON revocations").await;
    let sessions = sign_in_times(&nodes, 2).await;
    let [late, early] = [&sessions[0], &sessions[1]];

    let connection = tests::connect(&url).await;
    let late_writer = connection.begin().await.unwrap();
    late_writer.execute_unprepared(&insert_revocation(&session_of(&nodes, late).await)).await.unwrap();
    revoke_here_and_ask_there(nodes.client(0), nodes.client(1), early).await;
    // Both nodes poll some more.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(nodes.verify(late).await, [StatusCode::OK; 2]);

    late_writer.commit().await.unwrap();
    let committed = Instant::now();
    join_all(nodes.clients().iter().map(|client| wait_until_refused(client, late, committed))).await;
    assert_all_refused(&nodes, &sessions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_can_read_the_keys_the_feed_goes_on_and_past_the_bound_no_token_is_let_in() {
    let (url, nodes) = two_nodes().await;
    let sessions = sign_in_times(&nodes, 5).await;
    let connection = tests::connect(&url).await;
    let lock = connection.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE signing_keys").await.unwrap();
    let locked = Instant::now();
    for (number, token) in sessions[1..].iter().enumerate() {
        let took = revoke_here_and_ask_there(nodes.client(number), nodes.client(number + 1), token).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    tokio::time::sleep_until((locked + BOUND + Duration::from_millis(100)).into()).await;
    assert_eq!(nodes.verify(&sessions[0]).await, [StatusCode::SERVICE_UNAVAILABLE; 2]);
    lock.commit().await.unwrap();
    join_all((0..2).map(|number| nodes.node(number).wait_until_ready())).await;
    assert_eq!(nodes.verify(&sessions[0]).await, [StatusCode::OK; 2]);
}

async fn session_of(nodes: &Nodes, token: &str) -> String {
    let answer = nodes.client(0).send(Method::GET, "/auth/verify", Some(token), None).await;
    answer.json::<Value>().await.unwrap()["sid"].as_str().unwrap().to_owned()
}

fn insert_revocation(session: &str) -> String {
    format!("INSERT INTO revocations (session_id, expires_at) VALUES ('{session}', now() + interval '1 hour')")
}

async fn a_node_that_was_paused_accepts_nothing_revoked_meanwhile(workplace: Workplace) {
    let nodes = Nodes::start(workplace, 2).await;
    nodes.client(0).register(EMAIL).await;
    let sessions = sign_in_times(&nodes, 20).await;
    let (here, paused) = (nodes.client(0), nodes.client(1));
    nodes.node(1).signal("STOP");
    for token in &sessions {
        assert_eq!(here.logout(token).await, StatusCode::NO_CONTENT);
    }
    tokio::time::sleep(BOUND).await;

    // These are there before the node goes on, and before it can look at the feed.
    let asking = join_all(sessions.iter().map(|token| paused.verify(token)));
    let going_on = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        nodes.node(1).signal("CONT");
    };
    let (answers, ()) = tokio::join!(asking, going_on);
    assert_eq!(answers, [StatusCode::UNAUTHORIZED; 20]);
    assert_all_refused(&nodes, &sessions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_answers_from_memory_up_to_the_bound_and_then_fails_closed() {
    let url = postgres::create_database().await;
    let proxy = Proxy::to(&url).await;
    let workplace = Workplace::default().with("APP_DATABASE__ACQUIRE_TIMEOUT", "1s").with("DATABASE_URL", &url);
    let mut nodes = Nodes::start(workplace, 1).await;
    nodes.workplace.set("DATABASE_URL", proxy.url_of(&url));
    nodes.add().await;
    nodes.client(0).register(EMAIL).await;
    let sessions = sign_in_times(&nodes, 2).await;
    let (here, cut_off) = (nodes.client(0), nodes.client(1));

    proxy.set(Line::Silent);
    assert_eq!(here.logout(&sessions[0]).await, StatusCode::NO_CONTENT);
    let acknowledged = Instant::now();
    assert_eq!(cut_off.verify(&sessions[1]).await, StatusCode::OK, "it is to ask nobody");
    assert_eq!(wait_until_unavailable(cut_off, &sessions[0], acknowledged).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(cut_off.verify(&sessions[1]).await, StatusCode::SERVICE_UNAVAILABLE);

    proxy.set(Line::Open);
    nodes.node(1).wait_until_ready().await;
    assert_all_refused(&nodes, &sessions[..1]).await;
    assert_eq!(nodes.verify(&sessions[1]).await, [StatusCode::OK; 2]);
}

/// Asks until the token is not accepted any more, which must be within the bound.
async fn wait_until_unavailable(client: &Client, token: &str, acknowledged: Instant) -> StatusCode {
    loop {
        let asked_after = acknowledged.elapsed();
        let status = client.verify(token).await;
        if status != StatusCode::OK {
            return status;
        }
        assert!(asked_after <= BOUND, "accepted {asked_after:?} after it was revoked");
        tokio::time::sleep(PAUSE).await;
    }
}
