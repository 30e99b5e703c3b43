//! Admins see which mails wait and which were given up, and nobody sees what is in them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::App;

on_each_database!(admins_page_through_the_outbox_and_nobody_else_sees_it);

const RELAY_THAT_IS_DOWN: [(&str, &str); 4] = [
    ("APP_MAIL__TRANSPORT", "smtp"),
    ("APP_MAIL__SMTP__HOST", "127.0.0.1"),
    ("APP_MAIL__SMTP__PORT", "1"),
    ("APP_MAIL__SMTP__SECURITY", "none"),
];

async fn admins_page_through_the_outbox_and_nobody_else_sees_it(first: App) {
    let app = first.another_node(&RELAY_THAT_IS_DOWN).await;
    let root = app.admin("root@example.com").await;
    let mut sent_to = Vec::new();
    for number in 0..3 {
        let email = format!("user-{number}@example.com");
        first.register(&email).await;
        let asked = app.post("/api/v1/auth/password-reset", json!({"email": email})).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED);
        sent_to.insert(0, json!(email));
    }
    let list = async |query: &str| app.get(&format!("/api/v1/outbox{query}"), &root.access).await.json();
    let recipients = |page: &Value| -> Vec<Value> {
        page["items"].as_array().unwrap().iter().map(|mail| mail["to"].clone()).collect()
    };
    let of_resets =
        |page: &Value| page["items"].as_array().unwrap().iter().all(|mail| mail["kind"] == "reset_password");
    let all = list("").await;
    assert!(recipients(&all) == sent_to && of_resets(&all), "{all}");
    let page = list("?limit=2&state=pending&count=true").await;
    assert_eq!((recipients(&page), &page["total"]), (sent_to[..2].to_vec(), &json!(3)));
    let cursor = page["next_cursor"].as_str().unwrap();
    let last = list(&format!("?limit=2&state=pending&cursor={cursor}")).await;
    assert_eq!((recipients(&last), &last["next_cursor"]), (sent_to[2..].to_vec(), &Value::Null));
    assert_eq!(recipients(&list("?page=2&size=2").await), sent_to[2..]);
    assert_eq!(recipients(&list("?skip=1&limit=1").await), sent_to[1..2]);
    assert_eq!(recipients(&list("?state=dead").await), [json!(null); 0]);
    for query in [format!("?cursor={cursor}"), "?state=lost".to_owned()] {
        app.get(&format!("/api/v1/outbox{query}"), &root.access).await.problem(422, "validation_failed");
    }
    let ada = first.sign_up("ada@example.com").await;
    app.get("/api/v1/outbox", &ada.access).await.problem(403, "forbidden");
    let anyone = app.request(Method::GET, "/api/v1/outbox").send().await.unwrap();
    assert_eq!(anyone.status(), StatusCode::UNAUTHORIZED);
    assert!(!all.to_string().contains("hxp_"));
}
