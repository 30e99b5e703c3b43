//! The second step of a sign-in, and the challenge that leads to it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::Clock as _;
use domain::one_time_tokens::Purpose;
use infra_security::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{on_each_database, totp};

use super::{BY_RECOVERY_CODE, BY_TOTP, EMAIL, Enrolled, challenge};
use crate::app::{App, NEW_PASSWORD, PASSWORD, send};
use crate::letterbox::{Post, count, is_refused};
use crate::registration::last_token;

on_each_database!(
    no_way_leads_around_the_second_factor,
    a_reset_neither_signs_in_nor_removes_a_factor,
    a_challenge_is_not_a_session,
    a_challenge_ends_with_its_time_and_with_what_was_proven,
);

/// Of the first factors that there are, none is enough by itself; and each goes on with either second one.
async fn no_way_leads_around_the_second_factor(first: App) {
    let ada = Enrolled::new(&first, EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::with(first, &[("APP_AUTH__EMAIL_SIGN_IN", "true")]).await;
    let app = &post.app;
    let sessions = count(app, "refresh_tokens").await;
    let fields = [("grant_type", "password"), ("username", EMAIL), ("password", PASSWORD)];
    let login = send(app.request(Method::POST, "/api/v1/auth/login").form(&fields)).await;
    let oauth = send(app.request(Method::POST, "/oauth2/token").form(&fields)).await;
    assert!(oauth.status.is_client_error() && oauth.json()["access_token"].is_null(), "{oauth:?}");
    let confirm = "/api/v1/auth/email-sign-in/confirm";
    app.post("/api/v1/auth/email-sign-in", json!({"email": EMAIL})).await;
    post.wait_for("sign_in", 1).await;
    let token = last_token(app, Purpose::SignIn, EMAIL).await;
    let by_link = app.post(confirm, json!({"token": token})).await;
    app.post("/api/v1/auth/email-sign-in", json!({"email": EMAIL})).await;
    let code = post.wait_for("sign_in", 2).await.pop().unwrap().code;
    let by_code = app.post(confirm, json!({"email": EMAIL, "code": code})).await;
    assert_eq!(count(app, "refresh_tokens").await, sessions, "a session has begun");
    let ways = [app.login(EMAIL, PASSWORD).await, login, by_link, by_code];
    for (way, recovery_code) in ways.iter().zip(&ada.recovery_codes) {
        way.problem(403, "second_factor_required");
        let left = way.json()["expires_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() - SystemClock.now();
        assert!(left > TimeDelta::minutes(9) && left <= TimeDelta::minutes(10), "{left}");
        assert_eq!(way.json()["expires_in"], 600);
        assert_eq!(way.json()["factors"], json!(["totp", "recovery_code"]));
        let challenge = challenge(way);
        let wrong = json!({"challenge": challenge, "code": totp::wrong_code(&ada.secret)});
        app.post(BY_TOTP, wrong).await.problem(401, "invalid_second_factor");
        // Neither is the other.
        let swapped = json!({"challenge": challenge, "code": recovery_code});
        let faults = app.post(BY_TOTP, swapped.clone()).await.problem(422, "validation_failed");
        assert_eq!(faults, ["code:invalid_code"]);
        let finished = if recovery_code == &ada.recovery_codes[0] {
            app.post(BY_RECOVERY_CODE, swapped.clone()).await
        } else {
            app.post(BY_TOTP, json!({"challenge": challenge, "code": ada.next_code(app).await})).await
        };
        assert_eq!(app.me(&finished.tokens().access).await.status, StatusCode::OK);
        let again = app.post(BY_RECOVERY_CODE, swapped).await;
        assert!(is_refused(&again), "the challenge was used");
        assert!(again.text.contains("The challenge is not valid"), "{again:?}");
    }
    // A wrong password is told as ever.
    app.login(EMAIL, "wrong").await.problem(401, "invalid_credentials");
}

async fn a_reset_neither_signs_in_nor_removes_a_factor(first: App) {
    let ada = Enrolled::new(&first, EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let (app, link) = (&post.app, post.mailed().await);
    // The page of the mail goes on for accounts with a factor.
    let form = [("token", link.token.as_str()), ("new_password", NEW_PASSWORD)];
    let page = send(app.request(Method::POST, "/account/reset-password").form(&form)).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    assert_eq!(app.login(EMAIL, PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    app.refresh(&ada.tokens.refresh).await.problem(401, "invalid_refresh_token");
    let asked = app.login(EMAIL, NEW_PASSWORD).await;
    asked.problem(403, "second_factor_required");
    let code = ada.next_code(app).await;
    app.post(BY_TOTP, json!({"challenge": challenge(&asked), "code": code})).await.tokens();
}

/// It is rejected wherever a session or another token is asked for, and is good for its own purpose afterwards.
async fn a_challenge_is_not_a_session(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenge = ada.challenge(&app).await;
    let document: Value = serde_json::from_str(&api_actix::openapi::json()).unwrap();
    let mut guarded = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let schemes = operation["security"].as_array().cloned().unwrap_or_default();
            let needs_token = schemes.iter().any(|scheme| scheme.get("bearer").is_some())
                && !schemes.iter().any(|scheme| scheme.as_object().unwrap().is_empty());
            if !needs_token {
                continue;
            }
            let path = path.replace("{id}", &uuid::Uuid::nil().to_string()).replace("{session}", "x");
            let method = method.to_uppercase().parse().unwrap();
            let answer = send(app.request(method, &path).bearer_auth(&challenge)).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}: {answer:?}");
            guarded += 1;
        }
    }
    assert!(guarded > 20, "{guarded}");
    app.refresh(&challenge).await.problem(401, "invalid_refresh_token");
    let post = Post::with(app, &[("APP_AUTH__EMAIL_SIGN_IN", "true")]).await;
    let app = &post.app;
    for path in ["verify-email", "email-sign-in/confirm", "email-change/stop"] {
        let answer = app.post(&format!("/api/v1/auth/{path}"), json!({"token": challenge})).await;
        assert!(is_refused(&answer) || answer.status == StatusCode::NOT_FOUND, "{path}: {answer:?}");
    }
    for path in ["password-reset/confirm", "invitations/accept"] {
        let body = json!({"token": challenge, "new_password": NEW_PASSWORD});
        assert!(is_refused(&app.post(&format!("/api/v1/auth/{path}"), body).await), "{path}");
    }
    // And none of these is a challenge.
    app.run_sql("UPDATE users SET email_verified = true").await;
    post.request(EMAIL).await;
    let other = last_token(app, Purpose::ResetPassword, EMAIL).await;
    let code = ada.next_code(app).await;
    for wrong in [other.as_str(), &ada.tokens.access, &ada.tokens.refresh[..68], "hxc_", "x"] {
        let answer = app.post(BY_TOTP, json!({"challenge": wrong, "code": code})).await;
        assert!(is_refused(&answer) || answer.status == StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    app.post(BY_TOTP, json!({"challenge": challenge, "code": code})).await.tokens();
}

async fn a_challenge_ends_with_its_time_and_with_what_was_proven(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let root = app.admin("root@example.com").await;
    let account = format!("/api/v1/users/{}", app.id(&ada.tokens).await);
    let finish = async |challenge: &str| {
        let body = json!({"challenge": challenge, "code": ada.next_code(&app).await});
        app.post(BY_TOTP, body).await
    };
    let late = ada.challenge(&app).await;
    app.run_sql("UPDATE one_time_tokens SET expires_at = created_at").await;
    assert!(is_refused(&finish(&late).await));

    let set = json!({"password": PASSWORD});
    for (method, path, body) in [
        (Method::PUT, format!("{account}/password"), set),
        (Method::PATCH, account.clone(), json!({"is_active": false})),
        (Method::PATCH, account.clone(), json!({"role": "admin"})),
        (Method::DELETE, format!("{account}/sessions"), json!({})),
    ] {
        let pending = ada.challenge(&app).await;
        let changed = app.send_as(&root.access, method, &path, body.clone()).await;
        assert!(changed.status.is_success(), "{changed:?}");
        app.send_as(&root.access, Method::PATCH, &account, json!({"is_active": true})).await;
        assert!(is_refused(&finish(&pending).await), "after {body} of {path}");
    }
    ada.sign_in(&app).await;
}
