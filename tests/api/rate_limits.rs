use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{Answer, App, PASSWORD, send};

on_each_database!(each_kind_of_request_has_its_own_limit, the_token_endpoint_leads_around_no_limit);

/// `App` turns the limits off.
const ON: (&str, &str) = ("APP_RATE_LIMIT__ENABLED", "true");
const BEHIND_A_PROXY: (&str, &str) = ("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1");

const LOGIN: &str = "/api/v1/auth/login";
const USERS: &str = "/api/v1/users";

async fn limited() -> App {
    App::sqlite_with(&[ON, BEHIND_A_PROXY]).await
}

/// A request from this client, by way of a trusted proxy.
fn post(app: &App, path: &str, client: &str) -> RequestBuilder {
    app.request(Method::POST, path).header("x-forwarded-for", client)
}

/// What the headers say: the limit, and how many requests are left.
fn allowance(answer: &Answer) -> (u32, u32) {
    let number = |name: &str| answer.header(name).parse::<u32>().unwrap();
    assert!((1..=60).contains(&number("ratelimit-reset")), "{answer:?}");
    (number("ratelimit-limit"), number("ratelimit-remaining"))
}

#[track_caller]
fn assert_refused(answer: &Answer, limit: u32) {
    answer.problem(429, "rate_limited");
    assert_eq!(allowance(answer), (limit, 0));
    assert_eq!(answer.header("retry-after"), answer.header("ratelimit-reset"));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() <= 60 / limit);
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn each_kind_of_request_has_its_own_limit(app: App) {
    let app = app.another_node(&[ON]).await;
    let login = json!({"username": "nobody@example.com", "password": PASSWORD});
    let refresh = json!({"refresh_token": "hxr_"});
    // All that begins or ends with a mail is one kind.
    let mail = [
        "/api/v1/auth/password-reset",
        "/api/v1/auth/password-reset/confirm",
        "/api/v1/auth/verify-email",
        "/api/v1/auth/verify-email/resend",
        "/api/v1/auth/email-change/confirm",
        "/api/v1/auth/email-change/stop",
    ];
    let kinds: [(&[&str], Value, u32, u16); 5] = [
        (&mail, json!({}), 5, 422),
        (&[LOGIN], login, 5, 401),
        (&["/api/v1/auth/refresh"], refresh.clone(), 10, 401),
        // All ways to sign out are one kind.
        (&["/api/v1/auth/logout", "/api/v1/auth/logout-all", "/api/v1/auth/logout-others"], refresh, 10, 401),
        (&[USERS], json!({"email": "nonsense"}), 3, 422),
    ];
    for (paths, body, limit, status) in kinds {
        for (number, path) in (1..=limit).zip(paths.iter().cycle()) {
            let answer = app.post(path, body.clone()).await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            assert_eq!(allowance(&answer), (limit, limit - number), "refusals for another reason count, too");
        }
        for path in paths {
            assert_refused(&app.post(path, body.clone()).await, limit);
        }
    }
}

async fn the_token_endpoint_leads_around_no_limit(app: App) {
    let app = app.another_node(&[ON]).await;
    let password = [("grant_type", "password"), ("username", "nobody"), ("password", "wrong")];
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "hxr_")];
    let json = [
        (LOGIN, json!({"username": "nobody", "password": "wrong"})),
        ("/api/v1/auth/refresh", json!({"refresh_token": "hxr_"})),
    ];
    let token = |form: &[(&str, &str)]| send(app.request(Method::POST, "/oauth2/token").form(form));
    for (form, (path, body), limit) in [(&password[..], &json[0], 5), (&refresh[..], &json[1], 10)] {
        for number in (1..=limit).step_by(2) {
            let answer = token(form).await;
            assert_eq!((answer.status, &answer.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
            assert_eq!(allowance(&answer), (limit, limit - number));
            if number < limit {
                assert_eq!(allowance(&app.post(path, body.clone()).await), (limit, limit - number - 1));
            }
        }
        assert_refused(&app.post(path, body.clone()).await, limit);
        let answer = token(form).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!((answer.header("content-type"), allowance(&answer)), ("application/json", (limit, 0)));
        assert_eq!(answer.header("retry-after"), answer.header("ratelimit-reset"));
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        // A client's secret is no more guessed than a password.
        let guess = app.request(Method::POST, "/oauth2/token").basic_auth("gateway", Some("guess")).form(form);
        assert_eq!(send(guess).await.status, StatusCode::TOO_MANY_REQUESTS);
    }
    // What asks for nothing is not counted.
    let answer = token(&[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!answer.headers.contains_key("ratelimit-limit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_has_a_limit_of_its_own() {
    let app = limited().await;
    let clients = ["203.0.113.7", "203.0.113.8", "2001:db8:0:1::1", "2001:db8:0:2::1"];
    for client in clients {
        for _ in 0..5 {
            assert_eq!(send(post(&app, LOGIN, client)).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        assert_refused(&send(post(&app, LOGIN, client)).await, 5);
    }
    for same in ["::ffff:203.0.113.7", "[2001:db8:0:1:ffff::9]:4711", "10.9.9.9, 203.0.113.8"] {
        assert_refused(&send(post(&app, LOGIN, same)).await, 5);
    }
    // What the proxy itself sends is counted for it.
    assert_eq!(allowance(&send(app.request(Method::POST, LOGIN)).await), (5, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_names_others_gains_nothing() {
    let app = App::sqlite_with(&[ON]).await;
    let spoofed = |number: u8| {
        let other = format!("203.0.113.{number}");
        let request = post(&app, LOGIN, &other).header("forwarded", format!("for={other}"));
        send(request.header("x-real-ip", &other).header("x-client-ip", other))
    };
    for number in 0..5 {
        spoofed(number).await.problem(415, "unsupported_media_type");
    }
    assert_refused(&spoofed(6).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_way_to_write_the_path_leads_around_the_limit() {
    let app = limited().await;
    let address = app.url.strip_prefix("http://").unwrap().to_owned();
    // By hand: a library would tidy the paths.
    let status = async |method: &str, path: &str| {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
    };
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        for _ in 0..3 {
            assert_eq!(status(method, LOGIN).await, 405, "{method} is not counted");
        }
    }
    for path in [LOGIN, "/api/v1/auth/login/", "/api/v1//auth/login", "/api/v1/auth//login//", "/api/v1/auth/login?a=b"]
    {
        assert_eq!(status("POST", path).await, 415, "{path}");
    }
    for path in [
        LOGIN,
        "/api/v1/auth/login/",
        "/api/v1//auth/login",
        "/api/v1/auth//login//",
        "/api/v1/auth/login?x",
        "/api/v1/auth/login/?",
        "http://other.example/api/v1/auth/login",
    ] {
        assert_eq!(status("POST", path).await, 429, "{path}");
    }
    for path in ["//api/v1/auth/login", "/api/v1/auth/%6Cogin", "/api/v1/./auth/login", "/API/v1/auth/login"] {
        let status = status("POST", path).await;
        assert!(matches!(status, 404 | 429), "{path}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_is_refused_before_its_body_has_come() {
    let app = limited().await;
    for _ in 0..5 {
        send(app.request(Method::POST, LOGIN)).await;
    }
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head =
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    // A body that is waited for would take 10 s.
    tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 429");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_as_told_is_let_in() {
    let app = App::sqlite_with(&[ON, ("APP_RATE_LIMIT__LOGIN_PER_MINUTE", "60")]).await;
    let login = || send(app.request(Method::POST, LOGIN));
    let refused = loop {
        let answer = login().await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
    };
    let seconds = refused.header("retry-after").parse().unwrap();
    assert_eq!(seconds, 1);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    login().await.problem(415, "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_no_more_are_let_in_than_the_limit() {
    let app = limited().await;
    let requests = (0..40).map(|_| send(post(&app, LOGIN, "203.0.113.7")));
    let answers = futures_util::future::join_all(requests).await;
    let let_in = answers.iter().filter(|answer| answer.status != StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!(let_in, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_creates_as_many_users_as_they_like_and_nobody_else_does() {
    let app = limited().await;
    let admin = app.admin("admin@example.com").await;
    let create = async |number: u32, token: &str| {
        let body = json!({"email": format!("user{number}@example.com"), "password": PASSWORD});
        send(app.request(Method::POST, USERS).bearer_auth(token).json(&body)).await
    };
    for number in 0..5 {
        let created = create(number, &admin.access).await;
        assert_eq!(created.status, StatusCode::CREATED);
        assert!(!created.headers.contains_key("ratelimit-limit"));
    }
    let user = app.sign_in("user0@example.com").await;
    assert_eq!(allowance(&create(10, &user.access).await), (3, 2));
    let nonsense = create(11, "nonsense").await;
    assert_eq!(allowance(&nonsense), (3, 1));
    assert_eq!(nonsense.status, StatusCode::CREATED, "as without a token");
    assert_eq!(allowance(&app.register("ada@example.com").await), (3, 0));
    assert_refused(&create(12, &user.access).await, 3);
    assert_refused(&create(13, "nonsense").await, 3);
    assert_eq!(create(14, &admin.access).await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_zero_is_none() {
    let app = App::sqlite_with(&[ON, ("APP_RATE_LIMIT__REGISTRATION_PER_MINUTE", "0")]).await;
    for _ in 0..10 {
        let answer = app.post(USERS, json!({})).await;
        answer.problem(422, "validation_failed");
        assert!(!answer.headers.contains_key("ratelimit-limit"));
    }
}
