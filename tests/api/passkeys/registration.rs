//! How a user registers passkeys, and names them.

use data_encoding::BASE64URL_NOPAD;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;
use tests::soft_passkey::SoftPasskey;

use super::{EMAIL, Holder, MINE, MY_OPTIONS, ORIGIN, STEP_UP, asked, proven_minutes_ago, register};
use crate::app::{App, PASSWORD};
use crate::letterbox::{Post, count};

on_each_database!(
    a_passkey_is_of_one_account,
    registering_needs_a_recent_proof_and_ends_what_was_before,
    passkeys_have_names_of_their_own,
    a_user_has_twenty_passkeys_at_most,
);

async fn a_passkey_is_of_one_account(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let grace = app.sign_up("grace@example.com").await;
    let asked = asked(&app.send_as(&grace.access, Method::POST, MY_OPTIONS, json!({})).await);
    let credential = ada.passkey.register(&asked["public_key"]);
    let refused = register(&app, &grace.access, &asked, "Phone", credential).await;
    assert_eq!(refused.problem(409, "duplicate"), ["credential:duplicate"]);
    // Nor twice of the same one.
    let asked = self::asked(&app.send_as(&ada.tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
    let excluded = asked["public_key"]["excludeCredentials"][0]["id"].as_str().unwrap();
    assert_eq!(excluded, BASE64URL_NOPAD.encode(&ada.passkey.id));
    let credential = ada.passkey.register(&asked["public_key"]);
    let again = register(&app, &ada.tokens.access, &asked, "Twice", credential).await;
    assert!(again.status.is_client_error(), "{again:?}");
    assert_eq!(count(&app, "passkeys").await, 1);
}

async fn registering_needs_a_recent_proof_and_ends_what_was_before(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let ada = app.sign_up(EMAIL).await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let elsewhere = app.sign_in(EMAIL).await;
    proven_minutes_ago(app, 11).await;
    let refused = app.send_as(&ada.access, Method::POST, MY_OPTIONS, json!({})).await;
    refused.problem(403, "step_up_required");
    assert_eq!(refused.json()["factors"], json!(["password"]));
    let proof = app.send_as(&ada.access, Method::POST, STEP_UP, json!({"password": PASSWORD})).await;
    assert_eq!(proof.status, StatusCode::NO_CONTENT);
    let holder = Holder::with(app, &ada, "Phone").await;
    app.refresh(&elsewhere.refresh).await.problem(401, "invalid_refresh_token");
    app.me(&ada.access).await.problem(401, "invalid_token");
    assert!(post.wait_for("passkey_added", 1).await[0].text.contains("To: ada@example.com"));
    assert_eq!(count(app, "events WHERE kind = 'factor.added'").await, 1);

    // From now on the password does not do.
    proven_minutes_ago(app, 11).await;
    for proof in [json!({"password": PASSWORD}), json!({"totp": "123456"})] {
        assert!(app.send_as(&holder.tokens.access, Method::POST, STEP_UP, proof).await.status.is_client_error());
    }
    let refused = app.send_as(&holder.tokens.access, Method::POST, MY_OPTIONS, json!({})).await;
    assert_eq!(refused.json()["factors"], json!(["passkey", "recovery_code"]), "{refused:?}");
    // Registering itself asks again: the proof may have run out since.
    assert_eq!(holder.step_up(app, &holder.tokens).await.status, StatusCode::NO_CONTENT);
    let asked = asked(&app.send_as(&holder.tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
    proven_minutes_ago(app, 11).await;
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    register(app, &holder.tokens.access, &asked, "Key", credential).await.problem(403, "step_up_required");
}

async fn passkeys_have_names_of_their_own(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let key = Holder::with(&app, &ada.tokens, " Key ").await;
    let access = &key.tokens.access;
    let asked = asked(&app.send_as(access, Method::POST, MY_OPTIONS, json!({})).await);
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    let refused = register(&app, access, &asked, "phone", credential).await;
    assert_eq!(refused.problem(409, "duplicate"), ["name:duplicate"]);
    // The authenticator need not be touched again.
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    let again = register(&app, access, &asked, "Ring", credential).await;
    assert_eq!(again.status, StatusCode::CREATED, "{again:?}");
    app.run_sql("DELETE FROM passkeys WHERE name = 'Ring'").await;
    let refreshed = app.refresh(&key.tokens.refresh).await.tokens();
    let access = &refreshed.access;
    let rename = async |path: &str, name: &str| app.send_as(access, Method::PATCH, path, json!({"name": name})).await;
    assert_eq!(rename(&key.path, "PHONE").await.problem(409, "duplicate"), ["name:duplicate"]);
    assert_eq!(rename(&key.path, "Zoë's 🔑").await.json()["name"], "Zoë's 🔑");
    assert_eq!(app.send_as(access, Method::PATCH, &key.path, json!({})).await.json()["name"], "Zoë's 🔑");
    let names: Vec<_> =
        app.get(MINE, access).await.json().as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["Phone", "Zoë's 🔑"]);
    // Nobody else's.
    let grace = app.sign_up("grace@example.com").await;
    app.send_as(&grace.access, Method::PATCH, &key.path, json!({"name": "Mine"})).await.problem(404, "not_found");
    app.delete(&key.path, &grace.access).await.problem(404, "not_found");
    assert_eq!(app.get(MINE, &grace.access).await.json(), json!([]));
}

async fn a_user_has_twenty_passkeys_at_most(app: App) {
    let mut holder = Holder::new(&app, EMAIL).await;
    let before = asked(&app.send_as(&holder.tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
    for number in 2..=20 {
        holder = Holder::with(&app, &holder.tokens, &format!("Key {number}")).await;
    }
    let access = &holder.tokens.access;
    app.send_as(access, Method::POST, MY_OPTIONS, json!({})).await.problem(409, "too_many_factors");
    let (_, credential) = SoftPasskey::create(&before["public_key"], ORIGIN);
    register(&app, access, &before, "Another", credential).await.problem(409, "too_many_factors");
}
