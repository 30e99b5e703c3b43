//! What is held about a user, for that user.

use reqwest::Method;
use serde_json::json;
use tests::OnDatabase;

use super::exchange;
use crate::app::App;

#[tokio::test(flavor = "multi_thread")]
async fn a_user_exports_what_is_held_about_them() {
    let app = App::sqlite().await;
    let ada = app.sign_up("ada@example.com").await;
    app.send_as(&ada.access, Method::POST, "/api/v1/tasks", json!({"title": "Buy milk"})).await;
    let request = app.request(Method::GET, "/api/v1/users/me/export").bearer_auth(&ada.access);
    let answer = exchange(&app, request).await;
    // The account is shown like anywhere else: a further field changes nothing here.
    let (others, user) = answer.split_once("  \"user\": {\n").unwrap();
    assert!(user.contains(r#""email": "ada@example.com""#), "{user}");
    insta::assert_snapshot!(others, @r#"
    GET /api/v1/users/me/export
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-disposition: attachment; filename="export.json"
    content-type: application/json

    {
      "attempts": [],
      "events": [
        {
          "address": "127.0.0.1",
          "at": "[time]",
          "by": "user",
          "details": {},
          "kind": "login.succeeded",
          "session": "[id]"
        },
        {
          "address": "127.0.0.1",
          "at": "[time]",
          "by": "anyone",
          "details": {
            "role": "user"
          },
          "kind": "user.created",
          "session": null
        }
      ],
      "has_password": true,
      "identities": [],
      "left_out": [],
      "mails": [],
      "one_time_tokens": [],
      "passkeys": [],
      "recovery_codes_left": 0,
      "sessions": [
        {
          "address": "127.0.0.1",
          "created_at": "[time]",
          "ended_at": null,
          "ended_for": null,
          "expires_at": "[time]",
          "id": "[id]",
          "last_used_at": "[time]",
          "user_agent": null
        }
      ],
      "tasks": [
        {
          "created_at": "[time]",
          "description": null,
          "id": "[id]",
          "status": "todo",
          "title": "Buy milk",
          "updated_at": "[time]"
        }
      ],
      "totp": [],
    "#);
}
