use reqwest::StatusCode;
use serde_json::Value;
use tests::on_each_database;

use crate::app::{App, send};

on_each_database!(
    the_holder_of_a_token_is_told_in_the_body_and_in_headers,
    nobody_else_is_let_in,
    the_answer_needs_no_row,
);

const VERIFY: &str = "/api/v1/auth/verify";

async fn the_holder_of_a_token_is_told_in_the_body_and_in_headers(app: App) {
    for (tokens, role) in
        [(app.sign_up("ada@example.com").await, "user"), (app.admin("root@example.com").await, "admin")]
    {
        let answer = app.get(VERIFY, &tokens.access).await;
        assert_eq!(answer.status, StatusCode::OK);
        let body = answer.json();
        assert_eq!(body["sub"].as_str().unwrap(), app.id(&tokens).await);
        assert_eq!(body["role"], role);
        assert_eq!(answer.header("x-user-id"), body["sub"]);
        assert_eq!(answer.header("x-user-role"), role);
        let current = |session: &&Value| session["current"] == true;
        let sessions = app.get("/api/v1/auth/sessions", &tokens.access).await.json();
        assert_eq!(sessions.as_array().unwrap().iter().find(current).unwrap()["id"], body["sid"]);
        let left = body["exp"].as_i64().unwrap()
            - chrono::DateTime::parse_from_rfc2822(answer.header("date")).unwrap().timestamp();
        // The date of an answer may be that of the second before.
        assert!((890..=901).contains(&left), "{left}");
        let fields: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["exp", "role", "sid", "sub"]);
    }
}

async fn nobody_else_is_let_in(app: App) {
    send(app.request(reqwest::Method::GET, VERIFY)).await.problem(401, "missing_token");
    app.get(VERIFY, "garbage").await.problem(401, "invalid_token");
    let tokens = app.sign_up("ada@example.com").await;
    let in_query = app.request(reqwest::Method::GET, &format!("{VERIFY}?access_token={}", tokens.access));
    send(in_query).await.problem(401, "missing_token");
    send(app.request(reqwest::Method::POST, VERIFY).bearer_auth(&tokens.access))
        .await
        .problem(405, "method_not_allowed");
}

async fn the_answer_needs_no_row(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    app.run_sql("DELETE FROM refresh_tokens").await;
    app.run_sql("DELETE FROM users").await;
    assert_eq!(app.get(VERIFY, &tokens.access).await.status, StatusCode::OK);
}
