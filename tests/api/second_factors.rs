//! Second factors: no way leads around them, each is good once, and whoever changes them has just shown the strongest.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Clock;
use domain::one_time_tokens::Purpose;
use futures_util::future::join_all;
use infra_security::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{on_each_database, totp};

use crate::app::{Answer, App, NEW_PASSWORD, PASSWORD, Tokens, send};
use crate::letterbox::{Post, count, is_refused};
use crate::passkeys::Holder;
use crate::registration::last_token;

on_each_database!(
    an_app_is_a_factor_once_it_is_confirmed,
    names_and_numbers_of_apps_are_bounded,
    no_way_leads_around_the_second_factor,
    a_reset_neither_signs_in_nor_removes_a_factor,
    a_challenge_is_not_a_session,
    a_challenge_ends_with_its_time_and_with_what_was_proven,
    what_changes_factors_needs_the_strongest_recent_proof,
    a_session_that_was_not_proven_steps_up_by_password_where_there_is_no_factor,
    a_code_is_good_once_wherever_it_is_shown,
    of_a_hundred_at_once_with_one_code_one_signs_in,
    of_thirty_at_once_with_one_recovery_code_one_signs_in,
    a_recovery_code_is_good_once_and_its_owner_is_told,
    the_owner_is_told_of_other_recovery_codes,
    of_a_hundred_at_once_with_one_challenge_one_signs_in,
    guesses_are_counted_together_whatever_is_tried_and_asked,
    a_change_of_factors_ends_what_the_old_ones_vouched_for,
    a_change_of_factors_leaves_the_proof_of_the_address,
    after_a_hundred_wrong_codes_in_a_row_another_factor_is_needed,
    admins_reset_factors_and_see_none,
    a_stranger_leaves_no_factor_behind_for_the_owner_of_an_address,
);

pub(crate) const TOTP: &str = "/api/v1/users/me/factors/totp";
pub(crate) const FACTORS: &str = "/api/v1/users/me/factors";
const RECOVERY_CODES: &str = "/api/v1/users/me/factors/recovery-codes";
pub(crate) const STEP_UP: &str = "/api/v1/auth/step-up";
pub(crate) const BY_TOTP: &str = "/api/v1/auth/challenge/totp";
const BY_RECOVERY_CODE: &str = "/api/v1/auth/challenge/recovery-code";
const EMAIL: &str = "ada@example.com";

/// A user with an authenticator app.
pub(crate) struct Enrolled {
    pub(crate) email: String,
    /// Of the session that set it up.
    pub(crate) tokens: Tokens,
    /// Where the app is.
    pub(crate) device: String,
    /// Of the app, in Base32.
    pub(crate) secret: String,
    pub(crate) recovery_codes: Vec<String>,
}

impl Enrolled {
    /// Signs up and sets up an app.
    pub(crate) async fn new(app: &App, email: &str) -> Self {
        let tokens = app.sign_up(email).await;
        Self::with(app, email, &tokens).await
    }

    /// Sets up an app in this session.
    pub(crate) async fn with(app: &App, email: &str, tokens: &Tokens) -> Self {
        let made = app.send_as(&tokens.access, Method::POST, TOTP, json!({"name": "Phone"})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let (device, secret) = (made.header("location").to_owned(), made.json()["secret"].as_str().unwrap().to_owned());
        let confirmed = confirm(app, &tokens.access, &device, &totp::code(&secret)).await;
        assert_eq!(confirmed.status, StatusCode::OK, "{confirmed:?}");
        let tokens = app.refresh(&tokens.refresh).await.tokens();
        Self { email: email.to_owned(), tokens, device, secret, recovery_codes: codes(&confirmed) }
    }

    /// A challenge for whoever knows the password.
    pub(crate) async fn challenge(&self, app: &App) -> String {
        challenge(&app.login(&self.email, PASSWORD).await)
    }

    /// A code that is fresh, as if half a minute had gone by.
    pub(crate) async fn next_code(&self, app: &App) -> String {
        app.run_sql("UPDATE totp_devices SET last_step = 0 WHERE last_step IS NOT NULL").await;
        totp::code(&self.secret)
    }

    pub(crate) async fn sign_in(&self, app: &App) -> Tokens {
        let (challenge, code) = (self.challenge(app).await, self.next_code(app).await);
        app.post(BY_TOTP, json!({"challenge": challenge, "code": code})).await.tokens()
    }
}

async fn confirm(app: &App, access: &str, device: &str, code: &str) -> Answer {
    app.send_as(access, Method::POST, &format!("{device}/confirm"), json!({"code": code})).await
}

/// The challenge of a sign-in that needs a second factor.
pub(crate) fn challenge(answer: &Answer) -> String {
    assert_eq!(answer.json()["code"], "second_factor_required", "{answer:?}");
    answer.json()["challenge"].as_str().unwrap().to_owned()
}

fn codes(answer: &Answer) -> Vec<String> {
    let codes = answer.json()["recovery_codes"].as_array().unwrap().clone();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

pub(crate) async fn step_up(app: &App, access: &str, body: Value) -> Answer {
    app.send_as(access, Method::POST, STEP_UP, body).await
}

/// As if this had been proven last, so long ago.
pub(crate) async fn proven(app: &App, methods: &str, ago: TimeDelta) {
    let at = (SystemClock.now() - ago).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    app.run_sql(&format!("UPDATE refresh_tokens SET amr = '{methods}', auth_time = '{at}'")).await;
}

async fn an_app_is_a_factor_once_it_is_confirmed(app: App) {
    let tokens = app.sign_up(EMAIL).await;
    assert_eq!(
        app.get(FACTORS, &tokens.access).await.json(),
        json!({"totp": [], "passkeys": [], "recovery_codes_left": 0, "required": false, "due_at": null})
    );
    let made = app.send_as(&tokens.access, Method::POST, TOTP, json!({"name": " Phone "})).await;
    assert_eq!((made.status, &made.json()["name"]), (StatusCode::CREATED, &json!("Phone")));
    let (device, made) = (made.header("location").to_owned(), made.json());
    let secret = made["secret"].as_str().unwrap();
    let uri = made["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret) && uri.contains("ada%40example.com"), "{uri}");
    let svg = made["qr_svg"].as_str().unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains(secret), "{svg}");
    // Until then it locks nobody out, and is not among the factors.
    app.sign_in(EMAIL).await;
    assert_eq!(app.get(FACTORS, &tokens.access).await.json()["totp"], json!([]));
    for code in [totp::wrong_code(secret), "nonsense".to_owned(), "12345".to_owned()] {
        confirm(&app, &tokens.access, &device, &code).await.problem(403, "wrong_proof");
    }
    let confirmed = confirm(&app, &tokens.access, &device, &totp::code(secret)).await;
    let recovery = codes(&confirmed);
    assert_eq!(recovery.iter().collect::<BTreeSet<_>>().len(), 10, "{confirmed:?}");
    assert!(recovery.iter().all(|code| code.len() == 11 && code.as_bytes()[5] == b'-'), "{recovery:?}");
    // What was signed before says less than is so now.
    app.get(FACTORS, &tokens.access).await.problem(401, "invalid_token");
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    let listed = app.get(FACTORS, &tokens.access).await;
    assert_eq!(
        (&listed.json()["totp"][0]["name"], &listed.json()["recovery_codes_left"]),
        (&json!("Phone"), &json!(10))
    );
    assert!(!listed.text.contains(secret));
    confirm(&app, &tokens.access, &device, &totp::code(secret)).await.problem(404, "not_found");
    // Codes come with the first one alone.
    let second = Enrolled::with(&app, EMAIL, &{
        app.run_sql("UPDATE totp_devices SET name = 'Tablet', name_key = 'tablet'").await;
        tokens
    })
    .await;
    assert!(second.recovery_codes.is_empty());
    let other = app.sign_up("eve@example.com").await;
    app.delete(&device, &other.access).await.problem(404, "not_found");
    confirm(&app, &other.access, &device, "123456").await.problem(404, "not_found");
}

async fn names_and_numbers_of_apps_are_bounded(app: App) {
    let mut ada = Enrolled::new(&app, EMAIL).await;
    for name in ["", " ", "a\nb", &"a".repeat(65)] {
        let refused = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": name})).await;
        assert_eq!(refused.problem(422, "validation_failed").len(), 1, "{name:?}");
    }
    let again = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": "PHONE"})).await;
    assert_eq!(again.problem(409, "duplicate"), ["name:duplicate"]);
    for number in 2..=5 {
        app.run_sql(&format!("UPDATE totp_devices SET name_key = '{number}' WHERE name_key = 'phone'")).await;
        ada = Enrolled::with(&app, EMAIL, &ada.tokens).await;
    }
    let sixth = app.send_as(&ada.tokens.access, Method::POST, TOTP, json!({"name": "Sixth"})).await;
    sixth.problem(409, "too_many_factors");
    // One that was not confirmed makes room for the next.
    assert_eq!(app.delete(&ada.device, &ada.tokens.access).await.status, StatusCode::NO_CONTENT);
    let access = app.refresh(&ada.tokens.refresh).await.tokens().access;
    for name in ["Another", "Another", "Yet another"] {
        let made = app.send_as(&access, Method::POST, TOTP, json!({"name": name})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert_eq!(count(&app, "totp_devices").await, 5);
        if name == "Yet another" {
            // It was no factor: nothing ends with it.
            assert_eq!(app.delete(made.header("location"), &access).await.status, StatusCode::NO_CONTENT);
            assert_eq!(app.get(FACTORS, &access).await.json()["totp"].as_array().unwrap().len(), 4);
        }
    }
}

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
        assert_eq!(way.json()["factors"], json!(["totp", "recovery_code"]));
        let challenge = challenge(way);
        let wrong = json!({"challenge": challenge, "code": totp::wrong_code(&ada.secret)});
        app.post(BY_TOTP, wrong).await.problem(401, "invalid_second_factor");
        // Neither is the other.
        let swapped = json!({"challenge": challenge, "code": recovery_code});
        app.post(BY_TOTP, swapped.clone()).await.problem(401, "invalid_second_factor");
        let finished = if recovery_code == &ada.recovery_codes[0] {
            app.post(BY_RECOVERY_CODE, swapped.clone()).await
        } else {
            app.post(BY_TOTP, json!({"challenge": challenge, "code": ada.next_code(app).await})).await
        };
        assert_eq!(app.me(&finished.tokens().access).await.status, StatusCode::OK);
        assert!(is_refused(&app.post(BY_RECOVERY_CODE, swapped).await), "the challenge was used");
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
        assert_eq!(step_up(&app, &access, body).await.problem(422, "validation_failed"), ["password:required"]);
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
    for factor in ["totp", "recovery_code"] {
        step_up(&app, &tokens.access, json!({factor: "123456"})).await.problem(403, "wrong_proof");
    }
    // No refresh is a proof.
    let access = app.refresh(&tokens.refresh).await.tokens().access;
    set_up(&access).await.problem(403, "step_up_required");
    assert_eq!(step_up(&app, &access, json!({"password": PASSWORD})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(set_up(&access).await.status, StatusCode::CREATED);
    // It is that of one session.
    set_up(&elsewhere.access).await.problem(403, "step_up_required");
    // Whoever has no password signs in again.
    app.run_sql("DELETE FROM passwords").await;
    let refused = set_up(&elsewhere.access).await;
    refused.problem(403, "step_up_required");
    assert_eq!(refused.json()["factors"], json!([]));
}

async fn a_code_is_good_once_wherever_it_is_shown(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    // That of the setup is spent. The clock may have gone on to the next one meanwhile.
    let shown =
        async |challenge: String, code: String| app.post(BY_TOTP, json!({"challenge": challenge, "code": code})).await;
    app.run_sql("UPDATE totp_devices SET last_step = last_step + 2").await;
    shown(ada.challenge(&app).await, totp::code(&ada.secret)).await.problem(401, "invalid_second_factor");
    let code = ada.next_code(&app).await;
    let spaced = format!(" {} {}", &code[..3], &code[3..]);
    let tokens = shown(ada.challenge(&app).await, spaced).await.tokens();
    shown(ada.challenge(&app).await, code.clone()).await.problem(401, "invalid_second_factor");
    step_up(&app, &tokens.access, json!({"totp": code})).await.problem(403, "wrong_proof");
    let code = ada.next_code(&app).await;
    assert_eq!(step_up(&app, &tokens.access, json!({"totp": code})).await.status, StatusCode::NO_CONTENT);
    shown(ada.challenge(&app).await, code).await.problem(401, "invalid_second_factor");
}

/// How many of these signed in. The others were refused, and none failed.
fn signed_in(answers: &[Answer]) -> usize {
    for answer in answers {
        assert!([200, 400, 401, 429].contains(&answer.status.as_u16()), "{answer:?}");
    }
    answers.iter().filter(|answer| answer.status == StatusCode::OK).count()
}

async fn of_a_hundred_at_once_with_one_code_one_signs_in(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenges = join_all((0..100).map(|_| ada.challenge(&app))).await;
    let code = ada.next_code(&app).await;
    let body = |challenge: &String| json!({"challenge": challenge, "code": code});
    let answers = join_all(challenges.iter().map(|challenge| app.post(BY_TOTP, body(challenge)))).await;
    assert_eq!(signed_in(&answers), 1);
    assert_eq!(count(&app, "refresh_tokens").await, 2);
}

async fn of_thirty_at_once_with_one_recovery_code_one_signs_in(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenges = join_all((0..30).map(|_| ada.challenge(&app))).await;
    let body = |challenge: &String, code: usize| json!({"challenge": challenge, "code": ada.recovery_codes[code]});
    let answers = join_all(challenges.iter().map(|challenge| app.post(BY_RECOVERY_CODE, body(challenge, 0)))).await;
    assert_eq!(signed_in(&answers), 1);
    app.run_sql("DELETE FROM attempts").await;
    // Two at once are both spent, and neither comes back.
    let [first, second] = [ada.challenge(&app).await, ada.challenge(&app).await];
    let both = tokio::join!(app.post(BY_RECOVERY_CODE, body(&first, 1)), app.post(BY_RECOVERY_CODE, body(&second, 2)));
    assert_eq!(signed_in(&[both.0, both.1]), 2);
    assert_eq!(app.get(FACTORS, &ada.tokens.access).await.json()["recovery_codes_left"], 7);
}

async fn a_recovery_code_is_good_once_and_its_owner_is_told(first: App) {
    let ada = Enrolled::new(&first, EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let app = &post.app;
    // The database alone does not tell them.
    assert_eq!(count(app, "recovery_codes").await, 10);
    let body = json!({"challenge": ada.challenge(app).await, "code": ada.recovery_codes[0]});
    let tokens = app.post(BY_RECOVERY_CODE, body).await.tokens();
    let again = json!({"challenge": ada.challenge(app).await, "code": ada.recovery_codes[0]});
    app.post(BY_RECOVERY_CODE, again).await.problem(401, "invalid_second_factor");
    let other = json!({"recovery_code": ada.recovery_codes[1]});
    assert_eq!(step_up(app, &tokens.access, other).await.status, StatusCode::NO_CONTENT);
    let told = post.wait_for("recovery_code_used", 2).await;
    for (mail, left) in told.iter().zip([9, 8]) {
        assert!(mail.text.contains(&format!("left: {left}.")), "{}", mail.text);
        assert!(ada.recovery_codes.iter().all(|code| !mail.text.contains(code)), "{}", mail.text);
    }
}

async fn the_owner_is_told_of_other_recovery_codes(first: App) {
    let ada = Enrolled::new(&first, EMAIL).await;
    first.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::of(first).await;
    let renewed = post.app.send_as(&ada.tokens.access, Method::POST, RECOVERY_CODES, json!({})).await;
    let told = post.wait_for("recovery_codes_renewed", 1).await;
    assert!(codes(&renewed).iter().all(|code| !told[0].text.contains(code)), "{}", told[0].text);
    assert_eq!(count(&post.app, "events WHERE kind = 'recovery_codes.renewed'").await, 1);
}

async fn of_a_hundred_at_once_with_one_challenge_one_signs_in(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenge = ada.challenge(&app).await;
    let code = ada.next_code(&app).await;
    let answer = |number: usize| {
        let codes = &ada.recovery_codes;
        match number % 2 {
            0 => app.post(BY_TOTP, json!({"challenge": challenge, "code": code})),
            _ => app.post(BY_RECOVERY_CODE, json!({"challenge": challenge, "code": codes[number / 2 % codes.len()]})),
        }
    };
    assert_eq!(signed_in(&join_all((0..100).map(answer)).await), 1);
    assert_eq!(count(&app, "refresh_tokens").await, 2);
}

/// Codes of apps and recovery codes, at each route that takes one: neither another route nor another challenge nor
/// another sign-in with the password comes with other attempts.
async fn guesses_are_counted_together_whatever_is_tried_and_asked(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let wrong = totp::wrong_code(&ada.secret);
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
    for number in 0..5 {
        // 401 would make clients drop a session that goes on.
        let (status, code) = if number < 2 { (401, "invalid_second_factor") } else { (403, "wrong_proof") };
        guess(number, &wrong).await.problem(status, code);
    }
    // As if there had been so many that no other comes free while this runs.
    let later = (SystemClock.now() + TimeDelta::minutes(10)).timestamp_millis();
    app.run_sql(&format!("UPDATE attempts SET count = 20, free_at = {later}")).await;
    for number in 0..5 {
        guess(number, &wrong).await.problem(429, "too_many_attempts");
        guess(number, &ada.next_code(&app).await).await.problem(429, "too_many_attempts");
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
    let right = ada.next_code(&app).await;
    show(ada.challenge(&app).await, right.clone()).await.problem(403, "totp_used_up");
    let by_code = json!({"challenge": ada.challenge(&app).await, "code": ada.recovery_codes[0]});
    app.post(BY_RECOVERY_CODE, by_code).await.tokens();
    show(ada.challenge(&app).await, ada.next_code(&app).await).await.tokens();
}

/// Whoever registers and adds factors before they open the mail finds its link good. It proves the mailbox and nothing
/// else.
async fn a_change_of_factors_leaves_the_proof_of_the_address(first: App) {
    let settings = [("APP_AUTH__EMAIL_SIGN_IN", "true")];
    let post = Post::with(first, &settings).await;
    let app = &post.app;
    let tokens = app.sign_up(EMAIL).await;
    app.post("/api/v1/auth/password-reset", json!({"email": EMAIL})).await;
    app.post("/api/v1/auth/email-sign-in", json!({"email": EMAIL})).await;
    let mailed = async |purpose| last_token(app, purpose, EMAIL).await;
    let (verify, reset, sign_in) =
        (mailed(Purpose::VerifyEmail).await, mailed(Purpose::ResetPassword).await, mailed(Purpose::SignIn).await);
    let holder = Holder::with(app, &tokens, "Key").await;
    let ada = Enrolled::with(app, EMAIL, &holder.tokens).await;
    assert_eq!(app.delete(&ada.device, &ada.tokens.access).await.status, StatusCode::NO_CONTENT);
    let reset = json!({"token": reset, "new_password": NEW_PASSWORD});
    assert!(is_refused(&app.post("/api/v1/auth/password-reset/confirm", reset).await));
    assert!(is_refused(&app.post("/api/v1/auth/email-sign-in/confirm", json!({"token": sign_in})).await));
    let proof = json!({"token": verify});
    assert_eq!(app.post("/api/v1/auth/verify-email", proof.clone()).await.status, StatusCode::NO_CONTENT);
    let tokens = app.refresh(&ada.tokens.refresh).await.tokens();
    assert_eq!(app.me(&tokens.access).await.json()["email_verified"], true);
    assert!(is_refused(&app.post("/api/v1/auth/verify-email", proof).await));
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
    app.sign_in(EMAIL).await;
    assert!(post.wait_for("factors_reset", 1).await[0].text.contains("To: ada@example.com"));
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
