//! Which events requests leave in the database, by whom and from where.

use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use tests::{connect, on_each_database};

use crate::app::{App, PASSWORD, Tokens, send};

on_each_database!(
    each_change_and_each_refusal_leaves_its_event,
    a_client_that_ends_a_session_is_named,
    a_client_behind_a_proxy_is_known_by_its_address,
);

const EMAIL: &str = "ada@example.com";
const WRONG: &str = "wrong-donkey-wrong-battery";
const SECRET: &str = "cb3a1c5f9d0e4b7a8c6d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b";
/// Of the secret above, by `sha256sum`.
const CLIENT: (&str, &str) =
    ("APP_CLIENTS__GATEWAY", "sha256:8c402b6ba524f760d4a812d84c05d456bb0841e6a17da268ef1a5fba33409256");

/// Takes what was recorded since the last call, oldest first: kind, actor, and the client's id and the address where
/// there is one.
pub(crate) async fn recorded(app: &App) -> Vec<String> {
    let connection = connect(&app.database_url).await;
    let sql = "SELECT kind, actor_kind, CASE actor_kind WHEN 'client' THEN actor_id END AS client, address FROM events \
               ORDER BY at, id";
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap();
    let text = |row: &sea_orm::QueryResult, column: &str| row.try_get::<Option<String>>("", column).unwrap();
    let told = |row| {
        let told = ["kind", "actor_kind", "client", "address"].map(|column| text(row, column));
        told.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let recorded = rows.iter().map(told).collect();
    connection.execute_unprepared("DELETE FROM events").await.unwrap();
    connection.close().await.unwrap();
    recorded
}

async fn each_change_and_each_refusal_leaves_its_event(app: App) {
    recorded(&app).await;
    let tokens = app.sign_up(EMAIL).await;
    assert_eq!(recorded(&app).await, ["user.created anyone 127.0.0.1", "login.succeeded user 127.0.0.1"]);

    app.login(EMAIL, WRONG).await.problem(401, "invalid_credentials");
    app.login("nobody@example.com", WRONG).await.problem(401, "invalid_credentials");
    assert_eq!(recorded(&app).await, ["login.failed anyone 127.0.0.1"; 2]);

    let second = app.refresh(&tokens.refresh).await.tokens();
    app.refresh(&tokens.refresh).await.tokens();
    app.me(&second.access).await;
    assert_eq!(recorded(&app).await, [""; 0], "a plain refresh writes none, and neither does reading");

    app.refresh(&second.refresh).await.tokens();
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    assert_eq!(recorded(&app).await, ["refresh_token.reused anyone 127.0.0.1"]);

    let Tokens { access, .. } = app.sign_in(EMAIL).await;
    let change = json!({"current_password": WRONG, "new_password": "another good password"});
    app.send_as(&access, Method::PUT, "/api/v1/users/me/password", change).await.problem(403, "wrong_current_password");
    let change = json!({"current_password": PASSWORD, "new_password": "another good password"});
    assert_eq!(app.send_as(&access, Method::PUT, "/api/v1/users/me/password", change).await.status, 204);
    assert_eq!(
        recorded(&app).await,
        ["login.succeeded user 127.0.0.1", "password.change_refused user 127.0.0.1", "password.changed user 127.0.0.1"]
    );

    let admin = app.admin("root@example.com").await;
    let id = app.register("bob@example.com").await.json()["id"].as_str().unwrap().to_owned();
    let user = format!("/api/v1/users/{id}");
    assert_eq!(app.send_as(&admin.access, Method::PATCH, &user, json!({"is_active": false})).await.status, 200);
    app.login("bob@example.com", PASSWORD).await.problem(403, "account_disabled");
    assert_eq!(app.delete(&user, &admin.access).await.status, 204);
    let logout = app.request(Method::POST, "/api/v1/auth/logout").json(&json!({"refresh_token": admin.refresh}));
    assert_eq!(send(logout).await.status, 204);
    assert_eq!(
        recorded(&app).await,
        [
            "user.created operator",
            "login.succeeded user 127.0.0.1",
            "user.created anyone 127.0.0.1",
            "user.updated user 127.0.0.1",
            "login.refused_disabled anyone 127.0.0.1",
            "user.deleted user 127.0.0.1",
            "sessions.ended user 127.0.0.1"
        ]
    );
}

async fn a_client_that_ends_a_session_is_named(app: App) {
    let app = app.another_node(&[CLIENT]).await;
    let tokens = app.sign_up(EMAIL).await;
    recorded(&app).await;
    let revoke = app.request(Method::POST, "/api/v1/auth/revoke").basic_auth("gateway", Some(SECRET));
    assert_eq!(send(revoke.form(&[("token", &tokens.access)])).await.status, 200);
    assert_eq!(recorded(&app).await, ["sessions.ended client gateway 127.0.0.1"]);
}

async fn a_client_behind_a_proxy_is_known_by_its_address(app: App) {
    let app = app.another_node(&[("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1")]).await;
    let tokens = app.sign_up(EMAIL).await;
    recorded(&app).await;
    let post = |path: &str| app.request(Method::POST, path).header("x-forwarded-for", "2001:db8::7");
    let login = post("/api/v1/auth/login").json(&json!({"username": EMAIL, "password": WRONG}));
    assert_eq!(send(login).await.status, 401);
    assert_eq!(send(post("/api/v1/auth/logout-all").bearer_auth(&tokens.access)).await.status, 204);
    assert_eq!(recorded(&app).await, ["login.failed anyone 2001:db8::7", "sessions.ended user 2001:db8::7"]);
}
