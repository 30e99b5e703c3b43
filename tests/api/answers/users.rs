//! Accounts: one's own, and those of others for admins.

use reqwest::Method;
use serde_json::json;
use tests::OnDatabase;

use super::exchange;
use crate::app::{App, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn anyone_registers() {
    let app = App::sqlite().await;
    let body =
        json!({"email": "ada@example.com", "username": "ada", "password": PASSWORD, "full_name": "Ada Lovelace"});
    let request = app.request(Method::POST, "/api/v1/users").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users
    content-type: application/json

    {
      "email": "ada@example.com",
      "full_name": "Ada Lovelace",
      "password": "correct horse battery staple",
      "username": "ada"
    }

    HTTP/1.1 201 Created
    cache-control: no-store
    content-type: application/json
    location: /api/v1/users/[id]

    {
      "birthday": null,
      "created_at": "[time]",
      "email": "ada@example.com",
      "email_verified": false,
      "full_name": "Ada Lovelace",
      "id": "[id]",
      "is_active": true,
      "last_login": null,
      "locale": null,
      "role": "user",
      "updated_at": "[time]",
      "username": "ada"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_reads_their_own_account() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::GET, "/api/v1/users/me").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/me
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "birthday": null,
      "created_at": "[time]",
      "email": "ada@example.com",
      "email_verified": false,
      "full_name": null,
      "id": "[id]",
      "is_active": true,
      "last_login": "[time]",
      "locale": null,
      "role": "user",
      "updated_at": "[time]",
      "username": null
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_changes_their_own_account() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({"full_name": "Ada Lovelace", "birthday": "1915-12-10"});
    let request = app.request(Method::PATCH, "/api/v1/users/me").bearer_auth(&ada.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PATCH /api/v1/users/me
    authorization: Bearer [access token]
    content-type: application/json

    {
      "birthday": "1915-12-10",
      "full_name": "Ada Lovelace"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "birthday": "1915-12-10",
      "created_at": "[time]",
      "email": "ada@example.com",
      "email_verified": false,
      "full_name": "Ada Lovelace",
      "id": "[id]",
      "is_active": true,
      "last_login": "[time]",
      "locale": null,
      "role": "user",
      "updated_at": "[time]",
      "username": null
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_puts_their_own_account() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "full_name": "Ada King"});
    let request = app.request(Method::PUT, "/api/v1/users/me").bearer_auth(&ada.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PUT /api/v1/users/me
    authorization: Bearer [access token]
    content-type: application/json

    {
      "email": "ada@example.com",
      "full_name": "Ada King"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "birthday": null,
      "created_at": "[time]",
      "email": "ada@example.com",
      "email_verified": false,
      "full_name": "Ada King",
      "id": "[id]",
      "is_active": true,
      "last_login": "[time]",
      "locale": null,
      "role": "user",
      "updated_at": "[time]",
      "username": null
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_changes_their_password() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({"current_password": PASSWORD, "new_password": "staple battery horse correct"});
    let request = app.request(Method::PUT, "/api/v1/users/me/password").bearer_auth(&ada.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PUT /api/v1/users/me/password
    authorization: Bearer [access token]
    content-type: application/json

    {
      "current_password": "correct horse battery staple",
      "new_password": "staple battery horse correct"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sets_a_users_password() {
    let app = App::sqlite().await;
    let admin = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}/password", app.id(&ada).await);
    let body = json!({"password": "staple battery horse correct"});
    let request = app.request(Method::PUT, &path).bearer_auth(&admin.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PUT /api/v1/users/[id]/password
    authorization: Bearer [access token]
    content-type: application/json

    {
      "password": "staple battery horse correct"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_deletes_their_own_account() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({"current_password": PASSWORD});
    let request = app.request(Method::DELETE, "/api/v1/users/me").bearer_auth(&ada.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    DELETE /api/v1/users/me
    authorization: Bearer [access token]
    content-type: application/json

    {
      "current_password": "correct horse battery staple"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_lists_users() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    app.register("ada@example.com").await;
    app.register("grace@example.com").await;
    let path = "/api/v1/users?sort=email&role=user&limit=1";
    let request = app.request(Method::GET, path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users?sort=email&role=user&limit=1
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "items": [
        {
          "birthday": null,
          "created_at": "[time]",
          "email": "ada@example.com",
          "email_verified": false,
          "full_name": null,
          "id": "[id]",
          "is_active": true,
          "last_login": null,
          "locale": null,
          "role": "user",
          "updated_at": "[time]",
          "username": null
        }
      ],
      "next_cursor": "[opaque]"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_reads_an_account() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&ada).await);
    let request = app.request(Method::GET, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/[id]
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "birthday": null,
      "created_at": "[time]",
      "email": "ada@example.com",
      "email_verified": false,
      "full_name": null,
      "id": "[id]",
      "is_active": true,
      "last_login": "[time]",
      "locale": null,
      "role": "user",
      "updated_at": "[time]",
      "username": null
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_changes_an_account() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&ada).await);
    let request = app.request(Method::PATCH, &path).bearer_auth(&root.access).json(&json!({"role": "admin"}));
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PATCH /api/v1/users/[id]
    authorization: Bearer [access token]
    content-type: application/json

    {
      "role": "admin"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "birthday": null,
      "created_at": "[time]",
      "email": "ada@example.com",
      "email_verified": false,
      "full_name": null,
      "id": "[id]",
      "is_active": true,
      "last_login": "[time]",
      "locale": null,
      "role": "admin",
      "updated_at": "[time]",
      "username": null
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_puts_an_account() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&ada).await);
    let body = json!({"email": "ada@example.com", "role": "user", "is_active": false});
    let request = app.request(Method::PUT, &path).bearer_auth(&root.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PUT /api/v1/users/[id]
    authorization: Bearer [access token]
    content-type: application/json

    {
      "email": "ada@example.com",
      "is_active": false,
      "role": "user"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "birthday": null,
      "created_at": "[time]",
      "email": "ada@example.com",
      "email_verified": false,
      "full_name": null,
      "id": "[id]",
      "is_active": false,
      "last_login": "[time]",
      "locale": null,
      "role": "user",
      "updated_at": "[time]",
      "username": null
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_deletes_an_account() {
    let app = App::sqlite().await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&ada).await);
    let request = app.request(Method::DELETE, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/users/[id]
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_invites_somebody() {
    let app = App::sqlite_with(&[("APP_MAIL__TRANSPORT", "log")]).await;
    let root = app.admin("root@example.com").await;
    let body = json!({"email": "grace@example.com", "role": "user"});
    let request = app.request(Method::POST, "/api/v1/users/invitations").bearer_auth(&root.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users/invitations
    authorization: Bearer [access token]
    content-type: application/json

    {
      "email": "grace@example.com",
      "role": "user"
    }

    HTTP/1.1 202 Accepted
    cache-control: no-store
    "#);
}
