use std::time::Duration;

use reqwest::{Method, StatusCode};
use tests::on_each_database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{Answer, App, PASSWORD, send};

on_each_database!(
    malformed_bodies_are_told_apart,
    whatever_is_sent_is_never_a_fault_of_ours,
    an_object_is_an_object_whatever_its_members_are_called,
);

async fn post(app: &App, content_type: Option<&str>, body: impl Into<Vec<u8>>) -> Answer {
    let mut request = app.request(Method::POST, "/api/v1/users").body(body.into());
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    send(request).await
}

async fn malformed_bodies_are_told_apart(app: App) {
    let json = Some("application/json");
    for body in ["", "{", "{'email': 1}", "{\"email\":\"\\ud800\"}", "nope", "{\"a\":1}{\"b\":2}", "\u{feff}{}"] {
        post(&app, json, body).await.problem(400, "malformed_body");
    }
    post(&app, json, b"{\"email\":\"\xff\"}".as_slice()).await.problem(400, "malformed_body");
    post(&app, json, format!("{}{}", "[".repeat(1000), "]".repeat(1000))).await.problem(422, "validation_failed");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    post(&app, json, deep).await.problem(400, "malformed_body");
    for body in ["[]", "1", "null", "\"text\""] {
        assert_eq!(post(&app, json, body).await.problem(422, "validation_failed"), [":wrong_type"], "{body}");
    }
    for content_type in [None, Some("text/plain"), Some("application/xml"), Some("application/json; charset=utf-16")] {
        post(&app, content_type, "{}").await.problem(415, "unsupported_media_type");
    }
    assert_eq!(
        post(&app, Some("Application/JSON; charset=UTF-8"), "{}").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let fits = format!("{{\"email\":\"{}\"}}", "a".repeat(64 * 1024 - 12));
    assert_eq!(fits.len(), 64 * 1024);
    assert_eq!(post(&app, json, fits.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    post(&app, json, format!("{fits} ")).await.problem(413, "body_too_large");
    post(&app, json, "a".repeat(1_000_000)).await.problem(413, "body_too_large");
}

async fn whatever_is_sent_is_never_a_fault_of_ours(app: App) {
    let long = "a".repeat(60_000);
    let values = [
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\"",
        "null",
        "true",
        "-1",
        "1e308",
        "[]",
        "{}",
        "[[]]",
        "\"\u{202e}\"",
        "\"' OR 1=1 --\"",
        "\"${7*7}\"",
        "\"a@b.c\\r\\nBcc: x@y.z\"",
        "\"\u{1F980}\"",
        "\"%s%n\"",
        &format!("\"{long}\""),
    ];
    for field in ["email", "password", "username", "full_name", "birthday", "role", "is_active"] {
        for value in values {
            let mut body = serde_json::Map::new();
            body.insert("email".to_owned(), "fuzz@example.com".into());
            body.insert("password".to_owned(), "correct horse battery staple".into());
            body.insert(field.to_owned(), serde_json::from_str(value).unwrap());
            let answer = post(&app, Some("application/json"), serde_json::to_vec(&body).unwrap()).await;
            assert!(
                answer.status.is_client_error() || answer.status == StatusCode::CREATED,
                "{field} {value}: {answer:?}"
            );
        }
    }
    for field in ["username", "password"] {
        for value in values {
            let other = if field == "username" { "password" } else { "username" };
            let body = format!("{{\"{field}\":{value},\"{other}\":\"abc\"}}");
            let request = app.request(Method::POST, "/api/v1/auth/login").header("content-type", "application/json");
            let answer = send(request.body(body)).await;
            assert!(answer.status.is_client_error(), "{field} {value}: {answer:?}");
        }
    }
}

async fn an_object_is_an_object_whatever_its_members_are_called(app: App) {
    const EMAIL: &str = "ada@example.com";
    let tokens = app.sign_up(EMAIL).await;
    let names =
        ["$serde_json::private::RawValue", "\\u0024serde_json::private::RawValue", "$serde_json::private::Number"];
    for name in names {
        let object = |inner: &str| format!("{{\"{name}\":{}}}", serde_json::to_string(inner).unwrap());
        for inner in ["\"bob@example.com\"", "1", "null", "not json"] {
            let member = object(inner);
            for value in [member.clone(), format!("[{member}]"), format!("{{\"a\":{member}}}"), object(&member)] {
                for (method, path, body, field) in [
                    (
                        Method::POST,
                        "/api/v1/users",
                        format!("{{\"email\":{value},\"password\":\"{PASSWORD}\"}}"),
                        "email",
                    ),
                    (
                        Method::POST,
                        "/api/v1/users",
                        format!("{{\"email\":\"{EMAIL}\",\"password\":{value}}}"),
                        "password",
                    ),
                    (
                        Method::POST,
                        "/api/v1/auth/login",
                        format!("{{\"username\":{value},\"password\":\"{PASSWORD}\"}}"),
                        "username",
                    ),
                    (Method::POST, "/api/v1/auth/refresh", format!("{{\"refresh_token\":{value}}}"), "refresh_token"),
                    (Method::PATCH, "/api/v1/users/me", format!("{{\"full_name\":{value}}}"), "full_name"),
                    (Method::POST, "/api/v1/tasks", format!("{{\"title\":{value}}}"), "title"),
                ] {
                    let request = app.request(method, path).bearer_auth(&tokens.access);
                    let request = request.header("content-type", "application/json").body(body.clone());
                    let errors = send(request).await.problem(422, "validation_failed");
                    assert_eq!(errors, [format!("{field}:wrong_type")], "{path} {body}");
                }
            }
            let errors = post(&app, Some("application/json"), member).await.problem(422, "validation_failed");
            let plain_name = name.replace("\\u0024", "$");
            assert_eq!(errors, ["email:required", "password:required", &format!("{plain_name}:unknown_field")]);
        }
    }
}

/// Sends a request with this target and these lines, and returns the answer.
async fn ask(app: &App, target: &str, version: &str, lines: &str) -> String {
    converse(app, &format!("GET {target} HTTP/{version}\r\n{lines}Connection: close\r\n\r\n"), || None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_one_is_refused() {
    let app = App::sqlite_with(&[]).await;
    for host in [
        "",
        ":8080",
        "a b",
        "a\tb",
        "a,b c",
        "ada@a",
        "ada:secret@a",
        "a/b",
        "http://a",
        "a?b",
        "a#b",
        "a\\b",
        "<a>",
        "\"a\"",
        "b\u{fc}cher.example",
        "a%zz",
        "a%4",
        "a:65536",
        "a:+80",
        "a:-1",
        "a:b",
        "a:80:80",
        "::1",
        "[::1",
        "::1]",
        "[::1]a",
        "[::1]:a",
        "[]",
        "[127.0.0.1]",
        "[fe80::1%25eth0]",
    ] {
        for version in ["1.1", "1.0"] {
            let answer = ask(&app, "/health/live", version, &format!("Host: {host}\r\n")).await;
            assert!(answer.starts_with(&format!("HTTP/{version} 400 ")), "{host}: {answer}");
            let is_ours = answer.contains("application/problem+json") && answer.contains("\"invalid_host\"");
            assert!(is_ours && answer.contains("x-request-id"), "{host}: {answer}");
        }
    }
    for target in ["http://ada@a/health/live", "http://ada:secret@a/health/live", "http://a:65536/health/live"] {
        let answer = ask(&app, target, "1.1", "Host: a\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{target}: {answer}");
    }
    for lines in ["", "Host: a\r\nHost: a\r\n", "Host: a\r\nHost: b\r\n"] {
        let answer = ask(&app, "/health/live", "1.1", lines).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lines}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_host_that_is_one_is_served() {
    let app = App::sqlite_with(&[]).await;
    for host in [
        "a",
        "A.Example.COM",
        "example.com.",
        "example.com:",
        "example.com:443",
        "my_service:8080",
        "xn--bcher-kva.example",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:8080",
        "[2001:DB8::7]:65535",
        "a~b!$&'()*+,;=%C3%BC",
    ] {
        let answer = ask(&app, "/health/live", "1.1", &format!("Host: {host}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{host}: {answer}");
    }
    // The target's own host counts where there is one (RFC 9112, section 3.2.2).
    let answer = ask(&app, "http://a.example/health/live", "1.1", "Host: b.example\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = ask(&app, "/health/live", "1.0", "").await;
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
}

/// Sends `head`, then what `more` gives, and returns all that came back until the server closed, in at most 20 s.
async fn converse(app: &App, head: &str, more: impl Fn() -> Option<Vec<u8>>) -> String {
    let address = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let sending = async {
        while let Some(bytes) = more() {
            if write.write_all(&bytes).await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let talking = async {
        tokio::select! {
            // A server that closes on us may reset the connection: what came before counts.
            _ = read.read_to_end(&mut answer) => {}
            () = sending => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(20), talking).await.expect("the server goes on for ever");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_not_read_for_ever() {
    let app = App::sqlite_with(&[]).await;
    let chunk = [b"4000\r\n".as_slice(), &[b'a'; 0x4000], b"\r\n"].concat();
    for path in ["/health/live", "/nope", "/api/v1/users/me"] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        converse(&app, &head, || Some(chunk.clone())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_awaited_for_ever() {
    let app = App::sqlite_with(&[]).await;
    let head = "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ";
    let late = converse(&app, &format!("{head}100\r\n\r\n{{"), || None).await;
    assert!(late.starts_with("HTTP/1.1 408") && late.contains("slow_body"), "{late}");
    let announced = converse(&app, &format!("{head}99999999999\r\n\r\n"), || None).await;
    assert!(announced.starts_with("HTTP/1.1 413"), "{announced}");
}
