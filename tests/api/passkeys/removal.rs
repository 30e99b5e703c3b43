//! How passkeys are removed, and what ends with them.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use tests::on_each_database;

use super::{EMAIL, Holder, MINE, methods, proven_minutes_ago};
use crate::app::App;
use crate::letterbox::{Post, count};

on_each_database!(
    removing_needs_a_proof_by_the_passkey_and_ends_what_it_vouched_for,
    the_last_way_in_stays,
    of_two_removals_at_once_one_is_done,
    an_admin_resets_passkeys_too,
);

async fn removing_needs_a_proof_by_the_passkey_and_ends_what_it_vouched_for(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let ada = Holder::new(app, EMAIL).await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let alone = ada.sign_in(app).await.tokens();
    proven_minutes_ago(app, 11).await;
    app.delete(&ada.path, &ada.tokens.access).await.problem(403, "step_up_required");
    assert_eq!(ada.step_up(app, &ada.tokens).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.delete(&ada.path, &ada.tokens.access).await.status, StatusCode::NO_CONTENT);
    app.refresh(&alone.refresh).await.problem(401, "invalid_refresh_token");
    let tokens = app.refresh(&ada.tokens.refresh).await.tokens();
    assert_eq!(methods(&tokens), json!(["pwd"]));
    assert_eq!(count(app, "recovery_codes").await, 0);
    assert_eq!(app.get(MINE, &tokens.access).await.json(), json!([]));
    ada.sign_in(app).await.problem(401, "invalid_passkey");
    app.sign_in(EMAIL).await;
    assert!(post.wait_for("passkey_removed", 1).await[0].text.contains("To: ada@example.com"));

    // A session that began with it alone ends with it.
    let grace = Holder::new(app, "grace@example.com").await;
    let alone = grace.sign_in(app).await.tokens();
    assert_eq!(app.delete(&grace.path, &alone.access).await.status, StatusCode::NO_CONTENT);
    app.refresh(&alone.refresh).await.problem(401, "invalid_refresh_token");
}

/// C12.
async fn the_last_way_in_stays(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let key = Holder::with(&app, &ada.tokens, "Key").await;
    app.run_sql("DELETE FROM passwords").await;
    assert_eq!(app.delete(&ada.path, &key.tokens.access).await.status, StatusCode::NO_CONTENT);
    let tokens = app.refresh(&key.tokens.refresh).await.tokens();
    app.delete(&key.path, &tokens.access).await.problem(409, "last_way_in");
    // Nothing was changed by that.
    key.sign_in(&app).await.tokens();
    assert_eq!(app.me(&tokens.access).await.status, StatusCode::OK);
}

async fn of_two_removals_at_once_one_is_done(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let key = Holder::with(&app, &ada.tokens, "Key").await;
    app.run_sql("DELETE FROM passwords").await;
    let elsewhere = ada.sign_in(&app).await.tokens();
    let removals = [(&ada.path, &key.tokens.access), (&key.path, &elsewhere.access)];
    let answers = join_all(removals.map(|(path, access)| app.delete(path, access))).await;
    let done = answers.iter().filter(|answer| answer.status == StatusCode::NO_CONTENT).count();
    // The session of the other has ended with the change, so that it is not even asked.
    let refused = answers.iter().filter(|answer| [401, 409].contains(&answer.status.as_u16())).count();
    assert_eq!((done, refused), (1, 1), "{answers:?}");
    assert_eq!(count(&app, "passkeys").await, 1);
}

async fn an_admin_resets_passkeys_too(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let root = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}/factors", app.id(&ada.tokens).await);
    let seen = app.get(&path, &root.access).await.json();
    assert_eq!(seen["passkeys"][0]["name"], "Phone");
    assert!(!seen.to_string().contains("key\":"), "{seen}");
    assert_eq!(app.delete(&path, &root.access).await.status, StatusCode::NO_CONTENT);
    app.refresh(&ada.tokens.refresh).await.problem(401, "invalid_refresh_token");
    ada.sign_in(&app).await.problem(401, "invalid_passkey");
    app.sign_in(EMAIL).await;
}
