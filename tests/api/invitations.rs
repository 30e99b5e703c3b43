//! Invitations: an admin makes an account, and its owner chooses the password.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::one_time_tokens::Purpose;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, Tokens};
use crate::letterbox::{Post, count, is_refused};
use crate::registration::last_token;
use crate::second_factors::proven;

on_each_database!(
    whoever_accepts_an_invitation_has_a_password_and_a_proven_address_also_where_registration_is_closed,
    an_invitation_says_the_same_whether_or_not_the_address_is_known,
    only_admins_invite_and_may_invite_admins,
    an_invitation_is_a_way_into_the_account_that_is_there,
    an_invitation_is_void_once_there_is_a_password,
    of_many_invitations_at_once_one_makes_the_account,
    without_mail_nobody_is_invited,
);

const CLOSED: [(&str, &str); 1] = [("APP_REGISTRATION__MODE", "closed")];
const EMAIL: &str = "grace@example.com";

async fn invite(app: &App, by: &Tokens, body: Value) -> Answer {
    app.send_as(&by.access, Method::POST, "/api/v1/users/invitations", body).await
}

async fn accept(app: &App, proof: Value, password: &str) -> Answer {
    let mut body = proof;
    body["new_password"] = password.into();
    app.post("/api/v1/auth/invitations/accept", body).await
}

async fn whoever_accepts_an_invitation_has_a_password_and_a_proven_address_also_where_registration_is_closed(app: App) {
    let post = Post::with(app, &CLOSED).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    let answer = invite(app, &root, json!({"email": EMAIL})).await;
    assert_eq!((answer.status, &*answer.text), (StatusCode::ACCEPTED, ""));
    let mail = post.wait_for("invitation", 1).await.pop().unwrap();
    let proof = json!({"email": EMAIL, "code": mail.code});
    assert_eq!(app.login(EMAIL, PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    let weak = accept(app, proof.clone(), "short").await.problem(422, "validation_failed");
    assert_eq!(weak, ["new_password:too_short"]);
    assert_eq!(accept(app, proof.clone(), PASSWORD).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&accept(app, proof, "another good password").await));
    let grace = app.sign_in(EMAIL).await;
    let me = app.me(&grace.access).await.json();
    assert_eq!((&me["role"], &me["email_verified"], &me["is_active"]), (&json!("user"), &json!(true), &json!(true)));
    // They know what they did.
    assert!(post.mails("password_changed").is_empty());
    let events = format!("events WHERE kind IN ('user.invited', 'invitation.accepted') AND subject = {}", "subject");
    assert_eq!(count(app, &events).await, 2);
}

async fn an_invitation_says_the_same_whether_or_not_the_address_is_known(app: App) {
    for email in ["ada@example.com", "disabled@example.com"] {
        app.register(email).await;
    }
    app.run_sql("UPDATE users SET email_verified = true").await;
    app.run_sql("UPDATE users SET is_active = false WHERE email = 'disabled@example.com'").await;
    let post = Post::of(app).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    let mut seen = Vec::new();
    for email in [EMAIL, EMAIL, "ada@example.com", "disabled@example.com"] {
        let begin = Instant::now();
        let answer = invite(app, &root, json!({"email": email, "role": "admin"})).await;
        assert!(begin.elapsed() >= Duration::from_millis(250));
        let headers: BTreeSet<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        seen.push((answer.status, answer.text, headers));
    }
    assert_eq!(seen[0].0, StatusCode::ACCEPTED);
    assert!(seen.iter().all(|answer| *answer == seen[0]), "{seen:?}");
    assert_eq!(post.wait_for("invitation", 2).await.len(), 2);
    assert!(post.wait_for("already_registered", 1).await[0].text.contains("To: ada@example.com"));
    assert_eq!(count(app, "users").await, 4);
    // The role of whoever is there stays.
    let ada = app.sign_in("ada@example.com").await;
    assert_eq!(app.me(&ada.access).await.json()["role"], "user");
}

async fn only_admins_invite_and_may_invite_admins(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    app.run_sql("UPDATE users SET last_login = NULL").await;
    let ada = app.sign_up("ada@example.com").await;
    invite(app, &ada, json!({"email": EMAIL})).await.problem(403, "forbidden");
    app.post("/api/v1/users/invitations", json!({"email": EMAIL})).await.problem(401, "missing_token");
    assert_eq!(invite(app, &root, json!({"email": EMAIL, "role": "admin"})).await.status, StatusCode::ACCEPTED);
    let token = last_token(app, Purpose::Invitation, EMAIL).await;
    assert_eq!(accept(app, json!({"token": token}), PASSWORD).await.status, StatusCode::NO_CONTENT);
    let grace = app.sign_in(EMAIL).await;
    assert_eq!(app.get("/api/v1/users", &grace.access).await.status, StatusCode::OK);
    let faults = invite(app, &root, json!({"email": "nope", "role": "king", "id": 1})).await;
    let mut faults = faults.problem(422, "validation_failed");
    faults.sort();
    assert_eq!(faults, ["email:invalid_email", "id:unknown_field", "role:unknown_role"]);
}

/// Whatever role the next one names: it takes the proof that the account takes, and changes nothing of it.
async fn an_invitation_is_a_way_into_the_account_that_is_there(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    invite(app, &root, json!({"email": EMAIL, "role": "admin"})).await;
    app.run_sql(&format!("UPDATE users SET full_name = 'Grace', locale = 'de' WHERE email_key = '{EMAIL}'")).await;
    let account = async || {
        let found = app.get("/api/v1/users?q=grace", &root.access).await.json();
        found["items"][0].clone()
    };
    let before = account().await;
    proven(app, "pwd", TimeDelta::seconds(601)).await;
    for role in ["user", "admin"] {
        invite(app, &root, json!({"email": EMAIL, "role": role})).await.problem(403, "step_up_required");
    }
    assert_eq!(post.wait_for("invitation", 1).await.len(), 1);
    proven(app, "pwd", TimeDelta::zero()).await;
    assert_eq!(invite(app, &root, json!({"email": "GRACE@example.com"})).await.status, StatusCode::ACCEPTED);
    assert_eq!(post.wait_for("invitation", 2).await.len(), 2);
    assert_eq!(account().await, before);
    assert_eq!((&before["role"], &before["email"]), (&json!("admin"), &json!(EMAIL)));
}

async fn an_invitation_is_void_once_there_is_a_password(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    invite(app, &root, json!({"email": EMAIL})).await;
    let invited = last_token(app, Purpose::Invitation, EMAIL).await;
    app.post("/api/v1/auth/password-reset", json!({"email": EMAIL})).await;
    let reset = last_token(app, Purpose::ResetPassword, EMAIL).await;
    // Each is worth nothing for the other.
    assert!(is_refused(&accept(app, json!({"token": reset}), PASSWORD).await));
    let body = json!({"token": reset, "new_password": PASSWORD});
    assert_eq!(app.post("/api/v1/auth/password-reset/confirm", body).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&accept(app, json!({"token": invited}), "another good password").await));
    app.sign_in(EMAIL).await;
}

async fn of_many_invitations_at_once_one_makes_the_account(app: App) {
    let post = Post::of(app).await;
    let root = post.app.admin("root@example.com").await;
    let answers = join_all((0..8).map(|_| invite(&post.app, &root, json!({"email": EMAIL})))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED), "{answers:?}");
    assert_eq!((count(&post.app, "users").await, count(&post.app, "outbox").await), (2, 3));
}

async fn without_mail_nobody_is_invited(app: App) {
    let root = app.admin("root@example.com").await;
    invite(&app, &root, json!({"email": EMAIL})).await.problem(503, "mail_is_off");
    assert_eq!(count(&app, "users").await, 1);
}
