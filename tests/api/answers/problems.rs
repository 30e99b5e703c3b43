//! What a client gets where something goes wrong: problem documents (RFC 9457), one of each kind that people meet.

use reqwest::Method;
use serde_json::json;
use tests::OnDatabase;

use super::exchange;
use crate::app::{App, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_body_are_told_at_once() {
    let app = App::sqlite().await;
    let body = json!({"email": 1, "username": "Ada Lovelace", "password": "short", "role": "king", "age": 210});
    let request = app.request(Method::POST, "/api/v1/users").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users
    content-type: application/json

    {
      "age": 210,
      "email": 1,
      "password": "short",
      "role": "king",
      "username": "Ada Lovelace"
    }

    HTTP/1.1 422 Unprocessable Entity
    cache-control: no-store
    content-type: application/problem+json

    {
      "code": "validation_failed",
      "detail": "Some fields are not valid.",
      "errors": [
        {
          "code": "wrong_type",
          "field": "email",
          "message": "This field must be a string."
        },
        {
          "code": "too_short",
          "field": "password",
          "message": "A password must have at least 8 characters."
        },
        {
          "code": "invalid_username",
          "field": "username",
          "message": "A username must have only letters a to z, digits, '_' and '-'."
        },
        {
          "code": "unknown_role",
          "field": "role",
          "message": "A role must be 'user' or 'admin'."
        },
        {
          "code": "unknown_field",
          "field": "age",
          "message": "This field is unknown."
        }
      ],
      "request_id": "[id]",
      "status": 422,
      "title": "Unprocessable Entity",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guessable_password_is_refused_with_advice() {
    let app = App::sqlite().await;
    let body = json!({"email": "ada@example.com", "password": "qwertyuiop"});
    let request = app.request(Method::POST, "/api/v1/users").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users
    content-type: application/json

    {
      "email": "ada@example.com",
      "password": "qwertyuiop"
    }

    HTTP/1.1 422 Unprocessable Entity
    cache-control: no-store
    content-type: application/problem+json

    {
      "code": "validation_failed",
      "detail": "Some fields are not valid.",
      "errors": [
        {
          "advice": [
            "This is a top-100 common password.",
            "Add another word or two. Uncommon words are better."
          ],
          "code": "too_guessable",
          "field": "password",
          "message": "This password is too easy to guess."
        }
      ],
      "request_id": "[id]",
      "status": 422,
      "title": "Unprocessable Entity",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_has_the_email() {
    let app = App::sqlite().await;
    app.register("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let request = app.request(Method::POST, "/api/v1/users").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/users
    content-type: application/json

    {
      "email": "ada@example.com",
      "password": "correct horse battery staple"
    }

    HTTP/1.1 409 Conflict
    cache-control: no-store
    content-type: application/problem+json

    {
      "code": "duplicate",
      "detail": "This value is taken.",
      "errors": [
        {
          "code": "duplicate",
          "field": "email",
          "message": "Another user has this email."
        }
      ],
      "request_id": "[id]",
      "status": 409,
      "title": "Conflict",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_missing() {
    let app = App::sqlite().await;
    let request = app.request(Method::GET, "/api/v1/users/me");
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/me

    HTTP/1.1 401 Unauthorized
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer realm="hexauth"

    {
      "code": "missing_token",
      "detail": "Send an access token: 'Authorization: Bearer …'.",
      "request_id": "[id]",
      "status": 401,
      "title": "Unauthorized",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_not_valid() {
    let app = App::sqlite().await;
    let request = app.request(Method::GET, "/api/v1/users/me").bearer_auth("garbage");
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users/me
    authorization: Bearer garbage

    HTTP/1.1 401 Unauthorized
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer realm="hexauth", error="invalid_token", error_description="The access token is not valid"

    {
      "code": "invalid_token",
      "detail": "The access token is not valid, or its session has ended.",
      "request_id": "[id]",
      "status": 401,
      "title": "Unauthorized",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_wrong() {
    let app = App::sqlite().await;
    let body = json!({"username": "ada@example.com", "password": PASSWORD});
    let request = app.request(Method::POST, "/api/v1/auth/login").json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/auth/login
    content-type: application/json

    {
      "password": "correct horse battery staple",
      "username": "ada@example.com"
    }

    HTTP/1.1 401 Unauthorized
    cache-control: no-store
    content-type: application/problem+json
    www-authenticate: Bearer realm="hexauth"

    {
      "code": "invalid_credentials",
      "detail": "The name or the password is wrong.",
      "request_id": "[id]",
      "status": 401,
      "title": "Unauthorized",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_asks_for_what_is_for_admins() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let request = app.request(Method::GET, "/api/v1/users").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/users
    authorization: Bearer [access token]

    HTTP/1.1 403 Forbidden
    cache-control: no-store
    content-type: application/problem+json

    {
      "code": "forbidden",
      "detail": "You are not allowed to do this.",
      "request_id": "[id]",
      "status": 403,
      "title": "Forbidden",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_not_there() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let path = "/api/v1/tasks/00000000-0000-7000-8000-000000000007";
    let request = app.request(Method::GET, path).bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/tasks/[id]
    authorization: Bearer [access token]

    HTTP/1.1 404 Not Found
    cache-control: no-store
    content-type: application/problem+json

    {
      "code": "not_found",
      "detail": "Not found.",
      "request_id": "[id]",
      "status": 404,
      "title": "Not Found",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_made_too_many_requests() {
    let settings = [("APP_RATE_LIMIT__ENABLED", "true"), ("APP_RATE_LIMIT__REFRESH_PER_MINUTE", "1")];
    let app = App::sqlite_with(&settings).await;
    app.refresh("garbage").await;
    let request = app.request(Method::POST, "/api/v1/auth/refresh").json(&json!({"refresh_token": "garbage"}));
    let text = exchange(&app, request).await;
    // What is left of a minute.
    let text = (0..=60).rev().fold(text, |text, left| text.replace(&format!("after: {left}\n"), "after: [0 to 60]\n"));
    insta::assert_snapshot!(text, @r#"
    POST /api/v1/auth/refresh
    content-type: application/json

    {
      "refresh_token": "garbage"
    }

    HTTP/1.1 429 Too Many Requests
    cache-control: no-store
    content-type: application/problem+json
    retry-after: [0 to 60]

    {
      "code": "rate_limited",
      "detail": "Too many requests. Try again after the time in Retry-After.",
      "request_id": "[id]",
      "status": 429,
      "title": "Too Many Requests",
      "type": "about:blank"
    }
    "#);
}
