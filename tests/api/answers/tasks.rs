//! Tasks, the example of a resource of one's own.

use reqwest::Method;
use serde_json::json;
use tests::OnDatabase;

use super::exchange;
use crate::app::{App, Tokens};

/// Makes a task. Returns its path.
async fn make(app: &App, tokens: &Tokens) -> String {
    let body = json!({"title": "Buy milk"});
    app.send_as(&tokens.access, Method::POST, "/api/v1/tasks", body).await.header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_makes_a_task() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({"title": "Buy milk", "description": "Two litres."});
    let request = app.request(Method::POST, "/api/v1/tasks").bearer_auth(&ada.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    POST /api/v1/tasks
    authorization: Bearer [access token]
    content-type: application/json

    {
      "description": "Two litres.",
      "title": "Buy milk"
    }

    HTTP/1.1 201 Created
    cache-control: no-store
    content-type: application/json
    location: /api/v1/tasks/[id]

    {
      "created_at": "[time]",
      "description": "Two litres.",
      "id": "[id]",
      "status": "todo",
      "title": "Buy milk",
      "updated_at": "[time]"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lists_their_tasks() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    make(&app, &ada).await;
    make(&app, &ada).await;
    let request = app.request(Method::GET, "/api/v1/tasks?limit=1").bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/tasks?limit=1
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "items": [
        {
          "created_at": "[time]",
          "description": null,
          "id": "[id]",
          "status": "todo",
          "title": "Buy milk",
          "updated_at": "[time]"
        }
      ],
      "next_cursor": "[opaque]"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_reads_a_task() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada).await;
    let request = app.request(Method::GET, &path).bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/tasks/[id]
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "created_at": "[time]",
      "description": null,
      "id": "[id]",
      "status": "todo",
      "title": "Buy milk",
      "updated_at": "[time]"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_changes_a_task() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada).await;
    let request = app.request(Method::PATCH, &path).bearer_auth(&ada.access).json(&json!({"status": "done"}));
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PATCH /api/v1/tasks/[id]
    authorization: Bearer [access token]
    content-type: application/json

    {
      "status": "done"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "created_at": "[time]",
      "description": null,
      "id": "[id]",
      "status": "done",
      "title": "Buy milk",
      "updated_at": "[time]"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_puts_a_task() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada).await;
    let body = json!({"title": "Buy oat milk", "status": "done"});
    let request = app.request(Method::PUT, &path).bearer_auth(&ada.access).json(&body);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    PUT /api/v1/tasks/[id]
    authorization: Bearer [access token]
    content-type: application/json

    {
      "status": "done",
      "title": "Buy oat milk"
    }

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "created_at": "[time]",
      "description": null,
      "id": "[id]",
      "status": "done",
      "title": "Buy oat milk",
      "updated_at": "[time]"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_deletes_a_task() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    let path = make(&app, &ada).await;
    let request = app.request(Method::DELETE, &path).bearer_auth(&ada.access);
    insta::assert_snapshot!(exchange(&app, request).await, @"
    DELETE /api/v1/tasks/[id]
    authorization: Bearer [access token]

    HTTP/1.1 204 No Content
    cache-control: no-store
    ");
}
