//! Where a second factor is required: how long an account may go without one, and how it gets in afterwards.

use chrono::{DateTime, TimeDelta, Utc};
use domain::Clock;
use domain::one_time_tokens::Purpose;
use futures_util::future::join_all;
use infra_security::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, NEW_PASSWORD, PASSWORD, Tokens};
use crate::letterbox::{Post, count};
use crate::registration::last_token;
use crate::second_factors::{BY_TOTP, Enrolled, FACTORS, TOTP, challenge};

on_each_database!(
    the_time_without_a_factor_begins_with_the_first_sign_in_and_is_told,
    only_those_of_whom_it_is_required_must_have_one,
    afterwards_a_mailed_code_is_asked_for_besides_the_password,
    what_proves_the_mailbox_already_is_not_followed_by_a_mail,
    mailed_codes_are_counted_whatever_is_asked_and_sent_again,
    of_a_hundred_at_once_with_one_mailed_code_one_signs_in,
    the_last_factor_stays_also_when_two_are_removed_at_once,
);

const EMAIL: &str = "ada@example.com";
const REQUIRED: (&str, &str) = ("APP_AUTH__SECOND_FACTOR", "required");
const SEND: &str = "/api/v1/auth/challenge/email-code/send";
const BY_EMAIL_CODE: &str = "/api/v1/auth/challenge/email-code";

/// The same database, where a factor is required and mail is sent. The account is there, and its address proven.
async fn with_policy(first: App, settings: &[(&str, &str)]) -> Post {
    assert_eq!(first.register(EMAIL).await.status, StatusCode::CREATED);
    first.run_sql("UPDATE users SET email_verified = true").await;
    Post::with(first, &[&[REQUIRED], settings].concat()).await
}

/// As if the time without a factor were over.
async fn make_due(app: &App) {
    app.run_sql("UPDATE second_factor_graces SET began_at = '2026-01-01T00:00:00Z'").await;
}

/// An account that signed in long ago, and a challenge for it.
async fn due(app: &App) -> String {
    app.sign_in(EMAIL).await;
    make_due(app).await;
    let asked = app.login(EMAIL, PASSWORD).await;
    assert_eq!(offered(&asked), json!(["email_code"]));
    challenge(&asked)
}

fn offered(asked: &Answer) -> Value {
    asked.problem(403, "second_factor_required");
    asked.json()["factors"].clone()
}

async fn send_code(post: &Post, challenge: &str) -> String {
    let mails = post.mails("email_code").len();
    let sent = post.app.post(SEND, json!({"challenge": challenge})).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{sent:?}");
    post.wait_for("email_code", mails + 1).await.pop().unwrap().code
}

async fn finish(app: &App, challenge: &str, code: &str) -> Answer {
    app.post(BY_EMAIL_CODE, json!({"challenge": challenge, "code": code})).await
}

async fn due_at(app: &App, tokens: &Tokens) -> Option<DateTime<Utc>> {
    let factors = app.get(FACTORS, &tokens.access).await.json();
    assert_eq!(factors["required"], true, "{factors}");
    factors["due_at"].as_str().map(|time| time.parse().unwrap())
}

async fn the_time_without_a_factor_begins_with_the_first_sign_in_and_is_told(first: App) {
    // From before it was required.
    let before = first.sign_up(EMAIL).await;
    assert_eq!(first.get(FACTORS, &before.access).await.json()["required"], false);
    let app = first.another_node(&[REQUIRED, ("APP_AUTH__SECOND_FACTOR_GRACE", "3d")]).await;
    assert_eq!(due_at(&app, &before).await, None);
    // A refused sign-in does not begin it.
    app.login(EMAIL, "wrong").await;
    assert_eq!(count(&app, "second_factor_graces").await, 0);
    let tokens = app.sign_in(EMAIL).await;
    let told = due_at(&app, &tokens).await.unwrap();
    let left = told - SystemClock.now();
    assert!(left > TimeDelta::hours(71) && left <= TimeDelta::hours(72), "{left}");
    app.sign_in(EMAIL).await;
    assert_eq!(due_at(&app, &before).await, Some(told));
    let enrolled = Enrolled::with(&app, EMAIL, &tokens).await;
    assert_eq!(due_at(&app, &enrolled.tokens).await, None);
    make_due(&app).await;
    enrolled.sign_in(&app).await;
}

async fn only_those_of_whom_it_is_required_must_have_one(first: App) {
    let app = first.another_node(&[("APP_AUTH__SECOND_FACTOR", "admins")]).await;
    let (ada, root) = (app.sign_up(EMAIL).await, app.admin("root@example.com").await);
    assert_eq!(app.get(FACTORS, &ada.access).await.json()["required"], false);
    assert!(due_at(&app, &root).await.is_some());
    assert_eq!(count(&app, "second_factor_graces").await, 1);
    make_due(&app).await;
    app.sign_in(EMAIL).await;
    // No mail is sent here.
    let refused = app.login("root@example.com", PASSWORD).await;
    assert_eq!(offered(&refused), json!([]));
    assert!(refused.text.contains("ask an admin") && !refused.text.contains("Send one"), "{refused:?}");
    // A session that has begun goes on, and sets one up.
    let root = app.refresh(&root.refresh).await.tokens();
    Enrolled::with(&app, "root@example.com", &root).await.sign_in(&app).await;
    // Where it is required of nobody, nobody is asked.
    first.run_sql("DELETE FROM totp_devices").await;
    first.sign_in("root@example.com").await;
}

async fn afterwards_a_mailed_code_is_asked_for_besides_the_password(first: App) {
    let post = with_policy(first, &[("APP_AUTH__EMAIL_SIGN_IN", "true")]).await;
    let app = &post.app;
    let challenge = due(app).await;
    finish(app, &challenge, "2222-2222").await.problem(401, "invalid_second_factor");
    app.post(BY_TOTP, json!({"challenge": challenge, "code": "123456"})).await.problem(401, "invalid_second_factor");
    for code in ["123456", "x", "2222_2222"].repeat(2) {
        let refused = finish(app, &challenge, code).await;
        assert_eq!(refused.problem(422, "validation_failed"), ["code:invalid_code"], "{code}");
    }
    assert_eq!(count(app, "attempts WHERE count > 1").await, 0);
    app.run_sql("DELETE FROM attempts").await;
    let earlier = send_code(&post, &challenge).await;
    let code = send_code(&post, &challenge).await;
    finish(app, &challenge, &earlier).await.problem(401, "invalid_second_factor");
    // It is worth nothing for another purpose.
    for path in ["verify-email", "email-change/confirm", "email-sign-in/confirm"] {
        let answer = app.post(&format!("/api/v1/auth/{path}"), json!({"email": EMAIL, "code": code})).await;
        answer.problem(400, "invalid_one_time_token");
    }
    let tokens = finish(app, &challenge, &code.to_lowercase()).await.tokens();
    let told = app.get("/api/v1/auth/verify", &tokens.access).await;
    assert_eq!(told.json()["amr"], json!(["pwd", "mail"]));
    // Each was good once, and neither is good for anything else.
    let invalid = finish(app, &challenge, &code).await;
    invalid.problem(400, "invalid_one_time_token");
    app.post(SEND, json!({"challenge": challenge})).await.problem(400, "invalid_one_time_token");
    // Whoever is in sets up a factor, and is asked for that next time. A mail is none any more.
    let ada = Enrolled::with(app, EMAIL, &tokens).await;
    let asked = app.login(EMAIL, PASSWORD).await;
    assert_eq!(offered(&asked), json!(["totp", "recovery_code"]));
    let challenge = asked.json()["challenge"].as_str().unwrap().to_owned();
    app.post(SEND, json!({"challenge": challenge})).await.problem(403, "email_code_not_offered");
    finish(app, &challenge, "2222-2222").await.problem(403, "email_code_not_offered");
    ada.sign_in(app).await;
    assert_eq!(count(app, "events WHERE kind = 'second_factor.mailed'").await, 2);
    for challenge in ["hxc_", "x", &code] {
        app.post(SEND, json!({"challenge": challenge})).await.problem(400, "invalid_one_time_token");
    }
}

async fn what_proves_the_mailbox_already_is_not_followed_by_a_mail(first: App) {
    let post = with_policy(first, &[("APP_AUTH__EMAIL_SIGN_IN", "true")]).await;
    let app = &post.app;
    let pending = due(app).await;
    // Signing in by mail.
    app.post("/api/v1/auth/email-sign-in", json!({"email": EMAIL})).await;
    let token = last_token(app, Purpose::SignIn, EMAIL).await;
    let asked = app.post("/api/v1/auth/email-sign-in/confirm", json!({"token": token})).await;
    assert_eq!(offered(&asked), json!([]));
    app.post(SEND, json!({"challenge": challenge(&asked)})).await.problem(403, "email_code_not_offered");
    // Nor does a code help that was mailed for somebody who knows the password: the mailbox tells that, too.
    let code = send_code(&post, &pending).await;
    finish(app, &challenge(&asked), &code).await.problem(403, "email_code_not_offered");
    // An address that is not proven. The challenge from before offers it no more either.
    app.run_sql("UPDATE users SET email_verified = false").await;
    assert_eq!(offered(&app.login(EMAIL, PASSWORD).await), json!([]));
    app.post(SEND, json!({"challenge": pending})).await.problem(403, "email_code_not_offered");
    app.run_sql("UPDATE users SET email_verified = true").await;
    // A password that came by the same mailbox, after the time was over.
    let mail = post.mailed().await;
    assert_eq!(post.by_link(&mail, NEW_PASSWORD).await.status, StatusCode::NO_CONTENT);
    assert_eq!(offered(&app.login(EMAIL, NEW_PASSWORD).await), json!([]));
    // An admin who knows whom they have before them sets another.
    app.run_sql("DELETE FROM attempts").await;
    let root = app.admin("root@example.com").await;
    let found = app.get("/api/v1/users?q=ada", &root.access).await.json();
    let path = format!("/api/v1/users/{}/password", found["items"][0]["id"].as_str().unwrap());
    let set = app.send_as(&root.access, Method::PUT, &path, json!({"password": PASSWORD})).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{set:?}");
    assert_eq!(offered(&app.login(EMAIL, PASSWORD).await), json!(["email_code"]));
}

/// Neither another code, nor another challenge, nor another sign-in with the password comes with other attempts.
async fn mailed_codes_are_counted_whatever_is_asked_and_sent_again(first: App) {
    let post = with_policy(first, &[]).await;
    let app = &post.app;
    let pending = due(app).await;
    let mut code = send_code(&post, &pending).await;
    for number in 0..5 {
        let challenge = challenge(&app.login(EMAIL, PASSWORD).await);
        finish(app, &challenge, "2222-2222").await.problem(401, "invalid_second_factor");
        if number < 2 {
            code = send_code(&post, &challenge).await;
        }
    }
    finish(app, &pending, &code).await.problem(401, "invalid_second_factor");
    // Nor are mails sent without end: it is said that one is on its way.
    let mails = count(app, "outbox WHERE kind = 'email_code'").await;
    assert_eq!(app.post(SEND, json!({"challenge": pending})).await.status, StatusCode::ACCEPTED);
    assert_eq!(count(app, "outbox WHERE kind = 'email_code'").await, mails);
    app.run_sql("DELETE FROM attempts").await;
    finish(app, &pending, &code).await.tokens();
}

async fn of_a_hundred_at_once_with_one_mailed_code_one_signs_in(first: App) {
    let post = with_policy(first, &[]).await;
    let app = &post.app;
    let challenge = due(app).await;
    let code = send_code(&post, &challenge).await;
    let sessions = count(app, "refresh_tokens").await;
    let answers = join_all((0..100).map(|_| finish(app, &challenge, &code))).await;
    assert!(answers.iter().all(|answer| [200, 400, 401].contains(&answer.status.as_u16())), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    assert_eq!(count(app, "refresh_tokens").await, sessions + 1);
}

async fn the_last_factor_stays_also_when_two_are_removed_at_once(first: App) {
    let app = first.another_node(&[REQUIRED]).await;
    let ada = Enrolled::new(&app, EMAIL).await;
    app.delete(&ada.device, &ada.tokens.access).await.problem(409, "last_factor");
    assert_eq!(count(&app, "recovery_codes").await, 10);
    app.run_sql("UPDATE totp_devices SET name = 'Tablet', name_key = 'tablet'").await;
    let second = Enrolled::with(&app, EMAIL, &ada.tokens).await;
    let access = &second.tokens.access;
    let both = tokio::join!(app.delete(&ada.device, access), app.delete(&second.device, access));
    let statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    assert!(statuses.contains(&204) && (statuses.contains(&409) || statuses.contains(&401)), "{both:?}");
    let left = app.refresh(&second.tokens.refresh).await.tokens();
    for device in [&ada.device, &second.device] {
        let refused = app.delete(device, &left.access).await;
        assert!([404, 409].contains(&refused.status.as_u16()), "{refused:?}");
    }
    assert_eq!(count(&app, "totp_devices WHERE confirmed_at IS NOT NULL").await, 1);
    let renamed = app.send_as(&left.access, Method::POST, TOTP, json!({"name": "Third"})).await;
    assert_eq!(renamed.status, StatusCode::CREATED, "{renamed:?}");
}
