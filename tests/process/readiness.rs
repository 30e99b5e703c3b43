use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tests::postgres;
use tests::process::{Node, Workplace};

use tests::client::{Client, EMAIL, PASSWORD};
use tests::cluster::Cluster;
use tests::proxy::{Line, Proxy};

/// The acquire timeout, or the time for a statement and its answer, and some to spare.
const IN_TIME: Duration = Duration::from_secs(5);

async fn serve_through_proxy() -> (Workplace, Proxy, Node) {
    let url = postgres::create_database().await;
    let proxy = Proxy::to(&url).await;
    let workplace = Workplace::default()
        .with("DATABASE_URL", proxy.url_of(&url))
        .with("APP_DATABASE__ACQUIRE_TIMEOUT", "1s")
        .with("APP_DATABASE__STATEMENT_TIMEOUT", "500ms");
    let node = workplace.serve().await;
    (workplace, proxy, node)
}

async fn assert_unavailable(answering: impl Future<Output = Response>) {
    let begun = Instant::now();
    let answer = answering.await;
    assert!(begun.elapsed() < IN_TIME, "{} took {:?}", answer.url(), begun.elapsed());
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{}", answer.url());
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["status"], 503);
    assert_eq!(problem["code"], "unavailable");
}

async fn assert_503_until_it_is_back(failure: Line) {
    let (_workplace, proxy, node) = serve_through_proxy().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;

    proxy.set(failure);
    assert_unavailable(client.get("/health/ready")).await;
    assert_unavailable(client.me(&tokens.access)).await;
    assert_unavailable(client.login(EMAIL, PASSWORD)).await;
    assert_unavailable(client.get("/health/ready")).await;
    assert_eq!(client.get("/health/live").await.status(), StatusCode::OK);

    proxy.set(Line::Open);
    let begun = Instant::now();
    node.wait_until_ready().await;
    assert!(begun.elapsed() < IN_TIME, "it recovered after {:?}", begun.elapsed());
    assert_eq!(client.me(&tokens.access).await.status(), StatusCode::OK);
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_gone_it_answers_503_and_recovers_by_itself() {
    assert_503_until_it_is_back(Line::Cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_silent_it_answers_503_in_time_and_recovers_by_itself() {
    assert_503_until_it_is_back(Line::Silent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_under_way_when_postgres_goes_get_no_500() {
    let (_workplace, proxy, node) = serve_through_proxy().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    let asking = (0..16).map(|number| tokio::spawn(ask_on(client.clone(), tokens.access.clone(), number % 2 == 0)));
    let asking: Vec<_> = asking.collect();
    for line in [Line::Cut, Line::Open, Line::Cut, Line::Open] {
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxy.set(line);
    }
    let mut statuses = Vec::new();
    for task in asking {
        statuses.extend(task.await.unwrap());
    }
    for expected in [200, 503] {
        assert!(statuses.contains(&expected), "{statuses:?}");
    }
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    for line in node.logs().lines() {
        assert!(!line.contains("\"ERROR\"") && !line.contains("panicked"), "{line}");
    }
}

/// Asks again and again for three seconds.
async fn ask_on(client: Client, token: String, logs_in: bool) -> Vec<u16> {
    let begun = Instant::now();
    let mut statuses = Vec::new();
    while begun.elapsed() < Duration::from_secs(3) {
        let answer = if logs_in { client.login(EMAIL, PASSWORD).await } else { client.me(&token).await };
        statuses.push(answer.status().as_u16());
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_while_postgres_is_silent() {
    let (_workplace, proxy, mut node) = serve_through_proxy().await;
    proxy.set(Line::Silent);
    node.signal("TERM");
    let finished = node.wait_for_exit(Duration::from_secs(10));
    assert_eq!(finished.code(), Some(0), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_its_sqlite_file_is_away() {
    let workplace = Workplace::default();
    let node = workplace.serve().await;
    let client = Client::of(&node);
    std::fs::rename(workplace.path("data"), workplace.path("away")).unwrap();
    assert_unavailable(client.get("/health/ready")).await;
    std::fs::rename(workplace.path("away"), workplace.path("data")).unwrap();
    assert_eq!(client.get("/health/ready").await.status(), StatusCode::OK);
}

/// A cluster may be set to an isolation level under which PostgreSQL gives up transactions that only look at the same
/// rows. Nobody who uses the service should know.
#[tokio::test(flavor = "multi_thread")]
async fn ordinary_requests_succeed_whatever_isolation_level_the_cluster_has() {
    let cluster = Cluster::with(&["fsync=off", "default_transaction_isolation=serializable"]);
    tests::run_sql(&cluster.url(), "ALTER ROLE postgres SET default_transaction_isolation = 'serializable'").await;
    let node = Workplace::default().with("DATABASE_URL", cluster.url()).serve().await;
    let client = Client::of(&node);
    let living = (0..16).map(|number| tokio::spawn(live(client.clone(), number)));
    let mut statuses = Vec::new();
    for task in living.collect::<Vec<_>>() {
        statuses.extend(task.await.unwrap());
    }
    let failed: Vec<_> = statuses.iter().filter(|status| ![200, 201, 204].contains(*status)).collect();
    assert!(failed.is_empty(), "{} of {}: {failed:?}", failed.len(), statuses.len());
}

/// Six ordinary requests, one after the other.
async fn live(client: Client, number: usize) -> Vec<u16> {
    let email = format!("user{number}@example.com");
    let mut statuses = vec![client.register(&email).await.status().as_u16()];
    for _ in 0..3 {
        statuses.push(client.login(&email, PASSWORD).await.status().as_u16());
    }
    let signed_in = client.login(&email, PASSWORD).await;
    statuses.push(signed_in.status().as_u16());
    let pair: Value = signed_in.json().await.unwrap();
    let refresh = pair["refresh_token"].as_str().unwrap_or_default();
    statuses.push(client.refresh(refresh).await.status().as_u16());
    statuses
}

/// A write is tried every 3 s at most, and given up after 2.
const NOTICED: Duration = Duration::from_secs(6);
/// Longest time that an answer takes, whatever the database does.
const ANSWERED: Duration = Duration::from_millis(2500);

/// Asks until the answer is this one.
async fn wait_for_readiness(client: &Client, expected: StatusCode) {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let status = client.get("/health/ready").await.status();
        assert!(asked.elapsed() < ANSWERED, "it answered after {:?}", asked.elapsed());
        if status == expected {
            return;
        }
        assert!(begun.elapsed() < NOTICED, "it is {status} after {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn wait_until_not_ready(client: &Client) {
    wait_for_readiness(client, StatusCode::SERVICE_UNAVAILABLE).await;
}

pub(crate) async fn wait_until_ready_again(client: &Client) {
    wait_for_readiness(client, StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_postgres_is_read_only() {
    let cluster = Cluster::create();
    let node = Workplace::default().with("DATABASE_URL", cluster.url()).serve().await;
    let client = Client::of(&node);
    let end_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hexauth'";
    for (read_only, writable) in [
        ("ALTER SYSTEM SET default_transaction_read_only = on", "ALTER SYSTEM RESET default_transaction_read_only"),
        (
            "ALTER ROLE postgres SET default_transaction_read_only = on",
            "SET TRANSACTION READ WRITE; ALTER ROLE postgres RESET default_transaction_read_only",
        ),
        (
            "ALTER DATABASE postgres SET default_transaction_read_only = on",
            "SET TRANSACTION READ WRITE; ALTER DATABASE postgres RESET default_transaction_read_only",
        ),
    ] {
        for sql in [read_only, "SELECT pg_reload_conf()", end_others] {
            tests::run_sql(&cluster.url(), sql).await;
        }
        wait_until_not_ready(&client).await;
        assert_unavailable(client.register(EMAIL)).await;
        // It was not only for want of the connections that were ended.
        tokio::time::sleep(NOTICED).await;
        assert_unavailable(client.get("/health/ready")).await;
        // Nobody wrote, so nobody but readiness itself saw that the connections are of no use.
        for sql in [writable, "SELECT pg_reload_conf()"] {
            tests::run_sql(&cluster.url(), sql).await;
        }
        wait_until_ready_again(&client).await;
    }
    assert_eq!(client.register(EMAIL).await.status(), StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_another_process_locks_its_sqlite_file() {
    let workplace = Workplace::default();
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let other = tests::connect(&workplace.database_url()).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    wait_until_not_ready(&client).await;
    assert_eq!(client.get("/health/live").await.status(), StatusCode::OK);
    other.execute_unprepared("ROLLBACK").await.unwrap();
    wait_until_ready_again(&client).await;
}
