//! What is counted of attempts, for admins.

use reqwest::Method;
use tests::OnDatabase;

use super::exchange;
use crate::app::App;

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_lists_the_attempts_at_an_account() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    app.login("ada@example.com", "wrong").await;
    let path = format!("/api/v1/users/{}/attempts", app.id(&ada).await);
    let request = app.request(Method::GET, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/[id]/attempts
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    [
      {
        "count": 1,
        "kind": "password",
        "last_at": "[time]",
        "network": "127.0.0.0/24",
        "purpose": null,
        "wait_until": null
      }
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_forgets_the_attempts_at_an_account() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}/attempts", app.id(&ada).await);
    let request = app.request(Method::DELETE, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/users/[id]/attempts
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}
