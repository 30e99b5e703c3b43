//! Signing in and out, and what a token says.

use reqwest::Method;
use serde_json::json;
use tests::OnDatabase;

use super::exchange;
use crate::app::{App, PASSWORD};
use crate::letterbox::Post;

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in() {
    let app = App::sqlite().await;
    app.register("ada@example.com").await;
    let body = json!({"username": "ada@example.com", "password": PASSWORD});
    let request = app.request(Method::POST, "/api/v1/auth/login").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/login
    content-type: application/json

    {
      "password": "correct horse battery staple",
      "username": "ada@example.com"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "access_token": "[access token]",
      "expires_in": 900,
      "refresh_token": "[refresh token]",
      "token_type": "bearer"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_exchanged() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({"refresh_token": ada.refresh});
    let request = app.request(Method::POST, "/api/v1/auth/refresh").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/refresh
    content-type: application/json

    {
      "refresh_token": "[refresh token]"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "access_token": "[access token]",
      "expires_in": 900,
      "refresh_token": "[refresh token]",
      "token_type": "bearer"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_out() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    POST /api/v1/auth/logout
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_out_everywhere() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/auth/logout-all").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    POST /api/v1/auth/logout-all
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_out_elsewhere() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/auth/logout-others").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    POST /api/v1/auth/logout-others
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_learns_who_holds_a_token() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::GET, "/api/v1/auth/verify").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/auth/verify
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json
    x-user-amr: pwd
    x-user-auth-time: [seconds since 1970]
    x-user-id: [id]
    x-user-role: user

    {
      "amr": [
        "pwd"
      ],
      "auth_time": [seconds since 1970],
      "exp": [seconds since 1970],
      "role": "user",
      "sid": "[id]",
      "sub": "[id]"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_a_new_password() {
    let app = App::sqlite_with(&[("APP_MAIL__TRANSPORT", "log")]).await;
    let body = json!({"email": "ada@example.com"});
    let request = app.request(Method::POST, "/api/v1/auth/password-reset").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/password-reset
    content-type: application/json

    {
      "email": "ada@example.com"
    }

    HTTP/1.1 202 Accepted
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_chooses_a_new_password() {
    let post = Post::of(App::sqlite().await).await;
    let app = &post.app;
    app.register("ada@example.com").await;
    let code = post.mailed().await.code;
    let body = json!({"email": "ada@example.com", "code": code, "new_password": "staple battery horse correct"});
    let request = app.request(Method::POST, "/api/v1/auth/password-reset/confirm").json(&body);
    insta::assert_snapshot!(exchange(app, request).await, @r#"
    POST /api/v1/auth/password-reset/confirm
    content-type: application/json

    {
      "code": "[code]",
      "email": "ada@example.com",
      "new_password": "staple battery horse correct"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_a_mail_to_sign_in_by() {
    let app = App::sqlite_with(&[("APP_MAIL__TRANSPORT", "log"), ("APP_AUTH__EMAIL_SIGN_IN", "true")]).await;
    let body = json!({"email": "ada@example.com"});
    let request = app.request(Method::POST, "/api/v1/auth/email-sign-in").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/email-sign-in
    content-type: application/json

    {
      "email": "ada@example.com"
    }

    HTTP/1.1 202 Accepted
    cache-control: no-store
    "#);
}

/// A server where a second factor is required, and the challenge of an account whose time without one is over.
async fn overdue() -> (Post, String) {
    let app = App::sqlite().await;
    app.register("ada@example.com").await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::with(app, &[("APP_AUTH__SECOND_FACTOR", "required")]).await;
    post.app.sign_in("ada@example.com").await;
    post.app.run_sql("UPDATE second_factor_graces SET began_at = '2026-01-01T00:00:00Z'").await;
    let asked = post.app.login("ada@example.com", crate::app::PASSWORD).await.json();
    (post, asked["challenge"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_a_code_in_place_of_a_factor() {
    let (post, challenge) = overdue().await;
    let body = json!({"challenge": challenge});
    let request = post.app.request(Method::POST, "/api/v1/auth/challenge/email-code/send").json(&body);
    insta::assert_snapshot!(exchange(&post.app, request).await, @r#"
    POST /api/v1/auth/challenge/email-code/send
    content-type: application/json

    {
      "challenge": "[challenge]"
    }

    HTTP/1.1 202 Accepted
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_with_a_mailed_code_in_place_of_a_factor() {
    let (post, challenge) = overdue().await;
    post.app.post("/api/v1/auth/challenge/email-code/send", json!({"challenge": challenge})).await;
    let code = post.wait_for("email_code", 1).await.pop().unwrap().code;
    let body = json!({"challenge": challenge, "code": code});
    let request = post.app.request(Method::POST, "/api/v1/auth/challenge/email-code").json(&body);
    insta::assert_snapshot!(exchange(&post.app, request).await, @r#"
    POST /api/v1/auth/challenge/email-code
    content-type: application/json

    {
      "challenge": "[challenge]",
      "code": "[code]"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "access_token": "[access token]",
      "expires_in": 900,
      "refresh_token": "[refresh token]",
      "token_type": "bearer"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_by_mail() {
    let post = Post::with(App::sqlite().await, &[("APP_AUTH__EMAIL_SIGN_IN", "true")]).await;
    let app = &post.app;
    app.register("ada@example.com").await;
    app.post("/api/v1/auth/email-sign-in", json!({"email": "ada@example.com"})).await;
    let code = post.wait_for("sign_in", 1).await.pop().unwrap().code;
    let body = json!({"email": "ada@example.com", "code": code});
    let request = app.request(Method::POST, "/api/v1/auth/email-sign-in/confirm").json(&body);
    insta::assert_snapshot!(exchange(app, request).await, @r#"
    POST /api/v1/auth/email-sign-in/confirm
    content-type: application/json

    {
      "code": "[code]",
      "email": "ada@example.com"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "access_token": "[access token]",
      "expires_in": 900,
      "refresh_token": "[refresh token]",
      "token_type": "bearer"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_accepts_an_invitation() {
    let post = Post::of(App::sqlite().await).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    let invite = json!({"email": "grace@example.com"});
    app.send_as(&root.access, Method::POST, "/api/v1/users/invitations", invite).await;
    let code = post.wait_for("invitation", 1).await.pop().unwrap().code;
    let body = json!({"email": "grace@example.com", "code": code, "new_password": PASSWORD});
    let request = app.request(Method::POST, "/api/v1/auth/invitations/accept").json(&body);
    insta::assert_snapshot!(exchange(app, request).await, @r#"
    POST /api/v1/auth/invitations/accept
    content-type: application/json

    {
      "code": "[code]",
      "email": "grace@example.com",
      "new_password": "correct horse battery staple"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_asks_whether_a_password_may_be_chosen() {
    let app = App::sqlite().await;
    let body = json!({"password": "lovelace1815", "full_name": "Ada Lovelace"});
    let request = app.request(Method::POST, "/api/v1/auth/password-check").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/password-check
    content-type: application/json

    {
      "full_name": "Ada Lovelace",
      "password": "lovelace1815"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "acceptable": false,
      "advice": [
        "Add another word or two. Uncommon words are better."
      ],
      "code": "contains_your_name",
      "score": 1
    }
    "#);
}
