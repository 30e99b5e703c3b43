//! What the owner of an account is told by mail.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, Tokens, send};
use crate::letterbox::{Post, count};

on_each_database!(
    a_new_device_is_told_once_and_the_first_sign_in_never,
    the_owner_of_a_disabled_account_is_told,
    the_owner_of_a_deleted_account_is_told_whoever_deleted_it,
    an_address_that_nobody_has_proven_is_told_nothing,
);

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 \
                      Safari/537.36";

async fn login(app: &App, user_agent: &str, password: &str) -> Answer {
    let body = json!({"username": "ada@example.com", "password": password});
    send(app.request(Method::POST, "/api/v1/auth/login").header("user-agent", user_agent).json(&body)).await
}

/// A user with a proven address who has never signed in.
async fn ada(app: App) -> Post {
    app.register("ada@example.com").await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    Post::of(app).await
}

/// Mails that come for nothing are not read. So a device is a browser on a system, and neither an address nor a
/// version; a failed sign-in makes no device known.
async fn a_new_device_is_told_once_and_the_first_sign_in_never(app: App) {
    let post = ada(app).await;
    let mails = || count(&post.app, "outbox WHERE kind = 'new_device'");
    login(&post.app, FIREFOX, PASSWORD).await.tokens();
    login(&post.app, &FIREFOX.replace("143", "151"), PASSWORD).await.tokens();
    assert_eq!(mails().await, 0);
    assert_eq!(login(&post.app, CHROME, "wrong").await.status, StatusCode::UNAUTHORIZED);
    let Tokens { access, .. } = login(&post.app, CHROME, PASSWORD).await.tokens();
    assert_eq!(mails().await, 1);
    // Also once its session has ended, it is known.
    let logout = post.app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&access);
    assert_eq!(send(logout).await.status, StatusCode::NO_CONTENT);
    login(&post.app, CHROME, PASSWORD).await.tokens();
    assert_eq!(mails().await, 1);
    login(&post.app, "curl/8.5.0", PASSWORD).await.tokens();
    login(&post.app, "curl/8.9.1", PASSWORD).await.tokens();
    let told = post.wait_for("new_device", 2).await;
    assert!(told[0].text.contains("with Chrome on Windows, from 127.0.0.1"), "{}", told[0].text);
    assert!(told[1].text.contains("with curl, from"), "{}", told[1].text);
    assert_eq!(mails().await, 2);
}

async fn the_owner_of_a_disabled_account_is_told(app: App) {
    let post = ada(app).await;
    let root = post.app.admin("root@example.com").await;
    let tokens = post.app.sign_in("ada@example.com").await;
    let account = format!("/api/v1/users/{}", post.app.id(&tokens).await);
    for _ in 0..2 {
        let body = json!({"is_active": false});
        assert_eq!(post.app.send_as(&root.access, Method::PATCH, &account, body).await.status, StatusCode::OK);
    }
    assert!(post.wait_for("account_disabled", 1).await[0].text.contains("To: ada@example.com"));
    assert_eq!(count(&post.app, "outbox WHERE kind = 'account_disabled'").await, 1);
}

/// The mail is there after the account is gone.
async fn the_owner_of_a_deleted_account_is_told_whoever_deleted_it(app: App) {
    let post = ada(app).await;
    let root = post.app.admin("root@example.com").await;
    let tokens = post.app.sign_in("ada@example.com").await;
    assert_eq!(post.app.delete_me(&tokens.access).await.status, StatusCode::NO_CONTENT);
    assert!(post.wait_for("account_deleted", 1).await[0].text.contains("To: ada@example.com"));
    let body = json!({"email": "eve@example.com", "password": PASSWORD, "email_verified": true});
    let made = post.app.send_as(&root.access, Method::POST, "/api/v1/users", body).await;
    let account = made.header("location").to_owned();
    assert_eq!(post.app.delete(&account, &root.access).await.status, StatusCode::NO_CONTENT);
    assert!(post.wait_for("account_deleted", 2).await[1].text.contains("To: eve@example.com"));
}

async fn an_address_that_nobody_has_proven_is_told_nothing(app: App) {
    app.register("ada@example.com").await;
    let post = Post::of(app).await;
    login(&post.app, FIREFOX, PASSWORD).await.tokens();
    let tokens = login(&post.app, CHROME, PASSWORD).await.tokens();
    assert_eq!(post.app.delete_me(&tokens.access).await.status, StatusCode::NO_CONTENT);
    assert_eq!(count(&post.app, "outbox").await, 0);
}
