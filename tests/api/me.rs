use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{App, PASSWORD, Tokens, send};

on_each_database!(
    absent_stays_null_clears_and_a_value_is_set,
    nobody_changes_their_own_rights,
    a_user_can_delete_themselves,
    ones_own_email_is_not_changed_by_the_way,
    changing_the_password_ends_other_sessions_and_all_access_tokens,
    a_password_is_not_changed_without_the_current_one,
    changes_at_once_are_all_kept,
);

async fn patch(app: &App, tokens: &Tokens, body: Value) -> crate::app::Answer {
    app.send_as(&tokens.access, Method::PATCH, "/api/v1/users/me", body).await
}

async fn absent_stays_null_clears_and_a_value_is_set(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    let set = json!({"username": "ada", "full_name": "Ada", "birthday": "1990-12-10"});
    let user = patch(&app, &tokens, set).await.json();
    assert_eq!(
        (&user["username"], &user["full_name"], &user["birthday"]),
        (&"ada".into(), &"Ada".into(), &"1990-12-10".into())
    );
    let same = patch(&app, &tokens, json!({})).await;
    assert_eq!((same.status, same.json()), (StatusCode::OK, user.clone()));
    let cleared = patch(&app, &tokens, json!({"birthday": null})).await.json();
    assert_eq!((&cleared["username"], &cleared["birthday"]), (&"ada".into(), &Value::Null));
    assert_ne!(cleared["updated_at"], user["updated_at"]);
    let errors = patch(&app, &tokens, json!({"email": null, "username": "", "nope": 1})).await;
    let errors = errors.problem(422, "validation_failed");
    assert_eq!(errors, ["email:wrong_type", "username:too_short", "nope:unknown_field"]);
    let bob = app.sign_up("bob@example.com").await;
    let errors = patch(&app, &bob, json!({"username": "ada"})).await.problem(409, "duplicate");
    assert_eq!(errors, ["username:duplicate"]);
}

async fn nobody_changes_their_own_rights(app: App) {
    for tokens in [app.sign_up("ada@example.com").await, app.admin("root@example.com").await] {
        let role = app.me(&tokens.access).await.json()["role"].clone();
        let other = if role == "admin" { "user" } else { "admin" };
        for (body, name) in [(json!({"role": other}), "role"), (json!({"is_active": false}), "is_active")] {
            let errors = patch(&app, &tokens, body).await.problem(422, "validation_failed");
            assert_eq!(errors, [format!("{name}:read_only")]);
        }
        assert_eq!(app.me(&tokens.access).await.json()["role"], role);
        for name in ["owner", "password", "password_hash", "epoch"] {
            let errors = patch(&app, &tokens, json!({name: "x"})).await.problem(422, "validation_failed");
            assert_eq!(errors, [format!("{name}:unknown_field")]);
        }
    }
}

async fn a_user_can_delete_themselves(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    let other = app.sign_in("ada@example.com").await;
    for (body, status, code) in [
        (None, 422, "validation_failed"),
        (Some(json!({})), 422, "validation_failed"),
        (Some(json!({"current_password": "wrong"})), 403, "wrong_current_password"),
    ] {
        let request = app.request(Method::DELETE, "/api/v1/users/me").bearer_auth(&tokens.access);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let errors = send(request).await.problem(status, code);
        assert!(status == 403 || errors == ["current_password:required"], "{body:?}: {errors:?}");
    }
    assert_eq!(app.delete_me(&tokens.access).await.status, StatusCode::NO_CONTENT);
    app.me(&other.access).await.problem(401, "invalid_token");
    app.me(&tokens.access).await.problem(401, "invalid_token");
    app.login("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
}

/// Whatever comes with it, by whatever route, for users and for admins.
async fn ones_own_email_is_not_changed_by_the_way(app: App) {
    for tokens in [app.sign_up("ada@example.com").await, app.admin("root@example.com").await] {
        let read = app.me(&tokens.access).await.json();
        let by_id = format!("/api/v1/users/{}", read["id"].as_str().unwrap());
        let is_admin = read["role"] == "admin";
        for path in ["/api/v1/users/me", &by_id].into_iter().take(if is_admin { 2 } else { 1 }) {
            for method in [Method::PATCH, Method::PUT] {
                let send = |change: Value| {
                    let mut body = read.clone();
                    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
                    app.send_as(&tokens.access, method.clone(), path, body)
                };
                // Another spelling of the same address is a change, too, and so is the address of somebody else.
                for email in ["eve@example.com", &read["email"].as_str().unwrap().to_uppercase(), "root@example.com"] {
                    if email == read["email"] {
                        continue;
                    }
                    for change in [
                        json!({"email": email}),
                        json!({"email": email, "full_name": "Eve"}),
                        json!({"email": email, "current_password": PASSWORD}),
                        json!({"email": email, "current_password": "wrong"}),
                    ] {
                        let refused = send(change).await;
                        assert_eq!(refused.problem(409, "use_email_change"), [""; 0], "{method} {path}");
                        let sentence = refused.json()["detail"].as_str().unwrap().to_owned();
                        assert!(sentence.contains("PUT /api/v1/users/me/email"), "{sentence}");
                    }
                }
                let refused = send(json!({"email_verified": !read["email_verified"].as_bool().unwrap()})).await;
                assert_eq!(refused.problem(422, "validation_failed"), ["email_verified:read_only"]);
                // Sent back as it was read, it is fine.
                let same = send(json!({})).await;
                assert_eq!((same.status, same.json()), (StatusCode::OK, read.clone()), "{method} {path}");
            }
        }
        assert_eq!(app.me(&tokens.access).await.json(), read);
    }
}

async fn change_password(app: &App, tokens: &Tokens, current: &str, new: &str) -> crate::app::Answer {
    let body = json!({"current_password": current, "new_password": new});
    app.send_as(&tokens.access, Method::PUT, "/api/v1/users/me/password", body).await
}

async fn changing_the_password_ends_other_sessions_and_all_access_tokens(app: App) {
    let here = app.sign_up("ada@example.com").await;
    let there = app.sign_in("ada@example.com").await;
    let answer = change_password(&app, &here, PASSWORD, "another good password").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    for tokens in [&here, &there] {
        app.me(&tokens.access).await.problem(401, "invalid_token");
    }
    app.refresh(&there.refresh).await.problem(401, "invalid_refresh_token");
    let here = app.refresh(&here.refresh).await.tokens();
    assert_eq!(app.me(&here.access).await.status, StatusCode::OK);
    app.login("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    app.login("ada@example.com", "another good password").await.tokens();
}

async fn a_password_is_not_changed_without_the_current_one(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    change_password(&app, &tokens, "wrong", "another good password").await.problem(403, "wrong_current_password");
    let errors = change_password(&app, &tokens, PASSWORD, "short").await.problem(422, "validation_failed");
    assert_eq!(errors, ["new_password:too_short"]);
    let errors = change_password(&app, &tokens, PASSWORD, PASSWORD).await.problem(422, "validation_failed");
    assert_eq!(errors, ["new_password:unchanged"]);
    let body = json!({"new_password": "another good password"});
    let answer = app.send_as(&tokens.access, Method::PUT, "/api/v1/users/me/password", body).await;
    assert_eq!(answer.problem(422, "validation_failed"), ["current_password:required"]);
    assert_eq!(app.me(&tokens.access).await.status, StatusCode::OK);
    app.login("ada@example.com", PASSWORD).await.tokens();
}

async fn changes_at_once_are_all_kept(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    for round in 0..10 {
        let (name, username) = (format!("Ada {round}"), format!("ada-{round}"));
        let (one, two, login) = tokio::join!(
            patch(&app, &tokens, json!({"full_name": name})),
            patch(&app, &tokens, json!({"username": username})),
            app.sign_in("ada@example.com"),
        );
        assert_eq!((one.status, two.status), (StatusCode::OK, StatusCode::OK));
        let me = app.me(&login.access).await.json();
        assert_eq!((&me["full_name"], &me["username"]), (&name.into(), &username.into()));
    }
}
