use reqwest::Method;
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, PASSWORD, send};

on_each_database!(a_session_has_the_address_that_a_trusted_proxy_tells);

const EMAIL: &str = "ada@example.com";

/// Signs in with these headers, and returns the address of the session.
async fn address_of_sign_in(app: &App, headers: &[(&str, &str)]) -> Value {
    let body = json!({"username": EMAIL, "password": PASSWORD});
    let request = app.request(Method::POST, "/api/v1/auth/login").json(&body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let tokens = send(request).await.tokens();
    let sessions = app.get("/api/v1/auth/sessions", &tokens.access).await.json();
    let current = sessions.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    current["address"].clone()
}

async fn a_session_has_the_address_that_a_trusted_proxy_tells(app: App) {
    app.sign_up(EMAIL).await;
    let told = [("x-forwarded-for", "1.1.1.1, 203.0.113.7, 10.0.0.5"), ("forwarded", "for=\"[2001:db8::7]:80\"")];
    assert_eq!(address_of_sign_in(&app, &told).await, "127.0.0.1", "nobody is believed by default");

    let networks = ("APP_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1/32");
    let behind = app.another_node(&[networks]).await;
    assert_eq!(address_of_sign_in(&behind, &told).await, "203.0.113.7");
    assert_eq!(address_of_sign_in(&behind, &told[1..]).await, "2001:db8::7");
    assert_eq!(address_of_sign_in(&behind, &[]).await, "127.0.0.1");
    assert_eq!(address_of_sign_in(&behind, &[("x-forwarded-for", "unknown")]).await, "127.0.0.1");
    let two_lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2001:db8::9")];
    assert_eq!(address_of_sign_in(&behind, &two_lines).await, "2001:db8::9");

    let forwarded = app.another_node(&[networks, ("APP_SERVER__FORWARDED_HEADER", "forwarded")]).await;
    assert_eq!(address_of_sign_in(&forwarded, &told).await, "2001:db8::7");
}
