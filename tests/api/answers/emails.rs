//! Addresses: how somebody proves that one is theirs, and how an account gets another.

use domain::one_time_tokens::Purpose;
use reqwest::Method;
use serde_json::json;
use tests::OnDatabase;

use super::exchange;
use crate::app::{App, PASSWORD};
use crate::emails::Mailed;
use crate::letterbox::Post;

async fn code(app: &App, purpose: Purpose, email: &str) -> serde_json::Value {
    json!({"email": email, "code": Mailed::last(app, purpose, email).await.unwrap().code})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_proves_their_address() {
    let post = Post::of(App::sqlite().await).await;
    post.app.register("ada@example.com").await;
    let body = code(&post.app, Purpose::VerifyEmail, "ada@example.com").await;
    let request = post.app.request(Method::POST, "/api/v1/auth/verify-email").json(&body);
    insta::assert_snapshot!(exchange(&post.app, request).await, @r#"
    POST /api/v1/auth/verify-email
    content-type: application/json

    {
      "code": "[code]",
      "email": "ada@example.com"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_another_mail_to_prove_their_address() {
    let post = Post::of(App::sqlite().await).await;
    post.app.register("ada@example.com").await;
    let body = json!({"email": "ada@example.com"});
    let request = post.app.request(Method::POST, "/api/v1/auth/verify-email/resend").json(&body);
    insta::assert_snapshot!(exchange(&post.app, request).await, @r#"
    POST /api/v1/auth/verify-email/resend
    content-type: application/json

    {
      "email": "ada@example.com"
    }

    HTTP/1.1 202 Accepted
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_another_address() {
    let post = Post::of(App::sqlite().await).await;
    let ada = post.app.sign_up("ada@example.com").await;
    let body = json!({"email": "lovelace@example.com", "current_password": PASSWORD});
    let request = post.app.request(Method::PUT, "/api/v1/users/me/email").bearer_auth(&ada.access).json(&body);
    insta::assert_snapshot!(exchange(&post.app, request).await, @r#"
    PUT /api/v1/users/me/email
    authorization: Bearer [access token]
    content-type: application/json

    {
      "current_password": "correct horse battery staple",
      "email": "lovelace@example.com"
    }

    HTTP/1.1 202 Accepted
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_confirms_another_address() {
    let post = Post::of(App::sqlite().await).await;
    asked(&post.app).await;
    let body = code(&post.app, Purpose::ChangeEmail, "lovelace@example.com").await;
    let request = post.app.request(Method::POST, "/api/v1/auth/email-change/confirm").json(&body);
    insta::assert_snapshot!(exchange(&post.app, request).await, @r#"
    POST /api/v1/auth/email-change/confirm
    content-type: application/json

    {
      "code": "[code]",
      "email": "lovelace@example.com"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_stops_a_change_of_their_address() {
    let post = Post::of(App::sqlite().await).await;
    asked(&post.app).await;
    let body = code(&post.app, Purpose::StopEmailChange, "ada@example.com").await;
    let request = post.app.request(Method::POST, "/api/v1/auth/email-change/stop").json(&body);
    insta::assert_snapshot!(exchange(&post.app, request).await, @r#"
    POST /api/v1/auth/email-change/stop
    content-type: application/json

    {
      "code": "[code]",
      "email": "ada@example.com"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

/// A change was asked for, of an address that was proven.
async fn asked(app: &App) {
    let ada = app.sign_up("ada@example.com").await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let body = json!({"email": "lovelace@example.com", "current_password": PASSWORD});
    let answer = app.send_as(&ada.access, Method::PUT, "/api/v1/users/me/email", body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}
