//! How many wrong codes may be tried.

use chrono::TimeDelta;
use domain::Clock as _;
use infra_security::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::{on_each_database, totp};

use super::{BY_RECOVERY_CODE, BY_TOTP, EMAIL, Enrolled, TOTP, proven, step_up};
use crate::app::App;
use crate::letterbox::count;

on_each_database!(
    guesses_are_counted_together_whatever_is_tried_and_asked,
    after_a_hundred_wrong_codes_in_a_row_another_factor_is_needed,
    what_cannot_be_a_code_is_a_fault_of_the_body_and_no_guess,
    whoever_may_not_confirm_an_app_uses_up_no_guesses,
);

/// Codes of apps and recovery codes, at each route that takes one: neither another route nor another challenge nor
/// another sign-in with the password comes with other attempts.
async fn guesses_are_counted_together_whatever_is_tried_and_asked(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let (wrong, wrong_recovery) = (totp::wrong_code(&ada.secret), "22222-22222".to_owned());
    let unconfirmed = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": "Tablet"})).await;
    let unconfirmed = format!("{}/confirm", unconfirmed.header("location"));
    let guess = async |number: usize, code: &str| {
        let access = &ada.tokens.access;
        match number {
            0 => app.post(BY_TOTP, json!({"challenge": ada.challenge(&app).await, "code": code})).await,
            1 => app.post(BY_RECOVERY_CODE, json!({"challenge": ada.challenge(&app).await, "code": code})).await,
            2 => step_up(&app, access, json!({"totp": code})).await,
            3 => step_up(&app, access, json!({"recovery_code": code})).await,
            _ => app.send_as(access, Method::POST, &unconfirmed, json!({"code": code})).await,
        }
    };
    let is_recovery = |number: usize| matches!(number, 1 | 3);
    let of = |number: usize| if is_recovery(number) { &wrong_recovery } else { &wrong };
    for number in 0..5 {
        // 401 would make clients drop a session that goes on.
        let (status, code) = if number < 2 { (401, "invalid_second_factor") } else { (403, "wrong_proof") };
        guess(number, of(number)).await.problem(status, code);
    }
    // As if there had been so many that no other comes free while this runs.
    let later = (SystemClock.now() + TimeDelta::minutes(10)).timestamp_millis();
    app.run_sql(&format!("UPDATE attempts SET count = 20, free_at = {later}")).await;
    for number in 0..5 {
        guess(number, of(number)).await.problem(429, "too_many_attempts");
        let right = if is_recovery(number) { ada.recovery_codes[0].clone() } else { ada.next_code(&app).await };
        guess(number, &right).await.problem(429, "too_many_attempts");
    }
    // The password is counted by itself.
    assert!(app.login(EMAIL, "wrong").await.status == StatusCode::UNAUTHORIZED);
    // One that is right forgets those before.
    app.run_sql("UPDATE attempts SET count = 4, free_at = 0").await;
    for _ in 0..3 {
        ada.sign_in(&app).await;
        for _ in 0..4 {
            guess(0, &wrong).await.problem(401, "invalid_second_factor");
        }
    }
    // Whoever resets it lets them try again.
    let root = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}/attempts", app.id(&ada.tokens).await);
    let listed = app.get(&path, &root.access).await.json();
    assert!(listed.as_array().unwrap().iter().any(|one| one["kind"] == "second_factor"), "{listed}");
    assert_eq!(app.delete(&path, &root.access).await.status, StatusCode::NO_CONTENT);
    ada.sign_in(&app).await;
}

/// However slowly they come: what is counted for waits is forgotten after a day.
async fn after_a_hundred_wrong_codes_in_a_row_another_factor_is_needed(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let show = |challenge: String, code: String| app.post(BY_TOTP, json!({"challenge": challenge, "code": code}));
    let wrong = totp::code(&ada.secret).chars().rev().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
    show(ada.challenge(&app).await, wrong).await.problem(401, "invalid_second_factor");
    app.run_sql("UPDATE totp_attempts SET in_a_row = 100").await;
    app.run_sql("DELETE FROM attempts").await;
    // Nor are they attempts at what is asked for instead.
    for _ in 0..6 {
        show(ada.challenge(&app).await, ada.next_code(&app).await).await.problem(403, "totp_used_up");
    }
    let by_code = json!({"challenge": ada.challenge(&app).await, "code": ada.recovery_codes[0]});
    app.post(BY_RECOVERY_CODE, by_code).await.tokens();
    show(ada.challenge(&app).await, ada.next_code(&app).await).await.tokens();
}

/// Of six of them none is counted, so that whoever mistypes is not kept out, and none tells anything.
async fn what_cannot_be_a_code_is_a_fault_of_the_body_and_no_guess(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let unconfirmed = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": "Tablet"})).await;
    let confirm = format!("{}/confirm", unconfirmed.header("location"));
    let pending = ada.challenge(&app).await;
    let access = &ada.tokens.access;
    for code in ["12345", "1234567", "12345a", "12-3456", "", "１２３４５６"] {
        for challenge in [&pending, "hxc_"] {
            let refused = app.post(BY_TOTP, json!({"challenge": challenge, "code": code})).await;
            assert_eq!(refused.problem(422, "validation_failed"), ["code:invalid_code"], "{code}");
        }
        let refused = step_up(&app, access, json!({"totp": code})).await;
        assert_eq!(refused.problem(422, "validation_failed"), ["totp:invalid_code"], "{code}");
        let refused = app.send_as(access, Method::POST, &confirm, json!({"code": code})).await;
        assert_eq!(refused.problem(422, "validation_failed"), ["code:invalid_code"], "{code}");
    }
    for code in ["123456", "23456-789A", "23456-789ABC", "23456_789AB", "2345ü-789AB"] {
        for challenge in [&pending, "hxc_"] {
            let refused = app.post(BY_RECOVERY_CODE, json!({"challenge": challenge, "code": code})).await;
            assert_eq!(refused.problem(422, "validation_failed"), ["code:invalid_code"], "{code}");
        }
        let refused = step_up(&app, access, json!({"recovery_code": code})).await;
        assert_eq!(refused.problem(422, "validation_failed"), ["recovery_code:invalid_code"], "{code}");
    }
    assert_eq!(count(&app, "attempts WHERE attempted = 'second_factor'").await, 0);
    let code = ada.next_code(&app).await;
    let typed = format!(" {} {} ", &code[..3], &code[3..]);
    app.post(BY_TOTP, json!({"challenge": pending, "code": typed})).await.tokens();
}

async fn whoever_may_not_confirm_an_app_uses_up_no_guesses(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let unconfirmed = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": "Tablet"})).await;
    let nowhere = format!("{TOTP}/{}", uuid::Uuid::nil());
    let confirm = async |device: &str| {
        let path = format!("{device}/confirm");
        app.send_as(&ada.tokens.access, Method::POST, &path, json!({"code": "123456"})).await
    };
    for _ in 0..6 {
        confirm(&nowhere).await.problem(404, "not_found");
    }
    proven(&app, "pwd otp mfa", TimeDelta::seconds(601)).await;
    for _ in 0..6 {
        confirm(unconfirmed.header("location")).await.problem(403, "step_up_required");
    }
    ada.sign_in(&app).await;
}
