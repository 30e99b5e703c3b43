use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, PASSWORD, Tokens, send};

on_each_database!(
    sessions_are_listed_and_ended_one_by_one,
    signing_out_works_with_either_token,
    signing_out_everywhere_ends_all_sessions,
    changes_of_an_account_stop_its_access_tokens_at_once,
    another_node_refuses_what_this_one_ended,
);

async fn sessions(app: &App, tokens: &Tokens) -> Vec<Value> {
    app.get("/api/v1/auth/sessions", &tokens.access).await.json().as_array().unwrap().clone()
}

async fn sessions_are_listed_and_ended_one_by_one(app: App) {
    let first = app.sign_up("ada@example.com").await;
    let body = json!({"username": "ada@example.com", "password": PASSWORD});
    let login = app.request(Method::POST, "/api/v1/auth/login").json(&body).header("user-agent", "a phone");
    let second = send(login).await.tokens();
    let listed = sessions(&app, &second).await;
    assert_eq!(listed.len(), 2);
    let current: Vec<_> = listed.iter().filter(|session| session["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["device"]), (1, &"a phone".into()));
    assert_eq!(current[0]["address"], "127.0.0.1");
    for name in ["id", "created_at", "last_used_at", "expires_at"] {
        assert!(current[0][name].is_string(), "{name}");
    }

    let other = listed.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/auth/sessions/{other}");
    let stranger = app.sign_up("eve@example.com").await;
    app.delete(&path, &stranger.access).await.problem(404, "not_found");
    assert_eq!(app.delete(&path, &second.access).await.status, StatusCode::NO_CONTENT);
    app.me(&first.access).await.problem(401, "invalid_token");
    app.delete(&path, &second.access).await.problem(404, "not_found");
    app.delete("/api/v1/auth/sessions/nope", &second.access).await.problem(404, "not_found");
    assert_eq!(sessions(&app, &second).await.len(), 1);
}

async fn signing_out_works_with_either_token(app: App) {
    let logout = || app.request(Method::POST, "/api/v1/auth/logout");
    let by_access = app.sign_up("ada@example.com").await;
    assert_eq!(send(logout().bearer_auth(&by_access.access)).await.status, StatusCode::NO_CONTENT);
    app.refresh(&by_access.refresh).await.problem(401, "invalid_refresh_token");

    let by_refresh = app.sign_in("ada@example.com").await;
    let body = json!({"refresh_token": by_refresh.refresh});
    assert_eq!(send(logout().json(&body)).await.status, StatusCode::NO_CONTENT);
    app.me(&by_refresh.access).await.problem(401, "invalid_token");
    assert_eq!(send(logout().json(&body)).await.status, StatusCode::NO_CONTENT, "twice is no fault");

    let by_both = app.sign_in("ada@example.com").await;
    let request = logout().bearer_auth(&by_both.access).json(&json!({"refresh_token": by_both.refresh}));
    assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    app.me(&by_both.access).await.problem(401, "invalid_token");

    send(logout()).await.problem(401, "missing_token");
    send(logout().json(&json!({"refresh_token": "garbage"}))).await.problem(401, "invalid_refresh_token");
}

async fn signing_out_everywhere_ends_all_sessions(app: App) {
    let all = [app.sign_up("ada@example.com").await, app.sign_in("ada@example.com").await];
    let bystander = app.sign_up("bob@example.com").await;
    let request = app.request(Method::POST, "/api/v1/auth/logout-all").bearer_auth(&all[0].access);
    assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    for tokens in all {
        app.me(&tokens.access).await.problem(401, "invalid_token");
        app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    }
    assert_eq!(app.me(&bystander.access).await.status, StatusCode::OK);
    app.sign_in("ada@example.com").await;
}

async fn changes_of_an_account_stop_its_access_tokens_at_once(app: App) {
    let admin = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&app.sign_up("ada@example.com").await).await);
    let change = async |body: Value| {
        let answer = app.send_as(&admin.access, Method::PATCH, &path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    };

    let tokens = app.sign_in("ada@example.com").await;
    change(json!({"role": "admin"})).await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    assert_eq!(app.me(&tokens.access).await.json()["role"], "admin");

    change(json!({"is_active": false})).await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    change(json!({"is_active": true})).await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");

    let tokens = app.sign_in("ada@example.com").await;
    assert_eq!(app.delete(&path, &admin.access).await.status, StatusCode::NO_CONTENT);
    app.me(&tokens.access).await.problem(401, "invalid_token");
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    // The same email is another account.
    app.sign_up("ada@example.com").await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
}

async fn another_node_refuses_what_this_one_ended(app: App) {
    let other = app.another_node(&[]).await;
    let tokens = app.sign_up("ada@example.com").await;
    assert_eq!(other.me(&tokens.access).await.status, StatusCode::OK);
    send(app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&tokens.access)).await;
    other.me(&tokens.access).await.problem(401, "invalid_token");
    other.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
}
