use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use crate::app::{App, PASSWORD, send};

on_each_database!(
    admins_read_change_and_delete_users,
    users_are_kept_from_the_routes_of_admins,
    nobody_gets_in_without_a_token,
    the_last_active_admin_stays,
    an_admins_own_account_is_not_reached_around_their_password,
);

async fn admins_read_change_and_delete_users(app: App) {
    let admin = app.admin("root@example.com").await;
    let user = app.register("ada@example.com").await.json();
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    assert_eq!(app.get(&path, &admin.access).await.json(), user);
    let body = json!({"full_name": "Ada", "email": "lovelace@example.com", "role": "user", "is_active": true});
    for method in [Method::PATCH, Method::PUT] {
        let changed = app.send_as(&admin.access, method, &path, body.clone()).await;
        assert_eq!((changed.status, &changed.json()["full_name"]), (StatusCode::OK, &"Ada".into()));
    }
    assert_eq!(app.delete(&path, &admin.access).await.status, StatusCode::NO_CONTENT);
    app.get(&path, &admin.access).await.problem(404, "not_found");
    app.delete(&path, &admin.access).await.problem(404, "not_found");
    app.send_as(&admin.access, Method::PATCH, &path, body).await.problem(404, "not_found");
    for id in ["nope", "1", "00000000-0000-0000-0000-00000000000g", "..%2f..%2fetc", "%00"] {
        app.get(&format!("/api/v1/users/{id}"), &admin.access).await.problem(404, "not_found");
    }
}

async fn users_are_kept_from_the_routes_of_admins(app: App) {
    let admin = app.admin("root@example.com").await;
    let user = app.sign_up("ada@example.com").await;
    let own = format!("/api/v1/users/{}", app.id(&user).await);
    let others = format!("/api/v1/users/{}", app.id(&admin).await);
    app.get("/api/v1/users", &user.access).await.problem(403, "forbidden");
    for path in [own, others] {
        app.get(&path, &user.access).await.problem(403, "forbidden");
        app.delete(&path, &user.access).await.problem(403, "forbidden");
        app.send_as(&user.access, Method::PATCH, &path, json!({"role": "admin"})).await.problem(403, "forbidden");
    }
}

async fn nobody_gets_in_without_a_token(app: App) {
    let id = "00000000-0000-0000-0000-000000000000";
    let (user, session) = (format!("/api/v1/users/{id}"), format!("/api/v1/auth/sessions/{id}"));
    let routes = [
        (Method::GET, "/api/v1/users"),
        (Method::GET, "/api/v1/users?limit=nope"),
        (Method::GET, "/api/v1/users/me"),
        (Method::PATCH, "/api/v1/users/me"),
        (Method::PUT, "/api/v1/users/me"),
        (Method::DELETE, "/api/v1/users/me"),
        (Method::PUT, "/api/v1/users/me/password"),
        (Method::GET, &user),
        (Method::PATCH, &user),
        (Method::DELETE, &user),
        (Method::GET, "/api/v1/users/nope"),
        (Method::POST, "/api/v1/auth/logout"),
        (Method::POST, "/api/v1/auth/logout-all"),
        (Method::GET, "/api/v1/auth/sessions"),
        (Method::DELETE, &session),
    ];
    for (method, path) in routes {
        let request = || app.request(method.clone(), path);
        send(request()).await.problem(401, "missing_token");
        send(request().header("authorization", "Basic YTpi")).await.problem(401, "missing_token");
        // The faults of a body are not told.
        send(request().bearer_auth("garbage").body("{")).await.problem(401, "invalid_token");
        let twice = request().bearer_auth("garbage").header("authorization", "Bearer other");
        send(twice).await.problem(401, "invalid_token");
    }
    send(app.request(Method::GET, "/api/v1/users/me?access_token=abc")).await.problem(401, "missing_token");
}

async fn the_last_active_admin_stays(app: App) {
    let admin = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&admin).await);
    for body in [json!({"role": "user"}), json!({"is_active": false})] {
        app.send_as(&admin.access, Method::PATCH, &path, body).await.problem(409, "last_admin");
    }
    let proof = json!({"current_password": PASSWORD});
    app.send_as(&admin.access, Method::DELETE, &path, proof).await.problem(409, "last_admin");
    app.delete_me(&admin.access).await.problem(409, "last_admin");
    let other = app.admin("other@example.com").await;
    let disable = json!({"is_active": false});
    let other_path = format!("/api/v1/users/{}", app.id(&other).await);
    assert_eq!(app.send_as(&admin.access, Method::PATCH, &other_path, disable).await.status, StatusCode::OK);
    app.delete_me(&admin.access).await.problem(409, "last_admin");
}

async fn an_admins_own_account_is_not_reached_around_their_password(app: App) {
    app.admin("root@example.com").await;
    let admin = app.admin("admin@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&admin).await);
    let wrong = json!({"current_password": "wrong"});
    let answer = app.delete(&path, &admin.access).await;
    assert_eq!(answer.problem(422, "validation_failed"), ["current_password:required"]);
    app.send_as(&admin.access, Method::DELETE, &path, wrong).await.problem(403, "wrong_current_password");

    let proof = json!({"current_password": PASSWORD});
    let gone = app.send_as(&admin.access, Method::DELETE, &path, proof).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}
