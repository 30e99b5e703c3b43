//! What a change of factors takes, and what ends with it.

use chrono::TimeDelta;
use domain::one_time_tokens::Purpose;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{on_each_database, totp};

use super::{BY_TOTP, EMAIL, Enrolled, FACTORS, RECOVERY_CODES, TOTP, codes, proven, step_up};
use crate::app::{App, NEW_PASSWORD, PASSWORD};
use crate::letterbox::{Post, count, is_refused};
use crate::registration::last_token;

on_each_database!(
    what_changes_factors_needs_the_strongest_recent_proof,
    a_session_that_was_not_proven_steps_up_by_password_where_there_is_no_factor,
    a_change_of_factors_ends_what_the_old_ones_vouched_for,
    admins_reset_factors_and_see_none,
    a_stranger_leaves_no_factor_behind_for_the_owner_of_an_address,
);

async fn what_changes_factors_needs_the_strongest_recent_proof(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let access = &ada.tokens.access;
    let (name, code) = (json!({"name": "Tablet"}), json!({"code": "123456"}));
    let acts = [
        (Method::POST, TOTP.to_owned(), name),
        (Method::POST, format!("{}/confirm", ada.device), code),
        (Method::POST, RECOVERY_CODES.to_owned(), json!({})),
        (Method::DELETE, ada.device.clone(), json!({})),
    ];
    for (methods, ago) in
        [("pwd", TimeDelta::zero()), ("mail", TimeDelta::zero()), ("pwd otp mfa", TimeDelta::seconds(601))]
    {
        proven(&app, methods, ago).await;
        for (method, path, body) in &acts {
            let refused = app.send_as(access, method.clone(), path, body.clone()).await;
            refused.problem(403, "step_up_required");
            assert_eq!(refused.json()["factors"], json!(["totp", "recovery_code"]), "{path}");
        }
        let by_password = step_up(&app, access, json!({"password": PASSWORD})).await;
        by_password.problem(403, "step_up_required");
        assert_eq!(by_password.json()["factors"], json!(["totp", "recovery_code"]));
        let again = json!({"totp": ada.next_code(&app).await});
        assert_eq!(step_up(&app, access, again).await.status, StatusCode::NO_CONTENT);
        let made = app.send_as(access, Method::POST, TOTP, json!({"name": "Tablet"})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    }
    // Of a recovery code alone, too.
    proven(&app, "pwd", TimeDelta::zero()).await;
    let recovery = json!({"recovery_code": ada.recovery_codes[3].to_lowercase().replace('-', " ")});
    assert_eq!(step_up(&app, access, recovery.clone()).await.status, StatusCode::NO_CONTENT);
    step_up(&app, access, recovery).await.problem(403, "wrong_proof");
    let renewed = app.send_as(access, Method::POST, RECOVERY_CODES, json!({})).await;
    assert_eq!((renewed.status, codes(&renewed).len()), (StatusCode::OK, 10));
    let old = json!({"recovery_code": ada.recovery_codes[4]});
    step_up(&app, access, old).await.problem(403, "wrong_proof");
    assert_eq!(app.delete(&ada.device, access).await.status, StatusCode::NO_CONTENT);
    let access = app.refresh(&ada.tokens.refresh).await.tokens().access;
    assert_eq!(
        app.get(FACTORS, &access).await.json(),
        json!({"totp": [], "passkeys": [], "recovery_codes_left": 0, "required": false, "due_at": null})
    );
    app.send_as(&access, Method::POST, RECOVERY_CODES, json!({})).await.problem(404, "not_found");
    app.sign_in(EMAIL).await;
    for body in [json!({}), json!({"password": PASSWORD, "totp": "123456"}), json!({"password": null})] {
        let refused = step_up(&app, &access, body).await;
        assert_eq!(refused.problem(422, "validation_failed"), ["password:required"]);
        assert!(refused.text.contains("Exactly one of 'password', "), "{refused:?}");
    }
}

async fn a_session_that_was_not_proven_steps_up_by_password_where_there_is_no_factor(app: App) {
    let tokens = app.sign_up(EMAIL).await;
    let elsewhere = app.sign_in(EMAIL).await;
    let set_up = async |access: &str| app.send_as(access, Method::POST, TOTP, json!({"name": "Phone"})).await;
    proven(&app, "pwd", TimeDelta::seconds(601)).await;
    let refused = set_up(&tokens.access).await;
    refused.problem(403, "step_up_required");
    assert_eq!(refused.json()["factors"], json!(["password"]));
    step_up(&app, &tokens.access, json!({"password": "wrong"})).await.problem(403, "wrong_current_password");
    // Of what is not set up nothing is a guess, and it is said what there is.
    for (factor, code) in [("totp", "123456"), ("recovery_code", "22222-22222")].repeat(6) {
        let refused = step_up(&app, &tokens.access, json!({factor: code})).await;
        refused.problem(403, "step_up_required");
        assert_eq!(refused.json()["factors"], json!(["password"]), "{factor}");
    }
    assert_eq!(count(&app, "attempts WHERE attempted = 'second_factor'").await, 0);
    // No refresh is a proof.
    let access = app.refresh(&tokens.refresh).await.tokens().access;
    set_up(&access).await.problem(403, "step_up_required");
    assert_eq!(step_up(&app, &access, json!({"password": PASSWORD})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(set_up(&access).await.status, StatusCode::CREATED);
    // It is that of one session.
    set_up(&elsewhere.access).await.problem(403, "step_up_required");
    // Whoever has no password signs in again.
    app.run_sql("DELETE FROM passwords").await;
    for refused in [set_up(&elsewhere.access).await, step_up(&app, &elsewhere.access, json!({"totp": "123456"})).await]
    {
        refused.problem(403, "step_up_required");
        assert_eq!(refused.json()["factors"], json!([]));
        assert!(refused.text.contains("Sign in again"), "{refused:?}");
    }
}

async fn a_change_of_factors_ends_what_the_old_ones_vouched_for(first: App) {
    first.register(EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let app = &post.app;
    let elsewhere = app.sign_in(EMAIL).await;
    let ada = Enrolled::with(app, EMAIL, &app.sign_in(EMAIL).await).await;
    app.me(&elsewhere.access).await.problem(401, "invalid_token");
    app.refresh(&elsewhere.refresh).await.problem(401, "invalid_refresh_token");
    let elsewhere = ada.sign_in(app).await;
    let pending = ada.challenge(app).await;
    assert_eq!(count(app, "refresh_tokens WHERE revoked_at IS NULL AND amr LIKE '%otp%'").await, 2);
    assert_eq!(app.delete(&ada.device, &ada.tokens.access).await.status, StatusCode::NO_CONTENT);
    app.me(&elsewhere.access).await.problem(401, "invalid_token");
    app.refresh(&elsewhere.refresh).await.problem(401, "invalid_refresh_token");
    app.me(&ada.tokens.access).await.problem(401, "invalid_token");
    app.refresh(&ada.tokens.refresh).await.tokens();
    assert_eq!(count(app, "refresh_tokens WHERE revoked_at IS NULL AND amr LIKE '%otp%'").await, 0);
    assert_eq!(count(app, "recovery_codes").await, 0);
    assert!(is_refused(&app.post(BY_TOTP, json!({"challenge": pending, "code": totp::code(&ada.secret)})).await));
    for kind in ["factor_added", "factor_removed"] {
        let told = post.wait_for(kind, 1).await;
        assert!(told[0].text.contains("To: ada@example.com"), "{}", told[0].text);
        // Somebody typed that.
        assert!(!told[0].text.contains("Phone"), "{}", told[0].text);
    }
    for kind in ["factor.set_up", "factor.added", "factor.removed", "second_factor.asked"] {
        let events = count(app, &format!("events WHERE kind = '{kind}'")).await;
        assert!(events > 0, "{kind}");
    }
}

async fn admins_reset_factors_and_see_none(first: App) {
    let ada = Enrolled::new(&first, EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}/factors", app.id(&ada.tokens).await);
    let listed = app.get(&path, &root.access).await;
    assert_eq!(
        (&listed.json()["totp"][0]["name"], &listed.json()["recovery_codes_left"]),
        (&json!("Phone"), &json!(10))
    );
    assert!(!listed.text.contains(&ada.secret), "{listed:?}");
    for answer in [app.get(&path, &ada.tokens.access).await, app.delete(&path, &ada.tokens.access).await] {
        answer.problem(403, "forbidden");
    }
    let nobody = format!("/api/v1/users/{}/factors", uuid::Uuid::nil());
    for answer in [app.get(&nobody, &root.access).await, app.delete(&nobody, &root.access).await] {
        answer.problem(404, "not_found");
    }
    let own = format!("/api/v1/users/{}/factors", app.id(&root).await);
    app.delete(&own, &root.access).await.problem(403, "forbidden");
    let pending = ada.challenge(app).await;
    let wrong = json!({"challenge": pending, "code": totp::wrong_code(&ada.secret)});
    app.post(BY_TOTP, wrong).await.problem(401, "invalid_second_factor");
    assert_eq!(count(app, "attempts WHERE attempted = 'second_factor'").await, 1);
    // An admin proves again who they are, as for their own factors.
    proven(app, "pwd", TimeDelta::seconds(601)).await;
    let refused = app.delete(&path, &root.access).await;
    refused.problem(403, "step_up_required");
    assert_eq!(refused.json()["factors"], json!(["password"]));
    assert_eq!(count(app, "totp_devices").await, 1);
    assert_eq!(step_up(app, &root.access, json!({"password": PASSWORD})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.delete(&path, &root.access).await.status, StatusCode::NO_CONTENT);
    app.me(&ada.tokens.access).await.problem(401, "invalid_token");
    app.refresh(&ada.tokens.refresh).await.problem(401, "invalid_refresh_token");
    assert!(is_refused(&app.post(BY_TOTP, json!({"challenge": pending, "code": totp::code(&ada.secret)})).await));
    assert_eq!((count(app, "totp_devices").await, count(app, "recovery_codes").await), (0, 0));
    assert_eq!(count(app, "attempts WHERE attempted = 'second_factor'").await, 0);
    let without = app.sign_in(EMAIL).await;
    assert!(post.wait_for("factors_reset", 1).await[0].text.contains("To: ada@example.com"));
    // Of whoever has none, nothing is changed.
    assert_eq!(app.delete(&path, &root.access).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.me(&without.access).await.status, StatusCode::OK);
    app.refresh(&without.refresh).await.tokens();
    assert_eq!(count(app, "outbox WHERE kind = 'factors_reset'").await, 1);
    assert_eq!(count(app, "events WHERE kind = 'factors.reset' AND actor_kind = 'user'").await, 1);
}

/// Whoever proves an address first owns the account: a factor that somebody else set up before must not keep them out.
async fn a_stranger_leaves_no_factor_behind_for_the_owner_of_an_address(first: App) {
    let post = Post::with(first, &[("APP_AUTH__EMAIL_SIGN_IN", "true")]).await;
    let app = &post.app;
    let mallory = Enrolled::new(app, EMAIL).await;
    app.post("/api/v1/auth/email-sign-in", json!({"email": EMAIL})).await;
    let token = last_token(app, Purpose::SignIn, EMAIL).await;
    app.post("/api/v1/auth/email-sign-in/confirm", json!({"token": token})).await.tokens();
    app.refresh(&mallory.tokens.refresh).await.problem(401, "invalid_refresh_token");

    let email = "grace@example.com";
    Enrolled::new(app, email).await;
    post.request(email).await;
    let token = last_token(app, Purpose::ResetPassword, email).await;
    let reset = post.confirm(json!({"token": token, "new_password": NEW_PASSWORD})).await;
    assert_eq!(reset.status, StatusCode::NO_CONTENT);
    app.login(email, NEW_PASSWORD).await.tokens();
    assert_eq!(count(app, "totp_devices").await, 0);
}
