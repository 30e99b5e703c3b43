use reqwest::StatusCode;
use serde_json::json;
use tests::on_each_database;

use crate::app::App;

on_each_database!(
    within_the_grace_window_an_old_token_gets_the_same_child,
    tokens_of_the_wrong_kind_are_refused,
    garbage_leaves_the_session_alone,
);

async fn within_the_grace_window_an_old_token_gets_the_same_child(app: App) {
    let first = app.sign_up("ada@example.com").await;
    let second = app.refresh(&first.refresh).await.tokens();
    let again = app.refresh(&first.refresh).await.tokens();
    assert_eq!(again.refresh, second.refresh);
    assert_eq!(app.me(&again.access).await.status, StatusCode::OK);
    assert_ne!(second.refresh, first.refresh);
    app.refresh(&second.refresh).await.tokens();
}

async fn tokens_of_the_wrong_kind_are_refused(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    app.refresh(&tokens.access).await.problem(401, "invalid_refresh_token");
    app.me(&tokens.refresh).await.problem(401, "invalid_token");
    app.me("").await.problem(401, "invalid_token");
    app.me("a.b.c").await.problem(401, "invalid_token");
    let errors = app.post("/api/v1/auth/refresh", json!({"refresh_token": 1})).await.problem(422, "validation_failed");
    assert_eq!(errors, ["refresh_token:wrong_type"]);
}

async fn garbage_leaves_the_session_alone(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    let mut forged = tokens.refresh.clone().into_bytes();
    // The last byte of the MAC that is used in full.
    let last = forged.len() - 2;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    let long = "hxr_".repeat(10_000);
    for garbage in ["", "garbage", "hxr_", forged.as_str(), long.as_str(), "hxr_\0", "\u{1F980}"] {
        app.refresh(garbage).await.problem(401, "invalid_refresh_token");
    }
    app.refresh(&tokens.refresh).await.tokens();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grace_window_an_old_token_ends_the_session_at_once() {
    let app = App::sqlite_with(&[("APP_AUTH__REFRESH_GRACE", "0s")]).await;
    let first = app.sign_up("ada@example.com").await;
    let second = app.refresh(&first.refresh).await.tokens();
    app.refresh(&first.refresh).await.problem(401, "invalid_refresh_token");
    app.refresh(&second.refresh).await.problem(401, "invalid_refresh_token");
    app.me(&second.access).await.problem(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_when_idle_and_after_their_absolute_time() {
    let idle = App::sqlite_with(&[("APP_AUTH__REFRESH_TOKEN_IDLE_TTL", "1s")]).await;
    let tokens = idle.sign_up("ada@example.com").await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    idle.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    idle.me(&tokens.access).await.problem(401, "invalid_token");

    let absolute = App::sqlite_with(&[("APP_AUTH__REFRESH_TOKEN_ABSOLUTE_TTL", "2s")]).await;
    let mut tokens = absolute.sign_up("ada@example.com").await;
    let started = std::time::Instant::now();
    while started.elapsed() < std::time::Duration::from_millis(1500) {
        tokens = absolute.refresh(&tokens.refresh).await.tokens();
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    absolute.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
}
