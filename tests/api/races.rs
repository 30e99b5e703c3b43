use std::collections::BTreeSet;
use std::future::Future;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, Tokens};

on_each_database!(
    a_hundred_refreshes_at_once_have_one_child,
    a_hundred_registrations_at_once_make_one_user,
    after_an_acknowledged_logout_no_racing_refresh_lives,
    two_admins_cannot_remove_each_other,
    many_admins_who_act_on_each_other_at_once_all_get_their_turn,
);

const CALLERS: usize = 100;

async fn at_once<F: Future>(count: usize, call: impl Fn(usize) -> F) -> Vec<F::Output> {
    join_all((0..count).map(call)).await
}

async fn a_hundred_refreshes_at_once_have_one_child(app: App) {
    let first = app.sign_up("ada@example.com").await;
    for _ in 0..3 {
        let tokens = app.sign_in("ada@example.com").await;
        let answers = at_once(CALLERS, |_| app.refresh(&tokens.refresh)).await;
        let children: BTreeSet<String> = answers.iter().map(|answer| answer.tokens().refresh).collect();
        assert_eq!(children.len(), 1);
        let child = children.first().unwrap();
        assert_ne!(child, &tokens.refresh);
        let next = app.refresh(child).await.tokens();
        assert_eq!(app.me(&next.access).await.status, StatusCode::OK);
        let logout = app.post("/api/v1/auth/logout", json!({"refresh_token": next.refresh})).await;
        assert_eq!(logout.status, StatusCode::NO_CONTENT);
    }
    let sessions = app.get("/api/v1/auth/sessions", &first.access).await.json();
    assert_eq!(sessions.as_array().unwrap().len(), 1, "one live session: the one that asks");
}

async fn a_hundred_registrations_at_once_make_one_user(app: App) {
    let spelling = |index: usize| if index.is_multiple_of(2) { "Ada@example.com" } else { "ada@EXAMPLE.com" };
    let answers = at_once(CALLERS, |index| app.register(spelling(index))).await;
    let (made, refused): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| answer.status == StatusCode::CREATED);
    assert_eq!(made.len(), 1);
    for answer in refused {
        assert_eq!(answer.problem(409, "duplicate"), ["email:duplicate"]);
    }
    let admin = app.admin("root@example.com").await;
    let users = app.get("/api/v1/users?count=true", &admin.access).await.json();
    assert_eq!(users["total"], 2);
}

async fn after_an_acknowledged_logout_no_racing_refresh_lives(app: App) {
    app.sign_up("ada@example.com").await;
    for _ in 0..10 {
        let tokens = app.sign_in("ada@example.com").await;
        let refreshes = at_once(8, |_| app.refresh(&tokens.refresh));
        let logout = app.send_as(&tokens.access, Method::POST, "/api/v1/auth/logout-all", json!({}));
        let (answers, logout) = tokio::join!(refreshes, logout);
        assert_eq!(logout.status, StatusCode::NO_CONTENT);
        let survivors: Vec<Tokens> =
            answers.iter().filter(|answer| answer.status == StatusCode::OK).map(Answer::tokens).collect();
        for tokens in survivors {
            app.me(&tokens.access).await.problem(401, "invalid_token");
            app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
        }
    }
}

async fn two_admins_cannot_remove_each_other(app: App) {
    let mut root = app.admin("root@example.com").await;
    for round in 0..5 {
        let email = format!("admin{round}@example.com");
        let other = app.admin(&email).await;
        let (root_id, other_id) = (app.id(&root).await, app.id(&other).await);
        let demote = json!({"role": "user"});
        let paths = [format!("/api/v1/users/{root_id}"), format!("/api/v1/users/{other_id}")];
        let (one, two) = tokio::join!(
            app.send_as(&other.access, Method::PATCH, &paths[0], demote.clone()),
            app.send_as(&root.access, Method::PATCH, &paths[1], demote.clone()),
        );
        let done = [&one, &two].iter().filter(|answer| answer.status == StatusCode::OK).count();
        assert_eq!(done, 1, "{one:?} {two:?}");
        // Whoever is left goes on.
        let (left, email) =
            if one.status == StatusCode::OK { (other, email) } else { (root, "root@example.com".to_owned()) };
        if email != "root@example.com" {
            let path = format!("/api/v1/users/{root_id}");
            let promoted = app.send_as(&left.access, Method::PATCH, &path, json!({"role": "admin"})).await;
            assert_eq!(promoted.status, StatusCode::OK);
            let root_now = app.login("root@example.com", PASSWORD).await.tokens();
            let gone = app.delete(&format!("/api/v1/users/{other_id}"), &root_now.access).await;
            assert_eq!(gone.status, StatusCode::NO_CONTENT);
            root = root_now;
        } else {
            root = left;
        }
    }
}

const ADMINS: usize = 8;

/// What one admin does to another, and besides to what is their own.
fn act(number: usize, id: &str) -> (Method, String, serde_json::Value) {
    let account = format!("/api/v1/users/{id}");
    match number % 6 {
        0 => (Method::PATCH, account, json!({"full_name": "Somebody"})),
        1 => (Method::POST, "/api/v1/tasks".to_owned(), json!({"title": "Look after the others"})),
        2 => (Method::PATCH, "/api/v1/users/me".to_owned(), json!({"full_name": format!("Admin {number}")})),
        3 => (Method::POST, "/api/v1/auth/logout-others".to_owned(), json!({})),
        4 => (Method::DELETE, format!("{account}/sessions"), json!({})),
        _ => (Method::PATCH, account, json!({"role": "user"})),
    }
}

async fn many_admins_who_act_on_each_other_at_once_all_get_their_turn(app: App) {
    let mut admins = Vec::new();
    for number in 0..ADMINS {
        let tokens = app.admin(&format!("admin{number}@example.com")).await;
        admins.push((app.id(&tokens).await, tokens));
    }
    // First what leaves all of them admins, and then all that there is.
    for kinds in [4, 6] {
        let answers = at_once(ADMINS * ADMINS, |pair| {
            let (by, on) = (pair / ADMINS, pair % ADMINS);
            let (method, path, body) = act((by + on * 5) % kinds, &admins[on].0);
            let token = admins[by].1.access.clone();
            let app = &app;
            async move { app.send_as(&token, method, &path, body).await }
        });
        for answer in answers.await {
            assert!(!answer.status.is_server_error(), "{answer:?}");
            assert!(kinds > 4 || answer.status.is_success(), "{answer:?}");
        }
    }
    let last = app.get("/api/v1/users?role=admin&is_active=true", &app.admin("root@example.com").await.access).await;
    assert!(last.json()["items"].as_array().unwrap().len() > 1, "{last:?}");
}
