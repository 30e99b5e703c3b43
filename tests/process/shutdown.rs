use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use sea_orm::ConnectionTrait;
use tests::process::{Node, Workplace, binary};
use tests::{on_each_database, postgres};
use tokio::task::JoinHandle;

use tests::client::{Client, EMAIL, PASSWORD};

/// What an idle server may take to stop.
const SHORTLY: Duration = Duration::from_secs(5);

on_each_database!(
    a_login_in_flight_is_answered_and_no_other_is_taken,
    a_login_in_flight_is_answered_when_the_terminal_hangs_up,
    logins_in_flight_are_answered_while_other_workers_end,
);

/// One hash takes over a second in a build without optimisation elsewhere.
fn hashing_slowly(workplace: Workplace) -> Workplace {
    workplace
        .with("APP_PASSWORD__MEMORY_KIB", "65536")
        .with("APP_PASSWORD__ITERATIONS", "30")
        .with("APP_PASSWORD__MAX_ITERATIONS", "100")
}

async fn log_in_meanwhile(client: &Client) -> JoinHandle<reqwest::Result<StatusCode>> {
    let client = client.clone();
    let login = tokio::spawn(async move {
        let body = serde_json::json!({"username": EMAIL, "password": PASSWORD});
        let answer = client.try_send(reqwest::Method::POST, "/auth/login", None, Some(body)).await?;
        let status = answer.status();
        answer.bytes().await?;
        Ok(status)
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!login.is_finished(), "the hash is to take longer");
    login
}

fn connect(node: &Node) -> TcpStream {
    let url = node.url();
    let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

async fn a_login_in_flight_is_answered_and_no_other_is_taken(workplace: Workplace) {
    assert_stops_in_order_on("TERM", workplace).await;
}

async fn a_login_in_flight_is_answered_when_the_terminal_hangs_up(workplace: Workplace) {
    assert_stops_in_order_on("HUP", workplace).await;
}

async fn assert_stops_in_order_on(signal: &str, workplace: Workplace) {
    let workplace = hashing_slowly(workplace);
    let mut node = workplace.serve().await;
    let client = Client::of(&node);
    client.register(EMAIL).await;
    let login = log_in_meanwhile(&client).await;

    // Some send it again, and it still stops in order.
    for _ in 0..2 {
        node.signal(signal);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!login.is_finished(), "the hash is to take longer");
    let other = reqwest::get(format!("{}/health/live", node.url())).await;
    assert!(other.is_err(), "{other:?}");
    assert_eq!(login.await.unwrap().unwrap(), StatusCode::OK, "{}", node.logs());
    let finished = node.wait_for_exit(SHORTLY);
    assert_eq!(finished.code(), Some(0), "{}", finished.stdout);
}

/// An idle worker ends early, and must not take connections to the database with it that another worker needs.
async fn logins_in_flight_are_answered_while_other_workers_end(workplace: Workplace) {
    let workplace = hashing_slowly(workplace)
        .with("APP_SERVER__WORKERS", "8")
        .with("APP_PASSWORD__THREADS", "1")
        .with("APP_PASSWORD__ITERATIONS", "15");
    let node = workplace.serve().await;
    Client::of(&node).register(EMAIL).await;
    node.stop().success();
    // Which connection a login gets is luck.
    for _ in 0..3 {
        assert_logins_in_flight_are_answered(&workplace.serve().await).await;
    }
}

async fn assert_logins_in_flight_are_answered(node: &Node) {
    // Each client has a connection of its own, so all workers come to ask the database.
    let clients: Vec<_> = (0..32).map(|_| Client::of(node)).collect();
    for _ in 0..3 {
        let answers = join_all(clients.iter().map(|client| client.get("/health/ready"))).await;
        assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
    }
    let logins = join_all(clients[..6].iter().map(log_in_meanwhile)).await;
    node.signal("TERM");
    for login in logins {
        assert_eq!(login.await.unwrap().unwrap(), StatusCode::OK, "{}", node.logs());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_for_what_is_in_flight_has_a_limit() {
    let workplace = hashing_slowly(Workplace::default()).with("APP_SERVER__SHUTDOWN_TIMEOUT", "1s");
    let workplace = workplace.with("APP_PASSWORD__ITERATIONS", "100");
    let mut node = workplace.serve().await;
    let login = log_in_meanwhile(&Client::of(&node)).await;
    node.signal("TERM");
    let finished = node.wait_for_exit(Duration::from_secs(20));
    assert!(finished.waited < Duration::from_secs(3), "{:?}", finished.waited);
    assert!(login.await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_it_too() {
    let mut node = Workplace::default().serve().await;
    node.signal("INT");
    let finished = node.wait_for_exit(SHORTLY);
    assert_eq!(finished.code(), Some(0), "{}", finished.stdout);
    assert!(finished.stdout.lines().last().is_some_and(|line| line.contains("stopped")), "{}", finished.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_ends_it_at_once() {
    let workplace = hashing_slowly(Workplace::default()).with("APP_PASSWORD__ITERATIONS", "100");
    let mut node = workplace.serve().await;
    let login = log_in_meanwhile(&Client::of(&node)).await;
    // One that comes together with another signal is the first, not the second.
    for signal in ["TERM", "INT"] {
        node.signal(signal);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!login.is_finished(), "the hash is to take longer: {}", node.logs());
    node.signal("INT");
    let finished = node.wait_for_exit(SHORTLY);
    assert_eq!(finished.code(), Some(130), "{}", finished.stdout);
    assert!(finished.waited < Duration::from_secs(1), "{:?}", finished.waited);
    assert!(login.await.unwrap().is_err());
}

/// Sends a request on a connection that may be kept, and returns the head of the response, in lower case.
fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: hexauth\r\n\r\n").as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    stream.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
    head
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_delay_it_is_not_ready_and_serves_on_before_it_stops() {
    let mut node = Workplace::default().with("APP_SERVER__SHUTDOWN_DELAY", "2s").serve().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    let mut kept = connect(&node);
    let before = ask(&mut kept, "/health/live");
    assert!(before.starts_with("http/1.1 200") && !before.contains("connection: close"), "{before}");

    node.signal("TERM");
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let live = ask(&mut kept, "/health/live");
    assert!(live.starts_with("http/1.1 200") && live.contains("\r\nconnection: close\r\n"), "{live}");
    let mut fresh = connect(&node);
    let ready = ask(&mut fresh, "/health/ready");
    assert!(ready.starts_with("http/1.1 503") && ready.contains("\r\nconnection: close\r\n"), "{ready}");
    let answer = client.get("/health/ready").await;
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["code"], "stopping");
    for answer in [client.me(&tokens.access).await, client.login(EMAIL, PASSWORD).await] {
        assert_eq!((answer.status(), answer.headers()["connection"].to_str().unwrap()), (StatusCode::OK, "close"));
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "the delay is to be longer");
    let finished = node.wait_for_exit(SHORTLY);
    assert_eq!(finished.code(), Some(0), "{}", finished.stdout);
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_ends_it_at_once_in_the_delay_too() {
    let mut node = Workplace::default().with("APP_SERVER__SHUTDOWN_DELAY", "10m").serve().await;
    node.signal("INT");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(Client::of(&node).get("/health/live").await.status(), StatusCode::OK);
    node.signal("INT");
    assert_eq!(node.wait_for_exit(SHORTLY).code(), Some(130));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_idles_for_as_long_as_is_configured() {
    let node = Workplace::default().with("APP_SERVER__KEEP_ALIVE", "1s").serve().await;
    let mut kept = connect(&node);
    for _ in 0..3 {
        assert!(!ask(&mut kept, "/health/live").contains("connection: close"));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let idle = Instant::now();
    assert_eq!(kept.read(&mut [0]).unwrap(), 0, "the server closes it");
    assert!(idle.elapsed() < Duration::from_secs(2), "{:?}", idle.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn under_nohup_it_outlives_its_terminal() {
    let workplace = Workplace::default();
    let mut node = workplace.start_program(Path::new("nohup"), &[binary().to_str().unwrap(), "serve"]);
    node.wait_until_ready().await;
    node.signal("HUP");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(Client::of(&node).get("/health/ready").await.status(), StatusCode::OK);
    assert_ends_shortly(&mut node);
}

/// As after the end of the terminal, of which the hang-up tells.
#[tokio::test(flavor = "multi_thread")]
async fn it_stops_in_order_where_its_logs_cannot_be_written() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let workplace = Workplace::default().with("APP_SERVER__PORT", port.to_string());
    let command = ["-c", "exec \"$0\" serve >/dev/full 2>&1", binary().to_str().unwrap()];
    let mut node = workplace.start_program(Path::new("sh"), &command);
    let deadline = Instant::now() + Duration::from_secs(30);
    while reqwest::get(format!("http://127.0.0.1:{port}/health/ready")).await.is_err() {
        assert!(Instant::now() < deadline, "it does not listen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.signal("HUP");
    assert_eq!(node.wait_for_exit(SHORTLY).code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_delay_the_end() {
    let mut node = Workplace::default().serve().await;
    let mut stream = connect(&node);
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: hexauth\r\n\r\n").unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    assert_ends_shortly(&mut node);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_never_ask_do_not_delay_the_end() {
    let mut node = Workplace::default().serve().await;
    let _stream = connect(&node);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_ends_shortly(&mut node);
}

#[track_caller]
fn assert_ends_shortly(node: &mut Node) {
    node.signal("TERM");
    let finished = node.wait_for_exit(Duration::from_secs(45));
    assert_eq!(finished.code(), Some(0), "{}", finished.stdout);
    assert!(finished.waited < SHORTLY, "it took {:?}", finished.waited);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_many_kept_connections_does_not_delay_the_end() {
    let mut node = Workplace::default().serve().await;
    let client = Client::of(&node);
    join_all((0..16).map(|_| client.get("/health/ready"))).await;
    assert_ends_shortly(&mut node);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_while_it_waits_for_another_node_to_migrate() {
    let url = postgres::create_database().await;
    let other = tests::connect(&url).await;
    // The lock is "hexauth" in ASCII.
    other.execute_unprepared("SELECT pg_advisory_lock(x'0068657861757468'::bigint)").await.unwrap();

    let workplace = Workplace::default().with("DATABASE_URL", url);
    for signal in ["TERM", "HUP"] {
        let mut node = workplace.start(&["serve"]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(node.logs().is_empty(), "it is to wait: {}", node.logs());
        node.signal(signal);
        assert_eq!(node.wait_for_exit(SHORTLY).code(), Some(0), "{signal}");
    }
}
