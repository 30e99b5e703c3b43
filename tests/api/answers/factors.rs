//! Second factors: setting them up, signing in with them, and losing them.

use reqwest::Method;
use serde_json::json;
use tests::{OnDatabase, totp};

use super::exchange;
use crate::app::App;
use crate::second_factors::{Enrolled, TOTP};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sets_up_an_authenticator_app() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::POST, TOTP).bearer_auth(&ada.access).json(&json!({"name": "Phone"}));
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users/me/factors/totp
    authorization: Bearer [access token]
    content-type: application/json

    {
      "name": "Phone"
    }

    HTTP/1.1 201 Created
    cache-control: no-store
    content-type: application/json
    location: /api/v1/users/me/factors/totp/[id]

    {
      "id": "[id]",
      "name": "Phone",
      "qr_svg": "[svg]",
      "secret": "[totp secret]",
      "uri": "otpauth://totp/Hexauth:ada%40example.com?secret=[totp secret]&issuer=Hexauth"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_confirms_an_authenticator_app() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let made = app.send_as(&ada.access, Method::POST, TOTP, json!({"name": "Phone"})).await;
    let code = totp::code(made.json()["secret"].as_str().unwrap());
    let path = format!("{}/confirm", made.header("location"));
    let request = app.request(Method::POST, &path).bearer_auth(&ada.access).json(&json!({"code": code}));
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users/me/factors/totp/[id]/confirm
    authorization: Bearer [access token]
    content-type: application/json

    {
      "code": "[totp code]"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "recovery_codes": [
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]"
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lists_their_factors() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let request = app.request(Method::GET, "/api/v1/users/me/factors").bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/me/factors
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "due_at": null,
      "passkeys": [],
      "recovery_codes_left": 10,
      "required": false,
      "totp": [
        {
          "created_at": "[time]",
          "id": "[id]",
          "name": "Phone"
        }
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_makes_other_recovery_codes() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/users/me/factors/recovery-codes").bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users/me/factors/recovery-codes
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "recovery_codes": [
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]",
        "[recovery code]"
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_removes_an_authenticator_app() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let request = app.request(Method::DELETE, &ada.device).bearer_auth(&ada.tokens.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/users/me/factors/totp/[id]
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_with_an_authenticator_app() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let body = json!({"challenge": ada.challenge(&app).await, "code": ada.next_code(&app).await});
    let request = app.request(Method::POST, "/api/v1/auth/challenge/totp").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/challenge/totp
    content-type: application/json

    {
      "challenge": "[challenge]",
      "code": "[totp code]"
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
async fn a_user_signs_in_with_a_recovery_code() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let body = json!({"challenge": ada.challenge(&app).await, "code": ada.recovery_codes[0]});
    let request = app.request(Method::POST, "/api/v1/auth/challenge/recovery-code").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/challenge/recovery-code
    content-type: application/json

    {
      "challenge": "[challenge]",
      "code": "[recovery code]"
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
async fn a_user_proves_again_who_they_are() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let body = json!({"totp": ada.next_code(&app).await});
    let request = app.request(Method::POST, "/api/v1/auth/step-up").bearer_auth(&ada.tokens.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/step-up
    authorization: Bearer [access token]
    content-type: application/json

    {
      "totp": "[totp code]"
    }

    HTTP/1.1 204 No Content
    cache-control: no-store
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_lists_the_factors_of_a_user() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let root = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}/factors", app.id(&ada.tokens).await);
    let request = app.request(Method::GET, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/[id]/factors
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "due_at": null,
      "passkeys": [],
      "recovery_codes_left": 10,
      "required": false,
      "totp": [
        {
          "created_at": "[time]",
          "id": "[id]",
          "name": "Phone"
        }
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_resets_the_factors_of_a_user() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let root = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}/factors", app.id(&ada.tokens).await);
    let request = app.request(Method::DELETE, &path).bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/users/[id]/factors
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}

/// Not all went well: here is what a sign-in goes on with.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_asked_for_a_second_factor() {
    let app = App::sqlite().await;
    let ada = Enrolled::new(&app, "ada@example.com").await;
    let body = json!({"username": ada.email, "password": crate::app::PASSWORD});
    let request = app.request(Method::POST, "/api/v1/auth/login").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/login
    content-type: application/json

    {
      "password": "correct horse battery staple",
      "username": "ada@example.com"
    }

    HTTP/1.1 403 Forbidden
    cache-control: no-store
    content-type: application/problem+json

    {
      "challenge": "[challenge]",
      "code": "second_factor_required",
      "detail": "That is not enough for this account. Send one of the factors with the challenge.",
      "expires_at": "[time]",
      "expires_in": 600,
      "factors": [
        "totp",
        "recovery_code"
      ],
      "request_id": "[id]",
      "status": 403,
      "title": "Forbidden",
      "type": "about:blank"
    }
    "#);
}
