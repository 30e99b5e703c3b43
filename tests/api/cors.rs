use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{Answer, App, send};

const ORIGIN: &str = "https://app.example.com";
const ORIGINS: (&str, &str) = ("APP_CORS__ALLOWED_ORIGINS", "https://app.example.com, http://localhost:3000");
const FOREIGN: [&str; 12] = [
    "https://evil.example",
    "null",
    "http://app.example.com",
    "https://app.example.com.evil.example",
    "https://evil.example/https://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com/",
    "https://APP.example.com",
    "http://localhost",
    "http://localhost.evil.example:3000",
    "*",
    "https://app.example.com, http://localhost:3000",
];

async fn preflight(app: &App, path: &str, origin: &str) -> Answer {
    let request = app.request(Method::OPTIONS, path).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    send(request.header("access-control-request-headers", "authorization,content-type")).await
}

async fn get(app: &App, path: &str, origin: Option<&str>) -> Answer {
    let request = app.request(Method::GET, path);
    send(origin.into_iter().fold(request, |request, origin| request.header("origin", origin))).await
}

fn headers_of_cors(answer: &Answer) -> Vec<&str> {
    answer.headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("access-control-")).collect()
}

#[track_caller]
fn assert_readable(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    assert_eq!(answer.header("vary"), "Origin");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    let exposed = answer.header("access-control-expose-headers").to_ascii_lowercase();
    for name in ["location", "retry-after", "ratelimit-remaining", "x-request-id", "www-authenticate"] {
        assert!(exposed.split(", ").any(|other| other == name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_there_is_no_cors() {
    let app = App::sqlite_with(&[]).await;
    let answer = get(&app, "/health/live", Some(ORIGIN)).await;
    assert!(headers_of_cors(&answer).is_empty() && !answer.headers.contains_key("vary"), "{answer:?}");
    let refused = preflight(&app, "/api/v1/auth/login", ORIGIN).await;
    refused.problem(405, "method_not_allowed");
    assert!(headers_of_cors(&refused).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_may_ask_and_read() {
    let app = App::sqlite_with(&[ORIGINS]).await;
    for origin in [ORIGIN, "http://localhost:3000"] {
        for path in ["/api/v1/auth/login", "/api/v1/users/", "/api/v1/users/me"] {
            let asked = preflight(&app, path, origin).await;
            assert_eq!((asked.status, asked.text.as_str()), (StatusCode::NO_CONTENT, ""));
            assert_readable(&asked, origin);
            assert_eq!(asked.header("access-control-allow-methods"), "GET, HEAD, POST, PUT, PATCH, DELETE");
            assert_eq!(
                asked.header("access-control-allow-headers"),
                "Authorization, Content-Type, X-Request-Id, Traceparent, Tracestate"
            );
            assert_eq!(asked.header("access-control-max-age"), "7200");
        }
        assert_readable(&get(&app, "/health/live", Some(origin)).await, origin);
        assert_readable(&get(&app, "/.well-known/jwks.json", Some(origin)).await, origin);
    }
    // Without a method that it asks for, it is an OPTIONS like any other.
    let request = app.request(Method::OPTIONS, "/api/v1/auth/login").header("origin", ORIGIN);
    let options = send(request).await;
    options.problem(405, "method_not_allowed");
    assert_readable(&options, ORIGIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_that_show_pages_may_ask_by_their_own_origins() {
    let origins = ["capacitor://localhost", "ionic://localhost", "tauri://localhost", "http://tauri.localhost"];
    let app = App::sqlite_with(&[("APP_CORS__ALLOWED_ORIGINS", &serde_json::to_string(&origins).unwrap())]).await;
    for origin in origins {
        let asked = preflight(&app, "/api/v1/auth/login", origin).await;
        assert_eq!(asked.status, StatusCode::NO_CONTENT);
        assert_readable(&asked, origin);
        assert_readable(&get(&app, "/health/live", Some(origin)).await, origin);
    }
    for origin in
        ["capacitor://localhost:80", "capacitor://evil.example", "http://localhost", "https://tauri.localhost"]
    {
        let refused = preflight(&app, "/api/v1/auth/login", origin).await;
        refused.problem(405, "method_not_allowed");
        assert!(headers_of_cors(&refused).is_empty(), "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_may_send_more_headers_and_cookies_where_the_operator_says_so() {
    let app = App::sqlite_with(&[
        ORIGINS,
        ("APP_CORS__ALLOWED_HEADERS", "X-Device-Id, authorization,sentry-trace"),
        ("APP_CORS__ALLOW_CREDENTIALS", "true"),
    ])
    .await;
    let asked = preflight(&app, "/api/v1/auth/login", ORIGIN).await;
    assert_eq!(
        asked.header("access-control-allow-headers"),
        "Authorization, Content-Type, X-Request-Id, Traceparent, Tracestate, X-Device-Id, sentry-trace"
    );
    for answer in [asked, get(&app, "/health/live", Some(ORIGIN)).await, get(&app, "/nope", Some(ORIGIN)).await] {
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), (ORIGIN, "Origin"));
    }
    for origin in FOREIGN {
        let answer = get(&app, "/health/live", Some(origin)).await;
        assert!(headers_of_cors(&answer).is_empty(), "{origin}: {answer:?}");
    }
}

/// A proxy that asks with the method of the request it asks about, as Envoy does, would let such a request through.
#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_does_not_pass_where_proxies_ask() {
    let app = App::sqlite_with(&[ORIGINS]).await;
    for path in ["/api/v1/auth/verify", "/api/v1/auth/verify/", "/api/v1/auth/verify/orders/7"] {
        let asked = preflight(&app, path, ORIGIN).await;
        asked.problem(401, "missing_token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_may() {
    let app = App::sqlite_with(&[ORIGINS]).await;
    for origin in FOREIGN {
        let asked = preflight(&app, "/api/v1/auth/login", origin).await;
        asked.problem(405, "method_not_allowed");
        let answer = get(&app, "/health/live", Some(origin)).await;
        for answer in [asked, answer] {
            assert!(headers_of_cors(&answer).is_empty(), "{origin}: {answer:?}");
            assert_eq!(answer.header("vary"), "Origin", "a cache keeps it apart");
        }
    }
    let without = get(&app, "/health/live", None).await;
    assert!(headers_of_cors(&without).is_empty());
    assert_eq!(without.header("vary"), "Origin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_can_read_every_refusal() {
    let app = App::sqlite_with(&[ORIGINS, ("APP_RATE_LIMIT__ENABLED", "true")]).await;
    let login = || app.request(Method::POST, "/api/v1/auth/login").header("origin", ORIGIN);
    let wrong = json!({"username": "ada", "password": "wrong"});
    for (status, request) in [
        (401, login().json(&wrong)),
        (415, login()),
        (422, login().json(&json!({}))),
        (413, login().header("content-type", "application/json").body("a".repeat(100_000))),
        (400, login().header("content-type", "application/json").body("{")),
        (429, login()),
        (404, app.request(Method::GET, "/nope").header("origin", ORIGIN)),
        (405, app.request(Method::PATCH, "/api/v1/auth/login").header("origin", ORIGIN)),
    ] {
        let answer = send(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_readable(&answer, ORIGIN);
    }
    assert_eq!(preflight(&app, "/api/v1/auth/login", ORIGIN).await.status, 204, "asking is not limited");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_can_read_that_it_took_too_long() {
    let app = App::sqlite_with(&[ORIGINS, ("APP_SERVER__REQUEST_TIMEOUT", "1s")]).await;
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    // The body does not come.
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\nContent-Type: application/json\r\n\
         Content-Length: 50\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 2048];
    let reading = stream.read(&mut answer);
    let length = tokio::time::timeout(Duration::from_secs(9), reading).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 503"), "{answer}");
    assert!(answer.contains(&format!("access-control-allow-origin: {ORIGIN}\r\n")), "{answer}");
}
