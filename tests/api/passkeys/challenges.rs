//! What a challenge is good for, and what its options tell.

use domain::Clock as _;
use futures_util::future::join_all;
use infra_security::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;
use tests::soft_passkey::SoftPasskey;

use super::{
    CHALLENGE, CHALLENGE_OPTIONS, EMAIL, Holder, MY_OPTIONS, OPTIONS, ORIGIN, SIGN_IN, STEP_UP, STEP_UP_OPTIONS, ask,
    asked, finish, presented, register,
};
use crate::app::{App, PASSWORD};
use crate::letterbox::count;
use crate::second_factors::Enrolled;

on_each_database!(
    a_challenge_is_taken_once,
    a_challenge_runs_out,
    a_challenge_is_good_for_its_own_purpose_user_and_session,
    options_tell_nothing_of_accounts,
    whoever_has_no_passkey_is_told_so,
);

/// C8.
async fn a_challenge_is_taken_once(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let body = presented(&ask(&app).await, &ada.passkey);
    let answers = join_all((0..100).map(|_| app.post(SIGN_IN, body.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::OK) {
        answer.problem(400, "invalid_ceremony");
    }
    // It is gone even if the response was no good.
    let asked = ask(&app).await;
    let (other, _) =
        SoftPasskey::create(&json!({"user": {"id": "AA"}, "rp": {"id": "localhost"}, "challenge": "AA"}), ORIGIN);
    app.post(SIGN_IN, presented(&asked, &other)).await.problem(401, "invalid_passkey");
    app.post(SIGN_IN, presented(&asked, &ada.passkey)).await.problem(400, "invalid_ceremony");
    assert_eq!(count(&app, "passkey_ceremonies").await, 0);

    let asked = self::asked(&app.send_as(&ada.tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    let made = join_all((0..20).map(|_| register(&app, &ada.tokens.access, &asked, "Key", credential.clone()))).await;
    assert_eq!(made.iter().filter(|answer| answer.status == StatusCode::CREATED).count(), 1);
    assert!(made.iter().all(|answer| answer.status.as_u16() < 500));
}

async fn a_challenge_runs_out(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let asked = ask(&app).await;
    let until: chrono::DateTime<chrono::Utc> = asked["expires_at"].as_str().unwrap().parse().unwrap();
    let left = until - SystemClock.now();
    assert!((280..=300).contains(&left.num_seconds()), "{left}");
    assert_eq!(asked["public_key"]["timeout"], 300_000);
    app.run_sql("UPDATE passkey_ceremonies SET expires_at = '2026-01-01T00:00:00.000000Z'").await;
    app.post(SIGN_IN, presented(&asked, &ada.passkey)).await.problem(400, "invalid_ceremony");
    // It is recorded as any sign-in that fails.
    assert_eq!(count(&app, "events WHERE kind = 'login.failed'").await, 1);
}

async fn a_challenge_is_good_for_its_own_purpose_user_and_session(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let grace = Holder::new(&app, "grace@example.com").await;
    let elsewhere = ada.sign_in_by_both(&app, EMAIL).await;

    // Of a sign-in, elsewhere.
    let challenge = app.login(EMAIL, PASSWORD).await.json()["challenge"].clone();
    let mut body = presented(&ask(&app).await, &ada.passkey);
    body["challenge"] = challenge.clone();
    app.post(CHALLENGE, body).await.problem(400, "invalid_ceremony");
    let proof = json!({"passkey": presented(&ask(&app).await, &ada.passkey)});
    app.send_as(&ada.tokens.access, Method::POST, STEP_UP, proof).await.problem(400, "invalid_ceremony");
    let asked_to_sign_in = ask(&app).await;
    let (_, credential) = SoftPasskey::create(
        &json!({"user": {"id": "AA"}, "rp": {"id": "localhost"}, "challenge": asked_to_sign_in["public_key"]["challenge"]}),
        ORIGIN,
    );
    register(&app, &ada.tokens.access, &asked_to_sign_in, "Key", credential).await.problem(400, "invalid_ceremony");

    // Of a second factor, as the first; of another challenge; of another user.
    let asked_after_password = asked(&app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await);
    app.post(SIGN_IN, presented(&asked_after_password, &ada.passkey)).await.problem(400, "invalid_ceremony");
    let another = app.login(EMAIL, PASSWORD).await.json()["challenge"].clone();
    let of_first = asked(&app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await);
    let mut body = presented(&of_first, &ada.passkey);
    body["challenge"] = another.clone();
    app.post(CHALLENGE, body).await.problem(400, "invalid_ceremony");
    finish(&app, &another, &grace.passkey).await.problem(401, "invalid_passkey");
    finish(&app, &another, &ada.passkey).await.tokens();

    // Of a session, in another of the same user, and of another user.
    let step_up = asked(&app.send_as(&ada.tokens.access, Method::POST, STEP_UP_OPTIONS, json!({})).await);
    let proof = json!({"passkey": presented(&step_up, &ada.passkey)});
    app.send_as(&elsewhere.access, Method::POST, STEP_UP, proof).await.problem(400, "invalid_ceremony");
    let registration = asked(&app.send_as(&ada.tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
    let (_, credential) = SoftPasskey::create(&registration["public_key"], ORIGIN);
    for access in [&elsewhere.access, &grace.tokens.access] {
        register(&app, access, &registration, "Key", credential.clone()).await.problem(400, "invalid_ceremony");
    }
    // The challenge of another ceremony.
    let (one, other) = (ask(&app).await, ask(&app).await);
    let crossed = json!({"ceremony": other["ceremony"], "credential": ada.passkey.assert(&one["public_key"])});
    app.post(SIGN_IN, crossed).await.problem(400, "invalid_ceremony");
}

/// C14.
async fn options_tell_nothing_of_accounts(app: App) {
    Holder::new(&app, EMAIL).await;
    app.sign_up("grace@example.com").await;
    let mut seen = Vec::new();
    for name in [Some(EMAIL), Some("grace@example.com"), Some("nobody@example.com"), Some("no body"), None] {
        let asked = asked(&app.post(OPTIONS, name.map_or_else(|| json!({}), |name| json!({"username": name}))).await);
        let mut options = asked["public_key"].clone();
        assert!(options["challenge"].take().as_str().unwrap().len() >= 22);
        assert_eq!(asked.as_object().unwrap().len(), 3, "{asked}");
        seen.push(options);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    assert_eq!(seen[0]["allowCredentials"], json!([]));
}

async fn whoever_has_no_passkey_is_told_so(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenge = ada.challenge(&app).await;
    app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await.problem(404, "no_passkey");
    app.send_as(&ada.tokens.access, Method::POST, STEP_UP_OPTIONS, json!({})).await.problem(404, "no_passkey");
}
