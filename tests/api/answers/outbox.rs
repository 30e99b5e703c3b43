//! The mails that wait, were sent or were given up, for admins.

use reqwest::Method;
use serde_json::json;

use super::exchange;
use crate::app::App;

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_lists_the_outbox() {
    // Nobody sends them: the relay is not there.
    let relay = [
        ("APP_MAIL__TRANSPORT", "smtp"),
        ("APP_MAIL__SMTP__HOST", "127.0.0.1"),
        ("APP_MAIL__SMTP__PORT", "1"),
        ("APP_MAIL__SMTP__SECURITY", "none"),
    ];
    let app = App::sqlite_with(&relay).await;
    let root = app.admin("root@example.com").await;
    app.register("ada@example.com").await;
    app.post("/api/v1/auth/password-reset", json!({"email": "ada@example.com"})).await;
    app.run_sql("DELETE FROM outbox WHERE kind <> 'reset_password'").await;
    app.run_sql("UPDATE outbox SET due_at = '2099-01-01 00:00:00+00:00', last_error = NULL").await;
    let request = app.request(Method::GET, "/api/v1/outbox?state=pending&count=true").bearer_auth(&root.access);
    insta::assert_snapshot!(exchange(&app, request).await, @r#"
    GET /api/v1/outbox?state=pending&count=true
    authorization: Bearer [access token]

    HTTP/1.1 200 OK
    cache-control: no-store
    content-type: application/json

    {
      "items": [
        {
          "at": "[time]",
          "attempts": 0,
          "created_at": "[time]",
          "id": "[id]",
          "kind": "reset_password",
          "last_error": null,
          "state": "pending",
          "to": "ada@example.com"
        }
      ],
      "next_cursor": null,
      "total": 1
    }
    "#);
}
