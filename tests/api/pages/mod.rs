//! The pages for the links in mails, as browsers and programs that look into mails meet them.

mod bad_links;
mod clicks;
mod password;

use reqwest::Method;
use reqwest::header::ACCEPT_LANGUAGE;

use crate::app::{Answer, App, send};
use crate::letterbox::{Mail, Post};

const RESET: &str = "/account/reset-password";

/// What belongs to a page; the other headers are on every answer.
const HEADERS: [&str; 8] = [
    "cache-control",
    "content-language",
    "content-security-policy",
    "content-type",
    "referrer-policy",
    "retry-after",
    "x-content-type-options",
    "x-frame-options",
];

/// An answer as text, with `token` named in it.
fn shown(answer: &Answer, token: &str) -> String {
    let mut lines = vec![format!("HTTP/1.1 {}", answer.status)];
    let values = |name: &&str| answer.headers.get(*name).map(|value| format!("{name}: {}", value.to_str().unwrap()));
    lines.extend(HEADERS.iter().filter_map(values));
    let text = format!("{}\n\n{}", lines.join("\n"), answer.text);
    if token.is_empty() { text } else { text.replace(token, "[token]") }
}

async fn open(app: &App, path: &str, token: &str, language: &str) -> Answer {
    let request = app.request(Method::GET, &format!("{path}?token={token}"));
    send(request.header(ACCEPT_LANGUAGE, language)).await
}

async fn click(app: &App, path: &str, form: &[(&str, &str)]) -> Answer {
    send(app.request(Method::POST, path).form(form)).await
}

async fn reset(app: &App, mail: &Mail, password: &str) -> Answer {
    click(app, RESET, &[("token", &mail.token), ("new_password", password)]).await
}

/// A server with pages, an account, and a mail that leads to one.
async fn mailed(app: App, settings: &[(&str, &str)]) -> (Post, Mail) {
    let post = Post::with(app, settings).await;
    post.app.register("ada@example.com").await;
    let mail = post.mailed().await;
    (post, mail)
}
