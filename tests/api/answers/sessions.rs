//! The sessions of a user, and of others for admins.

use reqwest::Method;
use tests::OnDatabase;

use super::exchange;
use crate::app::App;

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lists_their_sessions() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::GET, "/api/v1/auth/sessions").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/auth/sessions
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    [
      {
        "address": "127.0.0.1",
        "created_at": "[time]",
        "current": true,
        "device": null,
        "expires_at": "[time]",
        "id": "[id]",
        "last_used_at": "[time]",
        "user_agent": null
      }
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_ends_a_session() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let sessions = app.get("/api/v1/auth/sessions", &ada.access).await.json();
    let path = format!("/api/v1/auth/sessions/{}", sessions[0]["id"].as_str().unwrap());
    let request = app.request(Method::DELETE, &path).bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/auth/sessions/[id]
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_lists_the_sessions_of_a_user() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}/sessions", app.id(&ada).await);
    let request = app.request(Method::GET, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/[id]/sessions
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    [
      {
        "address": "127.0.0.1",
        "created_at": "[time]",
        "current": false,
        "device": null,
        "expires_at": "[time]",
        "id": "[id]",
        "last_used_at": "[time]",
        "user_agent": null
      }
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_ends_a_session_of_a_user() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let sessions = app.get("/api/v1/auth/sessions", &ada.access).await.json();
    let path = format!("/api/v1/users/{}/sessions/{}", app.id(&ada).await, sessions[0]["id"].as_str().unwrap());
    let request = app.request(Method::DELETE, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/users/[id]/sessions/[id]
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_ends_all_sessions_of_a_user() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}/sessions", app.id(&ada).await);
    let request = app.request(Method::DELETE, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/users/[id]/sessions
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}
