//! What one connection, or many, may take of the server. Linux shows in `/proc` what a process has open and in memory.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tests::process::{Node, Workplace, binary};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

const MIB: u64 = 1024 * 1024;
const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: hexauth\r\n\r\n";
/// A little more than a limit, for a busy machine.
const SLACK: Duration = Duration::from_secs(5);

fn address(node: &Node) -> SocketAddr {
    node.url().strip_prefix("http://").unwrap().parse().unwrap()
}

fn connect(node: &Node) -> TcpStream {
    let stream = TcpStream::connect(address(node)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// All that comes until the other side closes.
fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// What the server sends back for these bytes, on a connection that it closes.
fn exchange(node: &Node, request: &str) -> String {
    let mut stream = connect(node);
    stream.write_all(request.as_bytes()).unwrap();
    read_all(&mut stream)
}

/// The head of an answer, in lower case, and how long its body is said to be.
fn read_head(stream: &mut TcpStream) -> (String, usize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    (head, length)
}

/// One answer with a body of a known length.
fn read_answer(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let (head, length) = read_head(stream);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

fn resident(node: &Node) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", node.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// How many sockets it has open. Its files are not counted: it opens more of the database when it likes.
fn sockets(node: &Node) -> usize {
    let descriptors = fs::read_dir(format!("/proc/{}/fd", node.id())).unwrap().map(Result::unwrap);
    let targets = descriptors.filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

/// Sends these bytes, as far as they are taken, on so many connections, and reads nothing.
fn flood(node: &Node, connections: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let streams = (0..connections).map(|_| {
        let mut stream = connect(node);
        stream.set_nonblocking(true).unwrap();
        let _ = stream.write(bytes);
        stream
    });
    streams.collect()
}

async fn assert_memory(node: &Node, connections: usize, bytes: &[u8], most: u64) {
    let before = resident(node);
    let _streams = flood(node, connections, bytes);
    let mut highest = 0;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        highest = highest.max(resident(node));
    }
    let grown = highest.saturating_sub(before);
    assert!(grown < most, "{connections} connections took {} KiB", grown / 1024);
}

/// As many requests as fit into 74 KB, behind some whose answers fill the client's and the server's buffers.
fn pipelined() -> Vec<u8> {
    let large = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100);
    let small = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2_700);
    [large, small].concat().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_read_do_not_fill_the_memory() {
    let node = Workplace::default().with("APP_SERVER__CONNECTIONS_PER_CLIENT", "0").serve().await;
    exchange(&node, "GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_memory(&node, 60, &pipelined(), 20 * MIB).await;
    let large = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100).into_bytes();
    assert_memory(&node, 60, &large, 20 * MIB).await;
    assert_memory(&node, 1_000, &pipelined(), 150 * MIB).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_never_end_do_not_fill_the_memory() {
    let node = Workplace::default().with("APP_SERVER__CONNECTIONS_PER_CLIENT", "0").serve().await;
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}", "x".repeat(120_000));
    assert_memory(&node, 60, head.as_bytes(), 20 * MIB).await;
    let answer = exchange(&node, &head);
    assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains("headers_too_large"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_head_has_ten_seconds_and_not_the_first_only() {
    let node = Workplace::default().serve().await;
    let mut first = connect(&node);
    first.write_all(b"G").unwrap();
    let mut second = connect(&node);
    second.write_all(LIVE.as_bytes()).unwrap();
    read_answer(&mut second);
    second.write_all(b"G").unwrap();
    let silent = connect(&node);
    let mut blank = connect(&node);
    blank.write_all(b"\r\n\r\n").unwrap();
    for (mut stream, answer) in [(first, "HTTP/1.1 408 "), (second, "HTTP/1.1 408 "), (silent, ""), (blank, "")] {
        let got = read_all(&mut stream);
        assert!(got.starts_with(answer) && got.is_empty() == answer.is_empty(), "{got}");
    }
    assert!(Duration::from_secs(10) + SLACK > node.age(), "it took {:?}", node.age());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_of_an_answer_for_thirty_seconds_is_cut_off() {
    let node = Workplace::default().serve().await;
    let before = sockets(&node);
    let _streams = flood(&node, 20, &pipelined());
    tokio::time::sleep(Duration::from_secs(2)).await;
    // The client that asked whether it is ready may have left meanwhile.
    assert!(sockets(&node) >= before + 15);
    let begun = Instant::now();
    while sockets(&node) > before + 2 {
        assert!(begun.elapsed() < Duration::from_secs(30) + SLACK, "{} more are open", sockets(&node) - before);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_kept_for_75_seconds() {
    let node = Workplace::default().serve().await;
    let mut stream = connect(&node);
    stream.set_read_timeout(Some(Duration::from_secs(75) + SLACK)).unwrap();
    stream.write_all(LIVE.as_bytes()).unwrap();
    read_answer(&mut stream);
    let begun = Instant::now();
    assert_eq!(read_all(&mut stream), "");
    assert!(begun.elapsed() > Duration::from_secs(74), "it was closed after {:?}", begun.elapsed());
}

async fn status_for(node: &Node, from: [u8; 4]) -> std::io::Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::from(from), 0)))?;
    let mut stream = socket.connect(address(node)).await?;
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_string(&mut answer)).await??;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_256_connections_and_others_are_served_all_the_same() {
    let node = Workplace::default().serve().await;
    let mut streams: Vec<_> = (0..256).map(|_| connect(&node)).collect();
    for stream in &mut streams {
        stream.write_all(LIVE.as_bytes()).unwrap();
        read_answer(stream);
    }
    let begun = Instant::now();
    assert_ne!(status_for(&node, [127, 0, 0, 1]).await.unwrap_or_default(), "HTTP/1.1 200 OK");
    assert!(begun.elapsed() > Duration::from_millis(900), "a client that is refused must not be back at once");
    assert_eq!(status_for(&node, [127, 0, 0, 2]).await.unwrap(), "HTTP/1.1 200 OK");
    assert_eq!(node.logs().matches("most connections it may have").count(), 1);
    streams.truncate(200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(status_for(&node, [127, 0, 0, 1]).await.unwrap(), "HTTP/1.1 200 OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_has_any_number_of_connections() {
    let workplace = Workplace::default().with("APP_SERVER__CONNECTIONS_PER_CLIENT", "10");
    let node = workplace.with("APP_SERVER__TRUSTED_PROXIES", "127.0.0.2").serve().await;
    for _ in 0..3 {
        let streams: Vec<_> = (0..10).map(|_| connect(&node)).collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(status_for(&node, [127, 0, 0, 2]).await.unwrap(), "HTTP/1.1 200 OK");
        drop(streams);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_does_not_use_up_the_descriptors() {
    let script = format!("ulimit -n 128; exec '{}' serve", binary().display());
    let workplace = Workplace::default();
    let node = workplace.start_program("/bin/sh".as_ref(), &["-c", &script]);
    node.wait_until_ready().await;
    let streams: Vec<_> = (0..110).map(|_| connect(&node)).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(status_for(&node, [127, 0, 0, 2]).await.unwrap(), "HTTP/1.1 200 OK");
    // It raises the soft limit by itself.
    drop((node, streams));
    let script = format!("ulimit -S -n 64; exec '{}' serve", binary().display());
    let node = workplace.start_program("/bin/sh".as_ref(), &["-c", &script]);
    node.wait_until_ready().await;
    let mut streams: Vec<_> = (0..200).map(|_| connect(&node)).collect();
    for stream in &mut streams {
        stream.write_all(LIVE.as_bytes()).unwrap();
        assert!(read_answer(stream).0.starts_with("http/1.1 200 "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_get_each_its_own_framing() {
    let node = Workplace::default().serve().await;
    let mut stream = connect(&node);
    let head = LIVE.replace("GET", "HEAD");
    let with_body = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    let chunked = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n";
    stream.write_all([LIVE, &head, LIVE, &head, &head, LIVE, with_body, chunked, LIVE].concat().as_bytes()).unwrap();
    let mut answer = |has_body: bool, status: &str| {
        let (head, length) = read_head(&mut stream);
        assert!(head.starts_with(status) && length > 0, "{head}");
        let mut body = vec![0; if has_body { length } else { 0 }];
        stream.read_exact(&mut body).unwrap();
        assert!(!has_body || body.starts_with(b"{"), "{}", String::from_utf8_lossy(&body));
    };
    for has_body in [true, false, true, false, false, true] {
        answer(has_body, "http/1.1 200 ");
    }
    answer(true, "http/1.1 415 ");
    answer(true, "http/1.1 415 ");
    answer(true, "http/1.1 200 ");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_served_after_the_last_request() {
    let node = Workplace::default().serve().await;
    for last in [
        "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: \u{e9}, close\r\n\r\n",
        "GET /health/live HTTP/1.0\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ] {
        let begun = Instant::now();
        let mut stream = connect(&node);
        stream.write_all([last, &LIVE.repeat(3)].concat().as_bytes()).unwrap();
        let answers = read_all(&mut stream);
        assert_eq!(answers.matches("HTTP/1.").count(), 1, "{answers}");
        assert!(begun.elapsed() < SLACK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_asked_for_only_when_it_is_wanted() {
    let workplace = Workplace::default().with("APP_RATE_LIMIT__ENABLED", "true");
    let node = workplace.with("APP_RATE_LIMIT__REGISTRATION_PER_MINUTE", "1").serve().await;
    let asking = |line: &str, length: &str| {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{length}\r\nExpect: 100-continue\r\n\r\n"
        );
        exchange(&node, &request)
    };
    let some = "Content-Length: 10";
    let chunked = "Transfer-Encoding: chunked";
    for (line, length, answer) in [
        ("PATCH /api/v1/users/me", some, "HTTP/1.1 401 "),
        ("PATCH /api/v1/users/me", chunked, "HTTP/1.1 401 "),
        ("POST /nowhere", some, "HTTP/1.1 404 "),
        ("POST /nowhere", chunked, "HTTP/1.1 404 "),
        ("POST /health/live", some, "HTTP/1.1 405 "),
        ("POST /api/v1/users", "Content-Length: 70000", "HTTP/1.1 413 "),
        ("POST /api/v1/users", some, "HTTP/1.1 429 "),
        ("POST /api/v1/users", chunked, "HTTP/1.1 429 "),
    ] {
        let got = asking(line, length);
        assert!(got.starts_with(answer) && !got.contains("100 Continue"), "{line}, {length}: {got}");
    }
    // Where it is wanted it is asked for, and may come in parts.
    let mut stream = connect(&node);
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").unwrap();
    assert!(read_answer(&mut stream).0.starts_with("http/1.1 422 "));
    stream.write_all(LIVE.as_bytes()).unwrap();
    assert!(read_answer(&mut stream).0.starts_with("http/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_served_after_a_body_that_cannot_be_read() {
    let node = Workplace::default().serve().await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    for body in [
        "2\r\n{}\r\n0\r\nX: y\n\r\n",
        "2\r\n{}X\r\n0\r\n\r\n",
        "Z0\r\n\r\n",
        "2\r\n{}\r\nX",
        "-1\r\n\r\n",
        "ffffffffffffffffff\r\n",
    ] {
        let answers = exchange(&node, &[&chunked, body, LIVE].concat());
        assert!(answers.starts_with("HTTP/1.1 400 "), "{body:?}: {answers}");
        assert_eq!(answers.matches("HTTP/1.").count(), 1, "{body:?}: {answers}");
    }
    // One that breaks off, and one that nobody reads.
    for request in [format!("{head}Content-Length: 5\r\n\r\n{{"), format!("{chunked}2\r\n{{")] {
        let mut stream = connect(&node);
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let answers = read_all(&mut stream);
        assert!(answers.starts_with("HTTP/1.1 400 ") && answers.matches("HTTP/1.").count() == 1, "{answers}");
    }
    let unread = "POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nX\r\n";
    let answers = exchange(&node, &[unread, LIVE].concat());
    assert!(answers.starts_with("HTTP/1.1 404 ") && answers.matches("HTTP/1.").count() == 1, "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_another_protocol_is_answered_in_this_one() {
    let node = Workplace::default().serve().await;
    for upgrade in ["websocket", "h2c"] {
        let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2";
        let answer = exchange(&node, &format!("{head}\r\nConnection: upgrade\r\nUpgrade: {upgrade}\r\n\r\n{{}}"));
        assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    }
}

/// By `TCP: … mem n` of `/proc/net/sockstat`, in pages of 4 KiB.
fn memory_of_tcp() -> u64 {
    let stat = fs::read_to_string("/proc/net/sockstat").unwrap();
    let line = stat.lines().find(|line| line.starts_with("TCP:")).unwrap();
    line.split_whitespace().last().unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test(flavor = "multi_thread")]
async fn the_system_holds_little_of_answers_that_are_not_read() {
    let node = Workplace::default().serve().await;
    let before = memory_of_tcp();
    let last = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let _streams = flood(&node, 60, last);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let grown = memory_of_tcp().saturating_sub(before);
    assert!(grown < 60 * MIB, "{} KiB", grown / 1024);
    assert!(sockets(&node) > 60, "they are to count for as long as they are held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_nothing_more_gets_its_answer() {
    let node = Workplace::default().serve().await;
    let mut stream = connect(&node);
    stream.write_all(LIVE.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(read_all(&mut stream).starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_96_headers_of_32_kib() {
    let node = Workplace::default().serve().await;
    let status = |headers: String| {
        let request = format!("GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
        exchange(&node, &request).split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let many = |count: usize| (0..count).map(|number| format!("X-{number}: y\r\n")).collect::<String>();
    let long = |bytes: usize| format!("X-Long: {}\r\n", "y".repeat(bytes));
    assert_eq!(status(many(94)), "200");
    assert_eq!(status(many(95)), "431");
    assert_eq!(status(long(32_000)), "200");
    for bytes in [33_000, 41_000, 65_000, 200_000] {
        assert_eq!(status(long(bytes)), "431", "{bytes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_told_so() {
    let node = Workplace::default().serve().await;
    for nonsense in
        ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"]
    {
        // Behind a HEAD, too, whose answer has no body.
        for before in ["", "HEAD /health/live HTTP/1.1\r\nHost: a\r\n\r\n"] {
            let answer = exchange(&node, &[before, nonsense].concat());
            let refusal = answer.split("HTTP/1.1 400 ").nth(1).unwrap_or_else(|| panic!("{answer}"));
            assert!(refusal.contains("application/problem+json"), "{answer}");
            assert!(refusal.ends_with(r#""code":"bad_request"}"#), "{answer}");
        }
    }
}
