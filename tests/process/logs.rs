use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tests::process::{Workplace, binary};
use tests::{on_each_database, run_sql};

use tests::client::{Client, EMAIL, PASSWORD, Tokens, tokens};

on_each_database!(
    at_info_no_secret_is_logged,
    at_debug_no_secret_is_logged,
    at_trace_no_secret_is_logged,
    a_stored_value_that_is_not_valid_is_named_and_not_told,
);

const SECRET: &str = "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T";
const WRONG_PASSWORD: &str = "wrong-donkey-wrong-battery";
const GUESSABLE: &str = "qwertyuiop12345";
const NEW_PASSWORD: &str = "brand-new-password-of-ada";

/// What happened: what must not be logged, and the id and status of each answer.
struct Session {
    secrets: Vec<String>,
    answers: Vec<(String, u16)>,
}

impl Session {
    fn saw(&mut self, answer: &Response) {
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        self.answers.push((id, answer.status().as_u16()));
    }

    async fn got(&mut self, answer: Response) -> Tokens {
        self.saw(&answer);
        let tokens = tokens(answer).await;
        self.secrets.extend([tokens.access.clone(), tokens.refresh.clone()]);
        // The signature alone would do, and so would the secret part of a refresh token.
        self.secrets.extend(tokens.access.split('.').next_back().map(ToOwned::to_owned));
        self.secrets.push(tokens.refresh[tokens.refresh.len() - 20..].to_owned());
        tokens
    }
}

/// All that has to do with secrets, in one go.
async fn live_through(client: &Client) -> Session {
    let secrets =
        [PASSWORD, WRONG_PASSWORD, NEW_PASSWORD, SECRET, "$argon2id", "correct+horse", "correct%20horse", GUESSABLE];
    let mut session = Session { secrets: secrets.map(ToOwned::to_owned).to_vec(), answers: Vec::new() };
    let post = async |path: &str, body: Value| client.send(Method::POST, path, None, Some(body)).await;

    session.saw(&post("/users", json!({"email": EMAIL, "password": GUESSABLE})).await);
    for password in [GUESSABLE, PASSWORD] {
        session.saw(&post("/auth/password-check", json!({"email": EMAIL, "password": password})).await);
    }
    session.saw(&post("/users", json!({"email": EMAIL, "password": PASSWORD})).await);
    let first = session.got(client.login(EMAIL, PASSWORD).await).await;
    session.saw(&client.login(EMAIL, WRONG_PASSWORD).await);
    session.saw(&client.login("nobody@example.com", WRONG_PASSWORD).await);
    session.saw(&post("/auth/login", json!({"username": EMAIL, "passwort": WRONG_PASSWORD})).await);
    let second = session.got(post("/auth/refresh", json!({"refresh_token": first.refresh})).await).await;
    let third = session.got(post("/auth/refresh", json!({"refresh_token": second.refresh})).await).await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    session.saw(&client.send(Method::PUT, "/users/me/password", Some(&third.access), Some(change)).await);
    session.saw(&client.me(&third.access).await);
    let old = post("/auth/refresh", json!({"refresh_token": first.refresh})).await;
    assert_eq!(old.status(), 401);
    session.saw(&old);
    let last = session.got(client.login(EMAIL, NEW_PASSWORD).await).await;
    session.saw(&client.me(&last.refresh).await);
    session.saw(&client.send(Method::POST, "/auth/logout", Some(&last.access), None).await);
    session.saw(&client.me(&last.access).await);
    session
}

async fn assert_logs_are_sound(workplace: Workplace, level: &str) {
    let workplace = workplace.with("APP_LOG__LEVEL", level).with("APP_SECRET_KEY", SECRET);
    let node = workplace.serve().await;
    let session = live_through(&Client::of(&node)).await;
    let finished = node.stop();
    assert_eq!(finished.stderr, "", "a server logs to its standard output");
    let lines: Vec<&str> = finished.stdout.lines().collect();

    let mut leaks = Vec::new();
    for secret in &session.secrets {
        leaks.extend(lines.iter().filter(|line| line.contains(secret)).map(|line| format!("{secret}\n    in {line}")));
    }
    assert!(leaks.is_empty(), "{} of {} lines:\n{}", leaks.len(), lines.len(), leaks[..leaks.len().min(9)].join("\n"));

    let records = lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")));
    let records: Vec<Value> = records.collect();
    assert!(records.iter().all(Value::is_object));
    for (id, status) in &session.answers {
        assert_was_logged(&records, id, *status);
    }
}

/// Once, with the id that the client got.
#[track_caller]
fn assert_was_logged(records: &[Value], id: &str, status: u16) {
    let of_request = records.iter().filter(|record| record["span"]["request_id"] == id);
    let served: Vec<_> = of_request.filter(|record| record["message"] == "served").collect();
    assert_eq!(served.len(), 1, "{id}");
    assert_eq!(served[0]["status"], status);
    assert!(served[0]["span"]["path"].is_string() && served[0]["span"]["method"].is_string(), "{}", served[0]);
}

async fn at_info_no_secret_is_logged(workplace: Workplace) {
    assert_logs_are_sound(workplace, "info").await;
}

async fn at_debug_no_secret_is_logged(workplace: Workplace) {
    assert_logs_are_sound(workplace, "debug").await;
}

async fn at_trace_no_secret_is_logged(workplace: Workplace) {
    assert_logs_are_sound(workplace, "trace").await;
}

async fn a_stored_value_that_is_not_valid_is_named_and_not_told(workplace: Workplace) {
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    let me: Value = client.me(&tokens.access).await.json().await.unwrap();
    let database = workplace.database_url();
    run_sql(&database, "UPDATE users SET birthday = '1799-01-02', username = 'Odd Name'").await;
    run_sql(&database, "UPDATE passwords SET hash = 'odd hash'").await;
    assert_eq!(client.me(&tokens.access).await.status(), 200);
    assert_eq!(client.login(EMAIL, PASSWORD).await.status(), 401);
    let log = node.stop().logs();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |message: &str| records.iter().filter(|record| record["message"] == message).collect::<Vec<_>>();
    let invalid = of("a stored value is not valid");
    // Each of them at each of the two reads.
    assert_eq!(invalid.len(), 4, "{log}");
    assert!(invalid.iter().all(|record| record["level"] == "WARN" && record["table"] == "users"), "{invalid:?}");
    assert!(invalid.iter().all(|record| record["id"] == me["id"]), "{invalid:?}");
    assert_eq!(invalid.iter().filter(|record| record["column"] == "birthday").count(), 2);
    let [hash] = of("a user cannot sign in until their password hash is repaired")[..] else { panic!("{log}") };
    assert!(hash["level"] == "ERROR" && hash["user"] == me["id"], "{hash}");
    assert!(["1799", "Odd Name", "odd hash"].iter().all(|value| !log.contains(value)), "{log}");
}

/// A time that no calendar has is a value like any other that is not valid: it raises no alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_no_calendar_has_is_no_fault_of_the_server() {
    let workplace = <Workplace as tests::OnDatabase>::postgres().await;
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let tokens = client.sign_up(EMAIL).await;
    for time in ["infinity", "-infinity", "290000-01-01"] {
        let change =
            ["created_at", "updated_at", "last_login", "birthday"].map(|column| format!("{column} = '{time}'"));
        run_sql(&workplace.database_url(), &format!("UPDATE users SET {}", change.join(", "))).await;
        assert_eq!(client.me(&tokens.access).await.status(), 200, "{time}");
    }
    let log = node.stop().stdout;
    assert_eq!(log.matches("a stored value is not valid").count(), 12, "{log}");
    assert!(!log.contains("panicked") && !log.contains("\"ERROR\""), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_that_a_proxy_asks_about_is_not_logged() {
    for level in ["info", "trace"] {
        let workplace = Workplace::default().with("APP_LOG__LEVEL", level);
        let node = workplace.start(&["serve"]);
        for route in ["/api/v1/auth/verify", "/api/v1/auth/%76erify"] {
            let url = format!("{}{route}/reset/{SECRET}?key={SECRET}", node.url());
            assert_eq!(reqwest::get(url).await.unwrap().status(), 401);
        }
        let logs = node.stop().logs();
        assert!(!logs.contains(SECRET), "{logs}");
        assert_eq!(times_served(&logs, "/api/v1/auth/verify"), 2, "{logs}");
    }
}

/// How many records say that a path was served.
fn times_served(logs: &str, path: &str) -> usize {
    let records = logs.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["message"] == "served" && record["span"]["path"] == path).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_that_succeed_are_logged_at_debug_only() {
    const PROBES: [&str; 2] = ["/health/live", "/health/ready"];
    for (level, times) in [("info", 0), ("debug", 1)] {
        let workplace = Workplace::default().with("APP_LOG__LEVEL", level);
        let node = workplace.start(&["serve"]);
        let url = node.url();
        for path in PROBES {
            assert_eq!(reqwest::get(format!("{url}{path}")).await.unwrap().status(), 200);
        }
        assert_eq!(reqwest::get(format!("{url}/health/nope")).await.unwrap().status(), 404);
        let logs = node.stop().logs();
        for path in PROBES {
            assert_eq!(times_served(&logs, path), times, "{path} at {level}:\n{logs}");
        }
        assert_eq!(times_served(&logs, "/health/nope"), 1, "{logs}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_everywhere_is_told_once_to_say_where_clients_come_to() {
    const TOLD: &str = "set APP_SERVER__PUBLIC_URL";
    for (host, told) in [("0.0.0.0", 1), ("::", 1), ("127.0.0.1", 0)] {
        let workplace = Workplace::default().with("APP_SERVER__HOST", host);
        let node = workplace.start(&["serve"]);
        node.url();
        assert_eq!(node.stop().logs().matches(TOLD).count(), told, "{host}");
    }
    for name in ["APP_SERVER__PUBLIC_URL", "APP_JWT__ISSUER"] {
        let workplace = Workplace::default().with("APP_SERVER__HOST", "0.0.0.0").with(name, "https://auth.example.com");
        let node = workplace.start(&["serve"]);
        node.url();
        assert_eq!(node.stop().logs().matches(TOLD).count(), 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_records_of_a_request_have_its_id() {
    let workplace = Workplace::default();
    let node = workplace.serve().await;
    Client::of(&node).register(EMAIL).await;
    let answer = Client::of(&node).login(EMAIL, WRONG_PASSWORD).await;
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["request_id"], *id);
    let logs = node.stop().logs();
    let records = logs.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut of_request = records.filter(|record| record["span"]["request_id"] == *id);
    assert!(of_request.any(|record| record["event"] == "login.failed"), "{logs}");
}

/// By these names collectors know the members of a record without being told.
#[tokio::test(flavor = "multi_thread")]
async fn the_members_of_a_record_have_the_names_that_collectors_know() {
    let node = Workplace::default().with("APP_LOG__LEVEL", "debug").serve().await;
    let client = Client::of(&node);
    client.sign_up(EMAIL).await;
    client.login(EMAIL, WRONG_PASSWORD).await;
    let logs = node.stop().logs();
    let records: Vec<Value> = logs.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for record in &records {
        let text = |name: &str| record[name].as_str().unwrap_or_else(|| panic!("{name}: {record}"));
        let time = text("timestamp");
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with('Z'), "{time}");
        let severity = match text("level") {
            "ERROR" => "ERROR",
            "WARN" => "WARNING",
            "INFO" => "INFO",
            _ => "DEBUG",
        };
        assert_eq!(text("severity"), severity);
        assert!(!text("message").is_empty() && !text("target").is_empty());
        assert!(record.get("trace_id").is_none(), "nothing is traced: {record}");
    }
    let find =
        |event: &str| records.iter().find(|record| record["event"] == event).unwrap_or_else(|| panic!("{event}"));
    for (event, severity) in [("login.succeeded", "INFO"), ("login.failed", "WARNING")] {
        let record = find(event);
        assert_eq!((&record["severity"], &record["target"]), (&severity.into(), &"audit".into()));
    }
}

#[test]
fn a_command_logs_to_its_standard_error_stream_and_prints_its_result() {
    let finished = Workplace::default().with("APP_LOG__LEVEL", "debug").run(&["migrate", "up"]);
    assert!(finished.stdout.lines().all(|line| line.starts_with("applied m2")), "{}", finished.stdout);
    assert!(finished.stderr.lines().count() > 0);
    for line in finished.stderr.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|record| record["severity"].is_string()), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_a_rate_limit_is_one_record_with_the_client() {
    let workplace = Workplace::default()
        .with("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .with("APP_RATE_LIMIT__ENABLED", "true")
        .with("APP_RATE_LIMIT__LOGIN_PER_MINUTE", "1");
    let node = workplace.serve().await;
    let login = || reqwest::Client::new().post(format!("{}/api/v1/auth/login", node.url()));
    for status in [415, 429] {
        let answer = login().header("x-forwarded-for", "1.1.1.1, 2001:db8::7").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
    let logs = node.stop().logs();
    let records = logs.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refusals: Vec<_> = records.filter(|record| record["event"] == "rate_limit.exceeded").collect();
    assert_eq!(refusals.len(), 1, "{logs}");
    let refusal = &refusals[0];
    assert_eq!((&refusal["limit"], &refusal["target"]), (&"login".into(), &"audit".into()));
    assert_eq!(refusal["span"]["client"], "2001:db8::7");
    assert!(!logs.contains("1.1.1.1"));
}

/// Sends bytes as they are, and returns the first line.
fn send_raw(url: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(15))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    // The server may cut off what it cannot read.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

async fn assert_lines_stay_whole(workplace: Workplace) -> Vec<String> {
    let workplace = workplace.with("APP_LOG__LEVEL", "debug");
    let node = workplace.serve().await;
    let requests: [&[u8]; 6] = [
        b"GET /%0d%0aFORGED%20line%1b[31m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /\x1b[31mFORGED HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /\xc2\x9b31mFORGED\xe2\x80\xa8FORGED HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /health/ready HTTP/1.1\r\nHost: x\r\nUser-Agent: \x1b[31mFORGED\r\nConnection: close\r\n\r\n",
        b"GET /health/ready HTTP/1.1\r\nHost: x\r\nX-Request-Id: a b\x1b[31mFORGED\r\nConnection: close\r\n\r\n",
        b"FORGED\x1b[31m / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ];
    for request in requests {
        let status = send_raw(&node.url(), request);
        assert!(!status.contains(" 500"), "{status}");
    }
    let agent = "evil\tagent\x1b[31mFORGED";
    let body = format!("username={EMAIL}&password=x");
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded";
    let length = body.len();
    let login = format!("{head}\r\nUser-Agent: {agent}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    send_raw(&node.url(), login.as_bytes());
    let logs = node.stop().logs();
    for control in ['\u{1b}', '\r', '\u{9b}', '\u{2028}'] {
        assert!(!logs.contains(control), "{control:?} is in the log:\n{}", logs.escape_debug());
    }
    logs.lines().map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_break_the_lines_of_json() {
    for line in assert_lines_stay_whole(Workplace::default()).await {
        assert!(serde_json::from_str::<Value>(&line).is_ok_and(|record| record.is_object()), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_break_the_lines_of_pretty_logs() {
    // In development a greeting follows.
    let workplace = Workplace::default().with("APP_ENV", "production").with("APP_SECRET_KEY", SECRET);
    for line in assert_lines_stay_whole(workplace.with("APP_LOG__FORMAT", "pretty")).await {
        assert!(line.starts_with("20"), "each line begins with its time: {line}");
    }
}

/// More than a pipe holds: 64 KiB, and a record has more than 200 bytes.
const REQUESTS: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_serves_and_stops_while_nobody_reads_its_output() {
    const SOON: Duration = Duration::from_secs(10);
    for (is_read_at_last, format) in [(false, "pretty"), (false, "json"), (true, "json")] {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let workplace = Workplace::default().with("APP_SERVER__PORT", port.to_string());
        let workplace = workplace.with("APP_LOG__FORMAT", format);
        let pipe = workplace.path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Neither end waits for another process to come.
        let pipe = File::options().read(true).write(true).open(pipe).unwrap();
        let arguments = ["-c", "exec \"$0\" serve > pipe", binary().to_str().unwrap()];
        let mut node = workplace.start_program(Path::new("/bin/sh"), &arguments);
        let client = reqwest::Client::builder().timeout(SOON).build().unwrap();
        let get = |path: &str| client.get(format!("http://127.0.0.1:{port}{path}")).send();
        while get("/health/ready").await.is_err() {
            assert!(node.age() < 3 * SOON, "it does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for index in 0..REQUESTS {
            let answer = get("/api/v1/users/me").await;
            assert_eq!(answer.map(|answer| answer.status().as_u16()).ok(), Some(401), "request {index}");
        }
        assert_eq!(get("/health/ready").await.unwrap().status(), 200);
        let reader = is_read_at_last.then(|| {
            std::thread::spawn(move || {
                let lines = BufReader::new(pipe).lines().map(Result::unwrap);
                let mut logs = String::new();
                lines.take_while(|line| !line.contains("\"stopped\"")).for_each(|line| logs += &(line + "\n"));
                logs
            })
        });
        node.signal("TERM");
        let finished = node.wait_for_exit(SOON);
        assert_eq!((finished.code(), finished.stderr.as_str()), (Some(0), ""));
        if let Some(reader) = reader {
            let logs = reader.join().unwrap();
            assert_eq!(times_served(&logs, "/api/v1/users/me"), REQUESTS, "none was lost: {logs}");
        }
    }
}
