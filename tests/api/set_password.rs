use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, Tokens};

on_each_database!(
    an_admin_sets_the_password_of_somebody_who_forgot_theirs,
    a_user_without_a_password_gets_one,
    only_admins_set_passwords_and_not_their_own,
    all_faults_of_the_body_are_told_and_change_nothing,
);

const NEW: &str = "the password from the help desk";

async fn set(app: &App, by: &Tokens, id: &str, password: &str) -> Answer {
    let path = format!("/api/v1/users/{id}/password");
    app.send_as(&by.access, Method::PUT, &path, json!({"password": password})).await
}

async fn an_admin_sets_the_password_of_somebody_who_forgot_theirs(app: App) {
    let admin = app.admin("root@example.com").await;
    let (user, elsewhere) = (app.sign_up("ada@example.com").await, app.sign_in("ada@example.com").await);
    let bystander = app.sign_up("grace@example.com").await;
    let id = app.id(&user).await;
    assert_eq!(set(&app, &admin, &id, NEW).await.status, StatusCode::NO_CONTENT);
    for ended in [user, elsewhere] {
        app.me(&ended.access).await.problem(401, "invalid_token");
        app.refresh(&ended.refresh).await.problem(401, "invalid_refresh_token");
    }
    app.login("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    let again = app.login("ada@example.com", NEW).await.tokens();
    assert_eq!(app.id(&again).await, id);
    for goes_on in [admin, bystander] {
        assert_eq!(app.me(&goes_on.access).await.status, StatusCode::OK);
    }
    app.sign_in("grace@example.com").await;
}

async fn a_user_without_a_password_gets_one(app: App) {
    let admin = app.admin("root@example.com").await;
    let user = app.sign_up("ada@example.com").await;
    let id = app.id(&user).await;
    let theirs = "user_id = (SELECT id FROM users WHERE email = 'ada@example.com')";
    tests::run_sql(&app.database_url, &format!("DELETE FROM passwords WHERE {theirs}")).await;
    app.login("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    // They have a session all the same, and no current password to show.
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let changed = app.send_as(&user.access, Method::PUT, "/api/v1/users/me/password", change).await;
    changed.problem(403, "no_password");
    app.delete_me(&user.access).await.problem(403, "no_password");
    assert_eq!(set(&app, &admin, &id, NEW).await.status, StatusCode::NO_CONTENT);
    app.login("ada@example.com", NEW).await.tokens();
}

async fn only_admins_set_passwords_and_not_their_own(app: App) {
    let admin = app.admin("root@example.com").await;
    let user = app.sign_up("ada@example.com").await;
    let (admin_id, user_id) = (app.id(&admin).await, app.id(&user).await);
    for id in [&admin_id, &user_id] {
        set(&app, &user, id, NEW).await.problem(403, "forbidden");
    }
    set(&app, &admin, &admin_id, NEW).await.problem(403, "forbidden");
    set(&app, &admin, "00000000-0000-0000-0000-000000000000", NEW).await.problem(404, "not_found");
    set(&app, &admin, "nope", NEW).await.problem(404, "not_found");
    let path = format!("/api/v1/users/{user_id}/password");
    let request = app.request(Method::PUT, &path).json(&json!({"password": NEW}));
    crate::app::send(request).await.problem(401, "missing_token");
    for email in ["root@example.com", "ada@example.com"] {
        app.sign_in(email).await;
    }
    for tokens in [admin, user] {
        assert_eq!(app.me(&tokens.access).await.status, StatusCode::OK);
    }
}

async fn all_faults_of_the_body_are_told_and_change_nothing(app: App) {
    let admin = app.admin("root@example.com").await;
    let user = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}/password", app.id(&user).await);
    for (body, faults) in [
        (json!({}), vec!["password:required"]),
        (json!({"password": "hunt3r2"}), vec!["password:too_short"]),
        (json!({"password": "a".repeat(257)}), vec!["password:too_long"]),
        (
            json!({"password": 12_345_678, "current_password": PASSWORD}),
            vec!["password:wrong_type", "current_password:unknown_field"],
        ),
    ] {
        let answer = app.send_as(&admin.access, Method::PUT, &path, body).await;
        assert_eq!(answer.problem(422, "validation_failed"), faults);
    }
    assert_eq!(app.me(&user.access).await.status, StatusCode::OK);
    app.sign_in("ada@example.com").await;
}
