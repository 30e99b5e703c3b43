use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, PASSWORD, send};

on_each_database!(
    every_field_comes_back,
    a_taken_email_or_username_is_a_conflict_in_any_case,
    all_faults_are_told_at_once,
    only_admins_choose_role_and_activity,
    a_dead_bearer_counts_as_none,
    what_is_told_of_a_user_has_no_secret,
);

async fn every_field_comes_back(app: App) {
    let body = json!({
        "email": " Ada.Lovelace+x@Bücher.example ", "password": PASSWORD, "username": "Ada_L-1",
        "full_name": " Ada, Countess of \"Lovelace\" <script> \u{2003} 李 ", "birthday": "1990-02-28",
    });
    let answer = app.post("/api/v1/users", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let user = answer.json();
    assert_eq!(user["email"], "Ada.Lovelace+x@xn--bcher-kva.example");
    assert_eq!(user["username"], "ada_l-1");
    assert_eq!(user["full_name"], "Ada, Countess of \"Lovelace\" <script> \u{2003} 李");
    assert_eq!(user["birthday"], "1990-02-28");
    let tokens = app.login("ADA_l-1", PASSWORD).await.tokens();
    let mut me = app.me(&tokens.access).await.json();
    me["last_login"] = Value::Null;
    assert_eq!(me, user);
}

async fn a_taken_email_or_username_is_a_conflict_in_any_case(app: App) {
    let user = |email: &str, username: &str| json!({"email": email, "username": username, "password": PASSWORD});
    assert_eq!(app.post("/api/v1/users", user("ada@example.com", "ada")).await.status, StatusCode::CREATED);
    for email in ["ada@example.com", "ADA@EXAMPLE.COM", " Ada@example.com"] {
        let errors = app.post("/api/v1/users", user(email, "other")).await.problem(409, "duplicate");
        assert_eq!(errors, ["email:duplicate"]);
    }
    let errors = app.post("/api/v1/users", user("other@example.com", "ADA")).await.problem(409, "duplicate");
    assert_eq!(errors, ["username:duplicate"]);
}

async fn all_faults_are_told_at_once(app: App) {
    let body = json!({
        "email": "nope", "password": "short", "username": "a b", "full_name": "", "birthday": "2999-01-01",
        "role": "king", "is_active": "yes", "is_superuser": true, "id": 7,
    });
    let mut errors = app.post("/api/v1/users", body).await.problem(422, "validation_failed");
    errors.sort();
    let expected = [
        "birthday:out_of_range",
        "email:invalid_email",
        "full_name:too_short",
        "id:unknown_field",
        "is_active:wrong_type",
        "is_superuser:unknown_field",
        "password:too_short",
        "role:unknown_role",
        "username:invalid_username",
    ];
    assert_eq!(errors, expected);
    let errors = app.post("/api/v1/users", json!({})).await.problem(422, "validation_failed");
    assert_eq!(errors, ["email:required", "password:required"]);
    let long = "a".repeat(257);
    let errors = app.post("/api/v1/users", json!({"email": "a@example.com", "password": long})).await;
    assert_eq!(errors.problem(422, "validation_failed"), ["password:too_long"]);
}

async fn a_dead_bearer_counts_as_none(app: App) {
    let former = app.admin("root@example.com").await;
    assert_eq!(app.register("ada@example.com").await.status, StatusCode::CREATED);
    let logout = app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&former.access);
    assert_eq!(send(logout).await.status, StatusCode::NO_CONTENT);
    let expired = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl";
    let closed = app.another_node(&[("APP_REGISTRATION__MODE", "closed")]).await;
    for (number, dead) in [&former.access, expired, "garbage", "", "undefined"].into_iter().enumerate() {
        let email = format!("new{number}@example.com");
        let register = |body: Value| app.send_as(dead, Method::POST, "/api/v1/users", body);
        // It gives no rights.
        for extra in ["role", "is_active"] {
            let value = if extra == "role" { json!("admin") } else { json!(false) };
            register(json!({"email": email, "password": PASSWORD, extra: value})).await.problem(403, "forbidden");
        }
        let body = json!({"email": email, "password": PASSWORD});
        let refused = closed.send_as(dead, Method::POST, "/api/v1/users", body.clone()).await;
        refused.problem(403, "registration_closed");
        let made = register(body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{dead}: {made:?}");
        // On a route that is open, nobody looks at it.
        let login = json!({"username": email, "password": PASSWORD});
        let tokens = app.send_as(dead, Method::POST, "/api/v1/auth/login", login).await.tokens();
        let refresh = json!({"refresh_token": tokens.refresh});
        let tokens = app.send_as(dead, Method::POST, "/api/v1/auth/refresh", refresh).await.tokens();
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
        send(app.request(Method::POST, "/oauth2/token").bearer_auth(dead).form(&refresh)).await.tokens();
        for path in
            ["/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/health/ready", "/openapi.json"]
        {
            assert_eq!(app.get(path, dead).await.status, StatusCode::OK, "{path}");
        }
    }
    // Nor do two of them.
    let body = json!({"email": "twice@example.com", "password": PASSWORD});
    let twice = app.request(Method::POST, "/api/v1/users").bearer_auth("a").bearer_auth("b").json(&body);
    assert_eq!(send(twice).await.status, StatusCode::CREATED);
    app.get("/api/v1/users", "garbage").await.problem(401, "invalid_token");
}

async fn only_admins_choose_role_and_activity(app: App) {
    let admin = app.admin("root@example.com").await;
    let user = app.sign_up("user@example.com").await;
    for extra in [json!({"role": "admin"}), json!({"is_active": false})] {
        let mut body = json!({"email": "new@example.com", "password": PASSWORD});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        app.post("/api/v1/users", body.clone()).await.problem(403, "forbidden");
        app.send_as(&user.access, Method::POST, "/api/v1/users", body).await.problem(403, "forbidden");
    }
    let body = json!({"email": "new@example.com", "password": PASSWORD, "role": "admin", "is_active": false});
    let made = app.send_as(&admin.access, Method::POST, "/api/v1/users", body.clone()).await;
    assert_eq!((made.status, &made.json()["role"]), (StatusCode::CREATED, &"admin".into()));
    app.login("new@example.com", PASSWORD).await.problem(403, "account_disabled");
    app.send_as("garbage", Method::POST, "/api/v1/users", body).await.problem(403, "forbidden");
}

/// All that is told is in `answers/users.rs`.
async fn what_is_told_of_a_user_has_no_secret(app: App) {
    let user = app.register("ada@example.com").await.json();
    for name in user.as_object().unwrap().keys() {
        let is_secret = ["password", "hash", "epoch", "key", "token"].iter().any(|secret| name.contains(secret));
        assert!(!is_secret, "{name} is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_registration_is_closed_only_admins_create_users() {
    let app = App::sqlite_with(&[("APP_REGISTRATION__MODE", "closed")]).await;
    app.register("ada@example.com").await.problem(403, "registration_closed");
    let admin = app.admin("root@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let made = app.send_as(&admin.access, Method::POST, "/api/v1/users", body).await;
    assert_eq!(made.status, StatusCode::CREATED);
}
