//! Passkeys: registering one, signing in with it, and removing it.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::OnDatabase;
use tests::soft_passkey::SoftPasskey;

use super::exchange;
use crate::app::{App, PASSWORD};
use crate::passkeys::{Holder, ORIGIN};

const MINE: &str = "/api/v1/users/me/passkeys";

fn post(app: &App, path: &str, body: &Value) -> RequestBuilder {
    app.request(Method::POST, path).json(body)
}

fn presented(asked: &Value, passkey: &SoftPasskey) -> Value {
    json!({"ceremony": asked["ceremony"], "credential": passkey.assert(&asked["public_key"])})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_a_new_passkey() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/users/me/passkeys/options").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_registers_a_passkey() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let asked = app.send_as(&ada.access, Method::POST, "/api/v1/users/me/passkeys/options", json!({})).await.json();
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    let body = json!({"ceremony": asked["ceremony"], "name": "Phone", "credential": credential});
    let request = post(&app, MINE, &body).bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lists_their_passkeys() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let request = app.request(Method::GET, MINE).bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_renames_a_passkey() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let request =
        app.request(Method::PATCH, &ada.path).bearer_auth(&ada.tokens.access).json(&json!({"name": "Laptop"}));
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_removes_a_passkey() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let request = app.request(Method::DELETE, &ada.path).bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_asks_for_a_passkey_to_sign_in() {
    let app = App::sqlite().await;
    let request = post(&app, "/api/v1/auth/passkeys/options", &json!({}));
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_with_a_passkey() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let asked = app.post("/api/v1/auth/passkeys/options", json!({})).await.json();
    let request = post(&app, "/api/v1/auth/passkeys", &presented(&asked, &ada.passkey));
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_asks_for_a_passkey_after_their_password() {
    let app = App::sqlite().await;
    Holder::new(&app, "ada@example.com").await;
    let challenge = app.login("ada@example.com", PASSWORD).await.json()["challenge"].clone();
    let request = post(&app, "/api/v1/auth/challenge/passkey/options", &json!({"challenge": challenge}));
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_finishes_a_sign_in_with_a_passkey() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let challenge = app.login("ada@example.com", PASSWORD).await.json()["challenge"].clone();
    let body = json!({"challenge": challenge});
    let asked = app.post("/api/v1/auth/challenge/passkey/options", body).await.json();
    let mut body = presented(&asked, &ada.passkey);
    body["challenge"] = challenge;
    let request = post(&app, "/api/v1/auth/challenge/passkey", &body);
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_a_passkey_to_prove_again_who_they_are() {
    let app = App::sqlite().await;
    let ada = Holder::new(&app, "ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/auth/step-up/passkey/options").bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"");
}
