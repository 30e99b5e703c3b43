//! The whole answer of each route where all goes well, below the request that it is for. A file per feature, a function
//! per route. Times, ids and tokens differ in each run and are named in square brackets.
//!
//! `problems.rs` has examples of refusals. What each route refuses is in the other files of `api/`, on both databases.

mod attempts;
mod auth;
mod clients;
mod emails;
mod exports;
mod factors;
mod health;
mod oauth2;
mod outbox;
mod passkeys;
mod problems;
mod providers;
mod sessions;
mod tasks;
mod users;
mod well_known;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::DateTime;
use data_encoding::BASE64URL_NOPAD;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

use crate::app::{App, send};

/// The headers of requests and answers that belong to what a route is for. Those that are on every answer are in
/// `security_headers.rs`, `cors.rs` and `rate_limits.rs`.
const HEADERS: [&str; 16] = [
    "authorization",
    "cache-control",
    "content-disposition",
    "content-type",
    "cookie",
    "etag",
    "link",
    "location",
    "pragma",
    "retry-after",
    "set-cookie",
    "www-authenticate",
    "x-user-amr",
    "x-user-auth-time",
    "x-user-id",
    "x-user-role",
];

/// In milliseconds: how long a browser has.
const FIVE_MINUTES: &str = "300000";

/// Sends a request. Returns it and its answer as text.
pub(crate) async fn exchange(app: &App, request: RequestBuilder) -> String {
    let sent = request.try_clone().unwrap().build().unwrap();
    let target = sent.url().as_str().strip_prefix(&app.url).unwrap();
    let body = sent.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let question = message(&format!("{} {target}", sent.method()), sent.headers(), str::from_utf8(body).unwrap());
    let answer = send(request).await;
    let answer = message(&format!("HTTP/1.1 {}", answer.status), &answer.headers, &answer.text);
    masked(&format!("{question}\n\n{answer}").replace(&app.url, "http://127.0.0.1:8080"))
}

fn message(first: &str, headers: &HeaderMap, body: &str) -> String {
    let mut lines = vec![first.to_owned()];
    for name in HEADERS {
        lines.extend(headers.get_all(name).iter().map(|value| format!("{name}: {}", value.to_str().unwrap())));
    }
    let body = serde_json::from_str::<Value>(body).map_or_else(|_| body.to_owned(), in_order);
    if !body.is_empty() {
        lines.extend([String::new(), body]);
    }
    lines.join("\n")
}

/// JSON with its members in order: another program's authenticator, which tests use, lets them stay as they came.
fn in_order(mut json: Value) -> String {
    json.sort_all_objects();
    serde_json::to_string_pretty(&json).unwrap()
}

/// Replaces every word that is another one in each run.
fn masked(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.:+".contains(c);
    let text = without_picture(text);
    let mut rest = text.as_str();
    let mut result = String::new();
    while let Some(start) = rest.find(is_part) {
        let (between, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        result += between;
        result += name_of(word).unwrap_or(word);
        rest = after;
    }
    result + rest
}

/// Leaves out the picture of a secret.
fn without_picture(text: &str) -> String {
    let picture = text.find("<svg").zip(text.find("</svg>"));
    picture.map_or_else(|| text.to_owned(), |(start, end)| format!("{}[svg]{}", &text[..start], &text[end + 6..]))
}

fn is_recovery_code(word: &str) -> bool {
    word.len() == 11 && word.find('-') == Some(5) && word.chars().all(|c| c == '-' || c.is_ascii_alphanumeric())
}

fn is_base32(word: &str) -> bool {
    word.len() == 32 && word.chars().all(|c| c.is_ascii_uppercase() || ('2'..='7').contains(&c))
}

fn is_mailed_code(word: &str) -> bool {
    let is_character = |c: char| matches!(c, '2'..='9' | 'A'..='Z') && !matches!(c, 'I' | 'O');
    word.split_once('-')
        .is_some_and(|halves| [halves.0, halves.1].iter().all(|half| half.len() == 4 && half.chars().all(is_character)))
}

/// An id of 16 bytes in base64url.
fn is_user_handle(word: &str) -> bool {
    BASE64URL_NOPAD.decode(word.as_bytes()).is_ok_and(|bytes| bytes.len() == 16)
}

fn name_of(word: &str) -> Option<&'static str> {
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    match word {
        _ if Uuid::parse_str(word).is_ok() => Some("[id]"),
        _ if DateTime::parse_from_rfc3339(word).is_ok() => Some("[time]"),
        _ if is_number && word.len() == 10 => Some("[seconds since 1970]"),
        _ if is_number && word.len() == 6 && word != FIVE_MINUTES => Some("[totp code]"),
        _ if word.starts_with("hxr_") => Some("[refresh token]"),
        _ if word.starts_with("hxc_") => Some("[challenge]"),
        _ if is_recovery_code(word) => Some("[recovery code]"),
        _ if is_base32(word) => Some("[totp secret]"),
        _ if is_mailed_code(word) => Some("[code]"),
        _ if word.starts_with("eyJ") && word.contains('.') => Some("[access token]"),
        _ if word.len() >= 40 && word.contains(|c: char| c.is_ascii_uppercase()) => Some("[opaque]"),
        _ if is_user_handle(word) => Some("[user handle]"),
        _ => None,
    }
}

/// Every route of the OpenAPI document has its request in a file of this folder, with an answer that all went well.
#[test]
fn each_route_has_an_answer_here() {
    let document: Value = serde_json::from_str(&api_actix::openapi::json()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let segments = path.split('/').map(shown_as);
        let path = segments.collect::<Vec<_>>().join("/");
        documented.extend(operations.as_object().unwrap().keys().map(|m| format!("{} {path}", m.to_uppercase())));
    }
    assert_eq!(shown(), documented);
}

/// What there is in the place of a segment of a documented path. The provider of the tests is always the same.
fn shown_as(segment: &str) -> &str {
    match segment {
        "{provider}" => "idp",
        _ if segment.starts_with('{') => "[id]",
        _ => segment,
    }
}

/// The first lines of the requests that went well, without their queries.
fn shown() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("api/answers");
    let mut shown = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut request = None;
        for line in text.lines().map(str::trim) {
            if ["GET /", "POST /", "PUT /", "PATCH /", "DELETE /"].iter().any(|it| line.starts_with(it)) {
                request = line.split('?').next();
            } else if ["HTTP/1.1 2", "HTTP/1.1 303"].iter().any(|it| line.starts_with(it)) {
                shown.extend(request.take().map(str::to_owned));
            }
        }
    }
    shown
}
