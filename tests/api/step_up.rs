//! What changes how somebody gets in needs a recent proof by the strongest factor that they have: their password, their
//! address, the end of their account, and taking along what is held about them. Factors are in `second_factors`.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, NEW_PASSWORD, PASSWORD};
use crate::letterbox::{Post, count};
use crate::second_factors::{Enrolled, STEP_UP, proven};

on_each_database!(
    a_password_alone_is_not_enough_where_there_is_a_second_factor,
    without_a_second_factor_the_password_in_the_request_is_the_proof,
    whoever_has_no_password_needs_a_recent_proof_alone,
    a_proof_is_that_of_one_session_and_ends_with_the_window,
    admins_prove_who_they_are_before_they_change_who_gets_in,
    an_act_that_is_refused_uses_up_no_mail_of_an_address,
);

const EMAIL: &str = "ada@example.com";
const EXPORT: &str = "/api/v1/users/me/export";
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// What somebody does to their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Export,
    ChangeEmail,
    ChangePassword,
    Delete,
}

impl Act {
    /// The last two end the session.
    const ALL: [Self; 4] = [Self::Export, Self::ChangeEmail, Self::ChangePassword, Self::Delete];

    async fn go(self, app: &App, access: &str, current: Option<&str>) -> Answer {
        let (method, path, mut body) = match self {
            Self::Export => return app.get(EXPORT, access).await,
            Self::ChangeEmail => (Method::PUT, "/api/v1/users/me/email", json!({"email": "lovelace@example.com"})),
            Self::ChangePassword => (Method::PUT, "/api/v1/users/me/password", json!({"new_password": NEW_PASSWORD})),
            Self::Delete => (Method::DELETE, "/api/v1/users/me", json!({})),
        };
        if let Some(current) = current {
            body["current_password"] = current.into();
        }
        app.send_as(access, method, path, body).await
    }

    const fn success(self) -> StatusCode {
        match self {
            Self::Export => StatusCode::OK,
            Self::ChangeEmail => StatusCode::ACCEPTED,
            Self::ChangePassword | Self::Delete => StatusCode::NO_CONTENT,
        }
    }
}

/// It is refused, and these factors are asked for.
fn asks_for(answer: &Answer, factors: &Value) {
    answer.problem(403, "step_up_required");
    assert_eq!(&answer.json()["factors"], factors);
}

async fn a_password_alone_is_not_enough_where_there_is_a_second_factor(first: App) {
    let mut ada = Enrolled::new(&first, EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let app = &post.app;
    let factors = json!(["totp", "recovery_code"]);
    for (methods, ago) in
        [("pwd", TimeDelta::zero()), ("mail", TimeDelta::zero()), ("pwd otp mfa", WINDOW + TimeDelta::seconds(2))]
    {
        proven(app, methods, ago).await;
        for act in Act::ALL {
            // Right or wrong, the password is not even looked at: nobody finds out by this which it is.
            for current in [PASSWORD, "wrong"] {
                asks_for(&act.go(app, &ada.tokens.access, Some(current)).await, &factors);
            }
        }
    }
    app.run_sql("UPDATE refresh_tokens SET amr = 'pwd otp mfa'").await;
    assert_eq!(count(app, "events WHERE kind = 'password.change_refused'").await, 0);
    assert_eq!(count(app, "outbox WHERE kind LIKE '%change%'").await, 0);
    for act in Act::ALL {
        let step_up = json!({"totp": ada.next_code(app).await});
        let proof = app.send_as(&ada.tokens.access, Method::POST, STEP_UP, step_up).await;
        assert_eq!(proof.status, StatusCode::NO_CONTENT, "{proof:?}");
        let password = if act == Act::Delete { NEW_PASSWORD } else { PASSWORD };
        if act != Act::Export {
            act.go(app, &ada.tokens.access, None).await.problem(422, "validation_failed");
            act.go(app, &ada.tokens.access, Some("wrong")).await.problem(403, "wrong_current_password");
        }
        let done = act.go(app, &ada.tokens.access, Some(password)).await;
        assert_eq!(done.status, act.success(), "{act:?}: {done:?}");
        if act == Act::ChangePassword {
            ada.tokens = app.refresh(&ada.tokens.refresh).await.tokens();
        }
    }
    assert_eq!(count(app, "users").await, 0);
}

async fn without_a_second_factor_the_password_in_the_request_is_the_proof(first: App) {
    let mut ada = first.sign_up(EMAIL).await;
    let post = Post::of(first).await;
    let app = &post.app;
    proven(app, "pwd", TimeDelta::days(3)).await;
    asks_for(&Act::Export.go(app, &ada.access, None).await, &json!(["password"]));
    for act in [Act::ChangeEmail, Act::ChangePassword, Act::Delete] {
        let password = if act == Act::Delete { NEW_PASSWORD } else { PASSWORD };
        let missing = act.go(app, &ada.access, None).await;
        assert_eq!(missing.problem(422, "validation_failed"), ["current_password:required"]);
        let done = act.go(app, &ada.access, Some(password)).await;
        assert_eq!(done.status, act.success(), "{act:?}: {done:?}");
        if act == Act::ChangePassword {
            ada = app.refresh(&ada.refresh).await.tokens();
        }
    }
}

async fn whoever_has_no_password_needs_a_recent_proof_alone(first: App) {
    let ada = first.sign_up(EMAIL).await;
    first.run_sql("DELETE FROM passwords").await;
    let post = Post::of(first).await;
    let app = &post.app;
    proven(app, "mail", WINDOW + TimeDelta::seconds(2)).await;
    for act in Act::ALL {
        // There is nothing to prove it by but signing in.
        asks_for(&act.go(app, &ada.access, None).await, &json!([]));
    }
    proven(app, "mail", TimeDelta::zero()).await;
    for act in [Act::ChangeEmail, Act::ChangePassword, Act::Delete] {
        act.go(app, &ada.access, Some(PASSWORD)).await.problem(403, "no_password");
    }
    app.send_as(&ada.access, Method::POST, STEP_UP, json!({"password": PASSWORD})).await.problem(403, "no_password");
    for act in [Act::Export, Act::ChangeEmail, Act::ChangePassword] {
        let done = act.go(app, &ada.access, None).await;
        assert_eq!(done.status, act.success(), "{act:?}: {done:?}");
    }
    // That was their first, and from now on it is asked for.
    app.login(EMAIL, NEW_PASSWORD).await.tokens();
    let ada = app.refresh(&ada.refresh).await.tokens();
    Act::Delete.go(app, &ada.access, None).await.problem(422, "validation_failed");
    app.run_sql("DELETE FROM passwords").await;
    assert_eq!(Act::Delete.go(app, &ada.access, None).await.status, StatusCode::NO_CONTENT);
}

async fn a_proof_is_that_of_one_session_and_ends_with_the_window(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let here = ada.sign_in(&app).await;
    proven(&app, "pwd otp mfa", WINDOW - TimeDelta::seconds(5)).await;
    assert_eq!(Act::Export.go(&app, &here.access, None).await.status, StatusCode::OK);
    proven(&app, "pwd otp mfa", WINDOW + TimeDelta::seconds(2)).await;
    let refused = json!(["totp", "recovery_code"]);
    asks_for(&Act::Export.go(&app, &here.access, None).await, &refused);
    // Nor is a refresh a proof.
    let here = app.refresh(&here.refresh).await.tokens();
    asks_for(&Act::Export.go(&app, &here.access, None).await, &refused);
    let step_up = json!({"totp": ada.next_code(&app).await});
    assert_eq!(app.send_as(&here.access, Method::POST, STEP_UP, step_up).await.status, StatusCode::NO_CONTENT);
    assert_eq!(Act::Export.go(&app, &here.access, None).await.status, StatusCode::OK);
    asks_for(&Act::Export.go(&app, &ada.tokens.access, None).await, &refused);
    // The next token tells others of it.
    let told = async |access: &str| app.get("/api/v1/auth/verify", access).await;
    let before = told(&here.access).await.json();
    let here = app.refresh(&here.refresh).await.tokens();
    let after = told(&here.access).await.json();
    assert!(after["auth_time"].as_i64() > before["auth_time"].as_i64(), "{before} {after}");
    assert_eq!(after["amr"], json!(["pwd", "otp", "mfa"]));
    // Another password ends it elsewhere.
    assert_eq!(Act::ChangePassword.go(&app, &here.access, Some(PASSWORD)).await.status, StatusCode::NO_CONTENT);
    app.refresh(&ada.tokens.refresh).await.problem(401, "invalid_refresh_token");
}

/// What an admin does to others, by route, and whether it needs a fresh proof: whoever only holds their token must
/// neither get into other accounts by it, nor around their second factors or limits, nor keep their owners out, nor
/// make an admin.
fn acts_of_admins() -> Vec<(&'static str, Value, bool)> {
    let new = |more: Value| {
        let mut body = json!({"email": "new@example.com", "password": PASSWORD});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let whole = json!({"email": EMAIL, "full_name": "Ada", "role": "user", "is_active": true});
    vec![
        ("PATCH /api/v1/users/{id}", json!({"full_name": "Ada"}), false),
        ("PUT /api/v1/users/{id}", whole, false),
        ("DELETE /api/v1/users/{id}/sessions/{session}", json!({}), false),
        ("DELETE /api/v1/users/{id}/sessions", json!({}), false),
        ("POST /api/v1/users", new(json!({})), false),
        ("POST /api/v1/users", new(json!({"email": "known@example.com", "email_verified": true})), true),
        ("POST /api/v1/users", new(json!({"email": "third@example.com", "role": "admin"})), true),
        ("POST /api/v1/users/invitations", json!({"email": "guest@example.com"}), false),
        ("POST /api/v1/users/invitations", json!({"email": "host@example.com", "role": "admin"}), true),
        ("PUT /api/v1/users/{id}/password", json!({"password": NEW_PASSWORD}), true),
        ("PATCH /api/v1/users/{id}", json!({"email_verified": true}), true),
        ("PATCH /api/v1/users/{id}", json!({"email": "eve@example.com"}), true),
        ("PATCH /api/v1/users/{id}", json!({"role": "admin"}), true),
        ("PATCH /api/v1/users/{id}", json!({"role": "user"}), true),
        ("PATCH /api/v1/users/{id}", json!({"is_active": false}), true),
        ("PATCH /api/v1/users/{id}", json!({"is_active": true}), true),
        ("DELETE /api/v1/users/{id}/attempts", json!({}), true),
        ("DELETE /api/v1/users/{id}/factors", json!({}), true),
        ("DELETE /api/v1/users/{id}", json!({}), true),
    ]
}

/// The routes of the document by which an admin changes something of others.
#[test]
fn it_is_decided_for_each_route_of_admins_whether_it_needs_a_proof() {
    let document: Value = serde_json::from_str(&api_actix::openapi::json()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let is_of_others = path.starts_with("/api/v1/users") && !path.starts_with("/api/v1/users/me");
        for method in operations.as_object().unwrap().keys().filter(|method| is_of_others && *method != "get") {
            routes.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    assert_eq!(routes, acts_of_admins().into_iter().map(|(route, ..)| route.to_owned()).collect());
}

async fn admins_prove_who_they_are_before_they_change_who_gets_in(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let (ada, root) = (app.sign_up(EMAIL).await, app.admin("root@example.com").await);
    let sessions = app.get("/api/v1/auth/sessions", &ada.access).await.json();
    let (id, session) = (app.id(&ada).await, sessions[0]["id"].as_str().unwrap());
    let go = async |route: &str, body: Value| {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{id}", &id).replace("{session}", session);
        app.send_as(&root.access, method.parse().unwrap(), &path, body).await
    };
    let late = WINDOW + TimeDelta::seconds(2);
    for (route, body, needs_proof) in acts_of_admins() {
        proven(app, "pwd", late).await;
        if needs_proof {
            let before = app.get(&format!("/api/v1/users/{id}"), &root.access).await.json();
            asks_for(&go(route, body.clone()).await, &json!(["password"]));
            let after = app.get(&format!("/api/v1/users/{id}"), &root.access).await.json();
            assert_eq!(after, before, "{route} {body}");
            let stepped = app.send_as(&root.access, Method::POST, STEP_UP, json!({"password": PASSWORD})).await;
            assert_eq!(stepped.status, StatusCode::NO_CONTENT, "{stepped:?}");
        }
        let done = go(route, body.clone()).await;
        assert!(done.status.is_success(), "{route} {body}: {done:?}");
    }
}

async fn an_act_that_is_refused_uses_up_no_mail_of_an_address(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let (ada, root) = (app.sign_up(EMAIL).await, app.admin("root@example.com").await);
    let path = format!("/api/v1/users/{}", app.id(&ada).await);
    let go = async |method: Method, path: &str, body: Value| app.send_as(&root.access, method, path, body).await;
    let new = |email: &str, more: Value| {
        let mut body = json!({"email": email, "password": PASSWORD});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    assert_eq!(go(Method::PATCH, &path, json!({"username": "taken"})).await.status, StatusCode::OK);
    for _ in 0..4 {
        proven(app, "pwd", WINDOW + TimeDelta::seconds(2)).await;
        let made = go(Method::POST, "/api/v1/users", new("made@example.com", json!({"role": "admin"}))).await;
        made.problem(403, "step_up_required");
        go(Method::PATCH, &path, json!({"email": "moved@example.com"})).await.problem(403, "step_up_required");
        let invite = json!({"email": "guest@example.com", "role": "admin"});
        go(Method::POST, "/api/v1/users/invitations", invite).await.problem(403, "step_up_required");
        proven(app, "pwd", TimeDelta::zero()).await;
        let taken = new("second@example.com", json!({"username": "taken"}));
        go(Method::POST, "/api/v1/users", taken).await.problem(409, "duplicate");
        let taken = json!({"email": "moved@example.com", "id": uuid::Uuid::nil()});
        go(Method::PATCH, &path, taken).await.problem(422, "validation_failed");
    }
    go(Method::PATCH, &path, json!({"email": "moved@example.com"})).await;
    for email in ["made@example.com", "second@example.com"] {
        let made = go(Method::POST, "/api/v1/users", new(email, json!({}))).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    }
    go(Method::POST, "/api/v1/users/invitations", json!({"email": "guest@example.com"})).await;
    for name in ["moved", "made", "second", "guest"] {
        let mails = format!("outbox WHERE recipient = '{name}@example.com' AND kind IN ('verify_email', 'invitation')");
        assert_eq!(count(app, &mails).await, 1, "{name}");
    }
}
