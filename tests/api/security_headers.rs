use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::{Answer, App, PASSWORD, send};

const HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Answers of every kind, good and bad.
async fn answers(app: &App) -> Vec<Answer> {
    let post = |path: &str| app.request(Method::POST, path);
    let wrong = json!({"username": "ada@example.com", "password": "wrong"});
    let right = json!({"username": "ada@example.com", "password": PASSWORD});
    app.register("ada@example.com").await;
    let mut answers = Vec::new();
    for request in [
        post("/api/v1/auth/login").json(&right),
        post("/api/v1/auth/login").json(&wrong),
        post("/api/v1/auth/login").json(&json!({})),
        post("/api/v1/auth/login").header("content-type", "application/json").body("{"),
        post("/api/v1/auth/refresh").json(&json!({"refresh_token": "hxr_"})),
        post("/api/v1/auth/logout"),
        post("/api/v1/users").json(&json!({"email": "ada@example.com", "password": PASSWORD})),
        app.request(Method::GET, "/api/v1/auth/login"),
        app.request(Method::TRACE, "/api/v1/auth/login"),
        app.request(Method::GET, "/nope"),
        app.request(Method::GET, "/health/live"),
    ] {
        answers.push(send(request).await);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_how_browsers_are_to_treat_it() {
    let app = App::sqlite_with(&[]).await;
    let answers = answers(&app).await;
    assert_eq!(answers[0].status, StatusCode::OK);
    for answer in answers {
        for (name, value) in HEADERS {
            assert_eq!(answer.header(name), value, "{answer:?}");
        }
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
        assert!(!answer.headers.contains_key("strict-transport-security"), "it is served without TLS");
        assert!(!answer.headers.contains_key("server"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_clients_come_by_https_they_are_told_to_stay_there() {
    for name in ["APP_SERVER__PUBLIC_URL", "APP_JWT__ISSUER"] {
        let app = App::sqlite_with(&[(name, "https://auth.example.com")]).await;
        for answer in answers(&app).await {
            assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
        }
        let subdomains = ("APP_SERVER__HSTS_INCLUDE_SUBDOMAINS", "true");
        let app = App::sqlite_with(&[(name, "https://auth.example.com"), subdomains]).await;
        for answer in answers(&app).await {
            assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
        }
        let app = App::sqlite_with(&[(name, "http://auth.example.com"), subdomains]).await;
        for answer in answers(&app).await {
            assert!(!answer.headers.contains_key("strict-transport-security"));
        }
    }
}
