//! What an authenticator says of the user, of copies and of its count.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use tests::on_each_database;
use tests::soft_passkey::{BACKED_UP, BACKUP_ELIGIBLE, PRESENT, VERIFIED};

use super::{EMAIL, Holder, MINE, OPTIONS, SIGN_IN, ask, asked, finish, methods, presented};
use crate::app::{App, PASSWORD};
use crate::letterbox::{Post, count};

on_each_database!(
    the_user_must_be_verified_where_it_is_the_one_factor,
    a_passkey_that_begins_to_sync_goes_on_working,
    a_copy_is_refused_and_its_owner_and_the_operator_are_told,
    of_uses_at_once_none_lowers_the_count,
);

async fn the_user_must_be_verified_where_it_is_the_one_factor(app: App) {
    let mut ada = Holder::new(&app, EMAIL).await;
    assert_eq!(ask(&app).await["public_key"]["userVerification"], "required");
    ada.passkey.flags = PRESENT;
    ada.sign_in(&app).await.problem(401, "invalid_passkey");
    // After a password it is a factor nevertheless, and there are two.
    let tokens = ada.sign_in_by_both(&app, EMAIL).await;
    assert_eq!(methods(&tokens), json!(["pwd", "pop", "mfa"]));
    ada.passkey.flags = VERIFIED;
    ada.sign_in(&app).await.problem(401, "invalid_passkey");
}

/// C10.
async fn a_passkey_that_begins_to_sync_goes_on_working(app: App) {
    let mut ada = Holder::new(&app, EMAIL).await;
    assert_eq!(ada.registered["is_synced"], false);
    ada.passkey.flags |= BACKUP_ELIGIBLE | BACKED_UP;
    ada.sign_in(&app).await.tokens();
    let named = asked(&app.post(OPTIONS, json!({"username": EMAIL})).await);
    let tokens = app.post(SIGN_IN, presented(&named, &ada.passkey)).await.tokens();
    let listed = app.get(MINE, &tokens.access).await.json();
    assert_eq!((&listed[0]["is_synced"], listed[0]["last_used_at"].is_string()), (&json!(true), true), "{listed}");
    ada.passkey.flags = PRESENT | VERIFIED;
    ada.sign_in(&app).await.problem(401, "invalid_passkey");
    assert_eq!(count(&app, "events WHERE kind = 'passkey.suspected'").await, 1);
}

/// C11.
async fn a_copy_is_refused_and_its_owner_and_the_operator_are_told(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let mut ada = Holder::new(app, EMAIL).await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    // One that does not count may go on so for ever.
    for _ in 0..3 {
        ada.sign_in(app).await.tokens();
    }
    ada.passkey.count = 5;
    ada.sign_in(app).await.tokens();
    for copied in [5, 4, 0] {
        ada.passkey.count = copied;
        ada.sign_in(app).await.problem(401, "invalid_passkey");
    }
    assert_eq!(count(app, "events WHERE kind = 'passkey.suspected'").await, 3);
    let mails = post.wait_for("passkey_suspected", 3).await;
    assert!(mails[0].text.contains("To: ada@example.com"), "{}", mails[0].text);
    ada.passkey.count = 6;
    let tokens = ada.sign_in(app).await.tokens();
    // As a second factor, likewise.
    ada.passkey.count = 6;
    let challenge = app.login(EMAIL, PASSWORD).await.json()["challenge"].clone();
    finish(app, &challenge, &ada.passkey).await.problem(401, "invalid_passkey");
    assert_eq!(count(app, "events WHERE kind = 'passkey.suspected'").await, 4);
    // Its owner removes it.
    assert_eq!(app.delete(&ada.path, &tokens.access).await.status, StatusCode::NO_CONTENT);
}

async fn of_uses_at_once_none_lowers_the_count(app: App) {
    let mut ada = Holder::new(&app, EMAIL).await;
    let mut bodies = Vec::new();
    for used in 1..=20 {
        ada.passkey.count = used;
        bodies.push(presented(&ask(&app).await, &ada.passkey));
    }
    let answers = join_all(bodies.into_iter().rev().map(|body| app.post(SIGN_IN, body))).await;
    assert!(answers.iter().any(|answer| answer.status == StatusCode::OK));
    assert!(answers.iter().all(|answer| [200, 401].contains(&answer.status.as_u16())), "{answers:?}");
    assert_eq!(count(&app, "passkeys WHERE sign_count = 20").await, 1);
}
