//! Passkeys: registering, naming and removing them, and signing in with them, alone and after a password.

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use domain::Clock as _;
use futures_util::future::join_all;
use infra_security::SystemClock;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey_types::Passkey as Stored;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use passkey_types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;
use tests::soft_passkey::{BACKED_UP, BACKUP_ELIGIBLE, PRESENT, SoftPasskey, VERIFIED};
use url::Url;

use crate::app::{Answer, App, PASSWORD, Tokens};
use crate::letterbox::{Post, count};
use crate::second_factors::Enrolled;

on_each_database!(
    a_passkey_that_another_program_makes_signs_in_without_a_name,
    a_passkey_alone_is_two_factors_and_a_second_one_after_a_password,
    a_challenge_is_taken_once,
    a_challenge_runs_out,
    a_challenge_is_good_for_its_own_purpose_user_and_session,
    whatever_is_wrong_the_answer_is_the_same,
    a_passkey_is_of_one_account,
    the_user_must_be_verified_where_it_is_the_one_factor,
    a_passkey_that_begins_to_sync_goes_on_working,
    a_copy_is_refused_and_its_owner_and_the_operator_are_told,
    of_uses_at_once_none_lowers_the_count,
    options_tell_nothing_of_accounts,
    whoever_has_no_passkey_is_told_so,
    registering_needs_a_recent_proof_and_ends_what_was_before,
    removing_needs_a_proof_by_the_passkey_and_ends_what_it_vouched_for,
    the_last_way_in_stays,
    of_two_removals_at_once_one_is_done,
    passkeys_have_names_of_their_own,
    a_user_has_twenty_passkeys_at_most,
    an_admin_resets_passkeys_too,
    a_reset_by_mail_leaves_the_second_factor,
    credentials_of_another_shape_are_faults,
);

const MINE: &str = "/api/v1/users/me/passkeys";
const MY_OPTIONS: &str = "/api/v1/users/me/passkeys/options";
const OPTIONS: &str = "/api/v1/auth/passkeys/options";
const SIGN_IN: &str = "/api/v1/auth/passkeys";
const CHALLENGE_OPTIONS: &str = "/api/v1/auth/challenge/passkey/options";
const CHALLENGE: &str = "/api/v1/auth/challenge/passkey";
const STEP_UP: &str = "/api/v1/auth/step-up";
const STEP_UP_OPTIONS: &str = "/api/v1/auth/step-up/passkey/options";
const EMAIL: &str = "ada@example.com";
/// In development, any port of localhost.
pub(crate) const ORIGIN: &str = "http://localhost:3000";

/// A user with a passkey.
pub(crate) struct Holder {
    /// Of the session that registered it.
    pub(crate) tokens: Tokens,
    /// Where the passkey is.
    pub(crate) path: String,
    pub(crate) passkey: SoftPasskey,
    /// What the registration returned.
    pub(crate) registered: Value,
}

impl Holder {
    /// Signs up and registers a passkey.
    pub(crate) async fn new(app: &App, email: &str) -> Self {
        let tokens = app.sign_up(email).await;
        Self::with(app, &tokens, "Phone").await
    }

    /// Registers a passkey in this session.
    pub(crate) async fn with(app: &App, tokens: &Tokens, name: &str) -> Self {
        let asked = asked(&app.send_as(&tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
        let (passkey, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
        let registered = register(app, &tokens.access, &asked, name, credential).await;
        assert_eq!(registered.status, StatusCode::CREATED, "{registered:?}");
        let path = registered.header("location").to_owned();
        let tokens = app.refresh(&tokens.refresh).await.tokens();
        Self { tokens, path, passkey, registered: registered.json() }
    }

    async fn sign_in(&self, app: &App) -> Answer {
        sign_in(app, &self.passkey).await
    }

    /// Signs in by password and passkey.
    async fn sign_in_by_both(&self, app: &App, email: &str) -> Tokens {
        let challenge = app.login(email, PASSWORD).await.json()["challenge"].clone();
        finish(app, &challenge, &self.passkey).await.tokens()
    }

    async fn step_up(&self, app: &App, tokens: &Tokens) -> Answer {
        let asked = asked(&app.send_as(&tokens.access, Method::POST, STEP_UP_OPTIONS, json!({})).await);
        let presented = presented(&asked, &self.passkey);
        app.send_as(&tokens.access, Method::POST, STEP_UP, json!({"passkey": presented})).await
    }
}

/// What a browser is asked.
fn asked(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

pub(crate) fn presented(asked: &Value, passkey: &SoftPasskey) -> Value {
    json!({"ceremony": asked["ceremony"], "credential": passkey.assert(&asked["public_key"])})
}

pub(crate) async fn register(app: &App, access: &str, asked: &Value, name: &str, credential: Value) -> Answer {
    let body = json!({"ceremony": asked["ceremony"], "name": name, "credential": credential});
    app.send_as(access, Method::POST, MINE, body).await
}

async fn ask(app: &App) -> Value {
    asked(&app.post(OPTIONS, json!({})).await)
}

async fn sign_in(app: &App, passkey: &SoftPasskey) -> Answer {
    let asked = ask(app).await;
    app.post(SIGN_IN, presented(&asked, passkey)).await
}

async fn finish(app: &App, challenge: &Value, passkey: &SoftPasskey) -> Answer {
    let asked = asked(&app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await);
    let mut body = presented(&asked, passkey);
    body["challenge"] = challenge.clone();
    app.post(CHALLENGE, body).await
}

/// How the holder of the tokens has proven who they are.
fn methods(tokens: &Tokens) -> Value {
    let claims = tokens.access.split('.').nth(1).unwrap();
    serde_json::from_slice::<Value>(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()["amr"].clone()
}

/// As if the last proof were so old.
async fn proven_minutes_ago(app: &App, minutes: i64) {
    let at =
        (SystemClock.now() - chrono::TimeDelta::minutes(minutes)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    app.run_sql(&format!("UPDATE refresh_tokens SET auth_time = '{at}'")).await;
}

/// Somebody who is there and shows their finger.
struct Finger;

#[async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = Stored;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Stored>,
        _: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

/// C15, with an authenticator and a client that nobody here wrote.
async fn a_passkey_that_another_program_makes_signs_in_without_a_name(app: App) {
    let ada = app.sign_up(EMAIL).await;
    let origin = Url::parse(ORIGIN).unwrap();
    let authenticator = Authenticator::new(Aaguid::new_empty(), None::<Stored>, Finger, RustCryptoBackend);
    let mut client = Client::new(authenticator).allows_insecure_localhost(true);

    let asked_to_register = asked(&app.send_as(&ada.access, Method::POST, MY_OPTIONS, json!({})).await);
    let options = CredentialCreationOptions {
        public_key: serde_json::from_value(asked_to_register["public_key"].clone()).unwrap(),
    };
    let made = client.register(&origin, options, DefaultClientData).await.unwrap();
    let credential = serde_json::to_value(&made).unwrap();
    let registered = register(&app, &ada.access, &asked_to_register, "Vault", credential).await;
    assert_eq!(registered.status, StatusCode::CREATED, "{registered:?}");
    assert_eq!((&registered.json()["name"], &registered.json()["is_synced"]), (&json!("Vault"), &json!(true)));

    let asked_to_sign_in = ask(&app).await;
    let options = CredentialRequestOptions {
        public_key: serde_json::from_value(asked_to_sign_in["public_key"].clone()).unwrap(),
    };
    let shown = client.authenticate(&origin, options, DefaultClientData).await.unwrap();
    let body = json!({"ceremony": asked_to_sign_in["ceremony"], "credential": serde_json::to_value(&shown).unwrap()});
    let tokens = app.post(SIGN_IN, body).await.tokens();
    assert_eq!(app.me(&tokens.access).await.json()["email"], EMAIL);
    assert_eq!(methods(&tokens), json!(["pop", "user", "mfa"]));
}

async fn a_passkey_alone_is_two_factors_and_a_second_one_after_a_password(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    assert_eq!(methods(&ada.tokens), json!(["pwd", "pop", "user", "mfa"]));
    let codes = ada.registered["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 10, "the first factor comes with recovery codes");
    let alone = ada.sign_in(&app).await.tokens();
    assert_eq!(methods(&alone), json!(["pop", "user", "mfa"]));
    // A refresh copies it.
    assert_eq!(methods(&app.refresh(&alone.refresh).await.tokens()), json!(["pop", "user", "mfa"]));

    let refused = app.login(EMAIL, PASSWORD).await;
    refused.problem(403, "second_factor_required");
    assert_eq!(refused.json()["factors"], json!(["passkey", "recovery_code"]));
    let challenge = refused.json()["challenge"].clone();
    let options = asked(&app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await);
    let allowed = options["public_key"]["allowCredentials"][0]["id"].as_str().unwrap();
    assert_eq!(allowed, BASE64URL_NOPAD.encode(&ada.passkey.id));
    let both = finish(&app, &challenge, &ada.passkey).await.tokens();
    assert_eq!(methods(&both), json!(["pwd", "pop", "user", "mfa"]));
    // The challenge is spent.
    app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await.problem(400, "invalid_one_time_token");

    // Whoever lost it comes back with a recovery code.
    let challenge = app.login(EMAIL, PASSWORD).await.json()["challenge"].clone();
    let body = json!({"challenge": challenge, "code": codes[0]});
    assert_eq!(
        methods(&app.post("/api/v1/auth/challenge/recovery-code", body).await.tokens()),
        json!(["pwd", "recovery", "mfa"])
    );
    // The second one comes without.
    assert_eq!(Holder::with(&app, &both, "Key").await.registered["recovery_codes"], json!([]));
    let factors = app.get("/api/v1/users/me/factors", &ada.sign_in(&app).await.tokens().access).await.json();
    assert_eq!(factors["passkeys"].as_array().unwrap().len(), 2, "{factors}");
}

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

/// C9.
async fn whatever_is_wrong_the_answer_is_the_same(app: App) {
    let mut ada = Holder::new(&app, EMAIL).await;
    let grace = Holder::new(&app, "grace@example.com").await;
    let mut answers = Vec::new();
    // Ada's credential, with the handle of Grace, or none at all.
    let own = ada.passkey.user_handle.take();
    answers.push(ada.sign_in(&app).await);
    ada.passkey.user_handle.clone_from(&grace.passkey.user_handle);
    answers.push(ada.sign_in(&app).await);
    ada.passkey.user_handle = own;
    // An id that nobody has, and Grace's.
    let id = std::mem::replace(&mut ada.passkey.id, vec![7; 32]);
    answers.push(ada.sign_in(&app).await);
    ada.passkey.id.clone_from(&grace.passkey.id);
    answers.push(ada.sign_in(&app).await);
    ada.passkey.id = id;
    // Not one of the account that was named, known or not.
    for name in ["grace@example.com", "nobody@example.com", "\u{202e}"] {
        let asked = asked(&app.post(OPTIONS, json!({"username": name})).await);
        answers.push(app.post(SIGN_IN, presented(&asked, &ada.passkey)).await);
    }
    ada.passkey.origin = "https://evil.test".to_owned();
    answers.push(ada.sign_in(&app).await);
    ada.passkey.origin = ORIGIN.to_owned();
    // A disabled account, and one that is gone.
    app.run_sql("UPDATE users SET is_active = false WHERE email = 'ada@example.com'").await;
    answers.push(ada.sign_in(&app).await);
    app.run_sql("UPDATE users SET is_active = true").await;
    assert_eq!(ada.sign_in(&app).await.status, StatusCode::OK);
    let asked = asked(&app.post(OPTIONS, json!({"username": EMAIL.to_uppercase()})).await);
    app.post(SIGN_IN, presented(&asked, &ada.passkey)).await.tokens();
    app.run_sql("DELETE FROM users WHERE email = 'ada@example.com'").await;
    answers.push(ada.sign_in(&app).await);
    let without_id = |answer: &Answer| {
        answer.problem(401, "invalid_passkey");
        let mut problem = answer.json();
        problem["request_id"] = Value::Null;
        problem
    };
    let seen: Vec<_> = answers.iter().map(without_id).collect();
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    assert!(count(&app, "events WHERE kind = 'login.failed'").await >= 8);
}

async fn a_passkey_is_of_one_account(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let grace = app.sign_up("grace@example.com").await;
    let asked = asked(&app.send_as(&grace.access, Method::POST, MY_OPTIONS, json!({})).await);
    let credential = ada.passkey.register(&asked["public_key"]);
    let refused = register(&app, &grace.access, &asked, "Phone", credential).await;
    assert_eq!(refused.problem(409, "duplicate"), ["credential:duplicate"]);
    // Nor twice of the same one.
    let asked = self::asked(&app.send_as(&ada.tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
    let excluded = asked["public_key"]["excludeCredentials"][0]["id"].as_str().unwrap();
    assert_eq!(excluded, BASE64URL_NOPAD.encode(&ada.passkey.id));
    let credential = ada.passkey.register(&asked["public_key"]);
    let again = register(&app, &ada.tokens.access, &asked, "Twice", credential).await;
    assert!(again.status.is_client_error(), "{again:?}");
    assert_eq!(count(&app, "passkeys").await, 1);
}

async fn the_user_must_be_verified_where_it_is_the_one_factor(app: App) {
    let mut ada = Holder::new(&app, EMAIL).await;
    assert_eq!(ask(&app).await["public_key"]["userVerification"], "required");
    ada.passkey.flags = PRESENT;
    ada.sign_in(&app).await.problem(401, "invalid_passkey");
    // After a password it is a factor nevertheless, and there are two.
    let tokens = ada.sign_in_by_both(&app, EMAIL).await;
    assert_eq!(methods(&tokens), json!(["pwd", "pop", "mfa"]));
    ada.passkey.flags = VERIFIED;
    ada.sign_in(&app).await.problem(401, "invalid_passkey");
}

/// C10.
async fn a_passkey_that_begins_to_sync_goes_on_working(app: App) {
    let mut ada = Holder::new(&app, EMAIL).await;
    assert_eq!(ada.registered["is_synced"], false);
    ada.passkey.flags |= BACKUP_ELIGIBLE | BACKED_UP;
    ada.sign_in(&app).await.tokens();
    let named = asked(&app.post(OPTIONS, json!({"username": EMAIL})).await);
    let tokens = app.post(SIGN_IN, presented(&named, &ada.passkey)).await.tokens();
    let listed = app.get(MINE, &tokens.access).await.json();
    assert_eq!((&listed[0]["is_synced"], listed[0]["last_used_at"].is_string()), (&json!(true), true), "{listed}");
    ada.passkey.flags = PRESENT | VERIFIED;
    ada.sign_in(&app).await.problem(401, "invalid_passkey");
    assert_eq!(count(&app, "events WHERE kind = 'passkey.suspected'").await, 1);
}

/// C11.
async fn a_copy_is_refused_and_its_owner_and_the_operator_are_told(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let mut ada = Holder::new(app, EMAIL).await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    // One that does not count may go on so for ever.
    for _ in 0..3 {
        ada.sign_in(app).await.tokens();
    }
    ada.passkey.count = 5;
    ada.sign_in(app).await.tokens();
    for copied in [5, 4, 0] {
        ada.passkey.count = copied;
        ada.sign_in(app).await.problem(401, "invalid_passkey");
    }
    assert_eq!(count(app, "events WHERE kind = 'passkey.suspected'").await, 3);
    let mails = post.wait_for("passkey_suspected", 3).await;
    assert!(mails[0].text.contains("To: ada@example.com"), "{}", mails[0].text);
    ada.passkey.count = 6;
    let tokens = ada.sign_in(app).await.tokens();
    // As a second factor, likewise.
    ada.passkey.count = 6;
    let challenge = app.login(EMAIL, PASSWORD).await.json()["challenge"].clone();
    finish(app, &challenge, &ada.passkey).await.problem(401, "invalid_passkey");
    assert_eq!(count(app, "events WHERE kind = 'passkey.suspected'").await, 4);
    // Its owner removes it.
    assert_eq!(app.delete(&ada.path, &tokens.access).await.status, StatusCode::NO_CONTENT);
}

async fn of_uses_at_once_none_lowers_the_count(app: App) {
    let mut ada = Holder::new(&app, EMAIL).await;
    let mut bodies = Vec::new();
    for used in 1..=20 {
        ada.passkey.count = used;
        bodies.push(presented(&ask(&app).await, &ada.passkey));
    }
    let answers = join_all(bodies.into_iter().rev().map(|body| app.post(SIGN_IN, body))).await;
    assert!(answers.iter().any(|answer| answer.status == StatusCode::OK));
    assert!(answers.iter().all(|answer| [200, 401].contains(&answer.status.as_u16())), "{answers:?}");
    assert_eq!(count(&app, "passkeys WHERE sign_count = 20").await, 1);
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

async fn registering_needs_a_recent_proof_and_ends_what_was_before(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let ada = app.sign_up(EMAIL).await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let elsewhere = app.sign_in(EMAIL).await;
    proven_minutes_ago(app, 11).await;
    let refused = app.send_as(&ada.access, Method::POST, MY_OPTIONS, json!({})).await;
    refused.problem(403, "step_up_required");
    assert_eq!(refused.json()["factors"], json!(["password"]));
    let proof = app.send_as(&ada.access, Method::POST, STEP_UP, json!({"password": PASSWORD})).await;
    assert_eq!(proof.status, StatusCode::NO_CONTENT);
    let holder = Holder::with(app, &ada, "Phone").await;
    app.refresh(&elsewhere.refresh).await.problem(401, "invalid_refresh_token");
    app.me(&ada.access).await.problem(401, "invalid_token");
    assert!(post.wait_for("passkey_added", 1).await[0].text.contains("To: ada@example.com"));
    assert_eq!(count(app, "events WHERE kind = 'factor.added'").await, 1);

    // From now on the password does not do.
    proven_minutes_ago(app, 11).await;
    for proof in [json!({"password": PASSWORD}), json!({"totp": "123456"})] {
        assert!(app.send_as(&holder.tokens.access, Method::POST, STEP_UP, proof).await.status.is_client_error());
    }
    let refused = app.send_as(&holder.tokens.access, Method::POST, MY_OPTIONS, json!({})).await;
    assert_eq!(refused.json()["factors"], json!(["passkey", "recovery_code"]), "{refused:?}");
    // Registering itself asks again: the proof may have run out since.
    assert_eq!(holder.step_up(app, &holder.tokens).await.status, StatusCode::NO_CONTENT);
    let asked = asked(&app.send_as(&holder.tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
    proven_minutes_ago(app, 11).await;
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    register(app, &holder.tokens.access, &asked, "Key", credential).await.problem(403, "step_up_required");
}

async fn removing_needs_a_proof_by_the_passkey_and_ends_what_it_vouched_for(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let ada = Holder::new(app, EMAIL).await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let alone = ada.sign_in(app).await.tokens();
    proven_minutes_ago(app, 11).await;
    app.delete(&ada.path, &ada.tokens.access).await.problem(403, "step_up_required");
    assert_eq!(ada.step_up(app, &ada.tokens).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.delete(&ada.path, &ada.tokens.access).await.status, StatusCode::NO_CONTENT);
    app.refresh(&alone.refresh).await.problem(401, "invalid_refresh_token");
    let tokens = app.refresh(&ada.tokens.refresh).await.tokens();
    assert_eq!(methods(&tokens), json!(["pwd"]));
    assert_eq!(count(app, "recovery_codes").await, 0);
    assert_eq!(app.get(MINE, &tokens.access).await.json(), json!([]));
    ada.sign_in(app).await.problem(401, "invalid_passkey");
    app.sign_in(EMAIL).await;
    assert!(post.wait_for("passkey_removed", 1).await[0].text.contains("To: ada@example.com"));

    // A session that began with it alone ends with it.
    let grace = Holder::new(app, "grace@example.com").await;
    let alone = grace.sign_in(app).await.tokens();
    assert_eq!(app.delete(&grace.path, &alone.access).await.status, StatusCode::NO_CONTENT);
    app.refresh(&alone.refresh).await.problem(401, "invalid_refresh_token");
}

/// C12.
async fn the_last_way_in_stays(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let key = Holder::with(&app, &ada.tokens, "Key").await;
    app.run_sql("DELETE FROM passwords").await;
    assert_eq!(app.delete(&ada.path, &key.tokens.access).await.status, StatusCode::NO_CONTENT);
    let tokens = app.refresh(&key.tokens.refresh).await.tokens();
    app.delete(&key.path, &tokens.access).await.problem(409, "last_way_in");
    // Nothing was changed by that.
    key.sign_in(&app).await.tokens();
    assert_eq!(app.me(&tokens.access).await.status, StatusCode::OK);
}

async fn of_two_removals_at_once_one_is_done(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let key = Holder::with(&app, &ada.tokens, "Key").await;
    app.run_sql("DELETE FROM passwords").await;
    let elsewhere = ada.sign_in(&app).await.tokens();
    let removals = [(&ada.path, &key.tokens.access), (&key.path, &elsewhere.access)];
    let answers = join_all(removals.map(|(path, access)| app.delete(path, access))).await;
    let done = answers.iter().filter(|answer| answer.status == StatusCode::NO_CONTENT).count();
    // The session of the other has ended with the change, so that it is not even asked.
    let refused = answers.iter().filter(|answer| [401, 409].contains(&answer.status.as_u16())).count();
    assert_eq!((done, refused), (1, 1), "{answers:?}");
    assert_eq!(count(&app, "passkeys").await, 1);
}

async fn whoever_has_no_passkey_is_told_so(app: App) {
    let ada = Enrolled::new(&app, EMAIL).await;
    let challenge = ada.challenge(&app).await;
    app.post(CHALLENGE_OPTIONS, json!({"challenge": challenge})).await.problem(404, "no_passkey");
    app.send_as(&ada.tokens.access, Method::POST, STEP_UP_OPTIONS, json!({})).await.problem(404, "no_passkey");
}

async fn passkeys_have_names_of_their_own(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let key = Holder::with(&app, &ada.tokens, " Key ").await;
    let access = &key.tokens.access;
    let asked = asked(&app.send_as(access, Method::POST, MY_OPTIONS, json!({})).await);
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    let refused = register(&app, access, &asked, "phone", credential).await;
    assert_eq!(refused.problem(409, "duplicate"), ["name:duplicate"]);
    // The authenticator need not be touched again.
    let (_, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
    let again = register(&app, access, &asked, "Ring", credential).await;
    assert_eq!(again.status, StatusCode::CREATED, "{again:?}");
    app.run_sql("DELETE FROM passkeys WHERE name = 'Ring'").await;
    let refreshed = app.refresh(&key.tokens.refresh).await.tokens();
    let access = &refreshed.access;
    let rename = async |path: &str, name: &str| app.send_as(access, Method::PATCH, path, json!({"name": name})).await;
    assert_eq!(rename(&key.path, "PHONE").await.problem(409, "duplicate"), ["name:duplicate"]);
    assert_eq!(rename(&key.path, "Zoë's 🔑").await.json()["name"], "Zoë's 🔑");
    assert_eq!(app.send_as(access, Method::PATCH, &key.path, json!({})).await.json()["name"], "Zoë's 🔑");
    let names: Vec<_> =
        app.get(MINE, access).await.json().as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["Phone", "Zoë's 🔑"]);
    // Nobody else's.
    let grace = app.sign_up("grace@example.com").await;
    app.send_as(&grace.access, Method::PATCH, &key.path, json!({"name": "Mine"})).await.problem(404, "not_found");
    app.delete(&key.path, &grace.access).await.problem(404, "not_found");
    assert_eq!(app.get(MINE, &grace.access).await.json(), json!([]));
}

async fn a_user_has_twenty_passkeys_at_most(app: App) {
    let mut holder = Holder::new(&app, EMAIL).await;
    let before = asked(&app.send_as(&holder.tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
    for number in 2..=20 {
        holder = Holder::with(&app, &holder.tokens, &format!("Key {number}")).await;
    }
    let access = &holder.tokens.access;
    app.send_as(access, Method::POST, MY_OPTIONS, json!({})).await.problem(409, "too_many_factors");
    let (_, credential) = SoftPasskey::create(&before["public_key"], ORIGIN);
    register(&app, access, &before, "Another", credential).await.problem(409, "too_many_factors");
}

async fn an_admin_resets_passkeys_too(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let root = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}/factors", app.id(&ada.tokens).await);
    let seen = app.get(&path, &root.access).await.json();
    assert_eq!(seen["passkeys"][0]["name"], "Phone");
    assert!(!seen.to_string().contains("key\":"), "{seen}");
    assert_eq!(app.delete(&path, &root.access).await.status, StatusCode::NO_CONTENT);
    app.refresh(&ada.tokens.refresh).await.problem(401, "invalid_refresh_token");
    ada.sign_in(&app).await.problem(401, "invalid_passkey");
    app.sign_in(EMAIL).await;
}

/// A4.
async fn a_reset_by_mail_leaves_the_second_factor(first: App) {
    let post = Post::of(first).await;
    let app = &post.app;
    let ada = Holder::new(app, EMAIL).await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let mail = post.mailed().await;
    assert_eq!(post.by_link(&mail, crate::app::NEW_PASSWORD).await.status, StatusCode::NO_CONTENT);
    app.login(EMAIL, crate::app::NEW_PASSWORD).await.problem(403, "second_factor_required");
    ada.sign_in(app).await.tokens();
}

async fn credentials_of_another_shape_are_faults(app: App) {
    let ada = Holder::new(&app, EMAIL).await;
    let asked = ask(&app).await;
    let good = presented(&asked, &ada.passkey);
    let faults = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        app.post(SIGN_IN, body)
    };
    for (pointer, value, fault) in [
        ("/ceremony", json!("nonsense"), "ceremony:invalid_id"),
        ("/credential", json!("text"), "credential:wrong_type"),
        ("/credential", json!({}), "credential.id:required"),
        ("/credential/id", json!("AAAA"), "credential.id:invalid_credential_id"),
        ("/credential/id", json!("+/+/"), "credential.id:invalid_base64url"),
        ("/credential/response", json!([]), "credential.response:wrong_type"),
        ("/credential/response/signature", json!(7), "credential.response.signature:wrong_type"),
        ("/credential/response/signature", json!("AAAA=="), "credential.response.signature:invalid_base64url"),
        ("/credential/response/authenticatorData", json!(null), "credential.response.authenticatorData:wrong_type"),
    ] {
        let found = faults(pointer, value).await.problem(422, "validation_failed");
        assert!(found.iter().any(|it| it == fault), "{found:?} without {fault}");
    }
    // What is there may be nonsense: then it is a wrong passkey, and the challenge is spent.
    for name in ["signature", "authenticatorData", "clientDataJSON"] {
        let mut body = presented(&ask(&app).await, &ada.passkey);
        body["credential"]["response"][name] = json!("");
        app.post(SIGN_IN, body).await.problem(401, "invalid_passkey");
    }
    // What standards add is ignored.
    let mut body = good.clone();
    body["credential"]["later"] = json!({"than": ["level", 3]});
    body["credential"]["response"]["later"] = json!(1);
    app.post(SIGN_IN, body).await.tokens();
}

/// In production there are passkeys only where they are configured.
#[tokio::test(flavor = "multi_thread")]
async fn passkeys_are_off_until_they_are_configured() {
    let production = [("APP_ENV", "production"), ("APP_JWT__ISSUER", "https://auth.example.com")];
    let app = App::sqlite_with(&production).await;
    let ada = app.sign_up(EMAIL).await;
    let id = "0199c4a3-0000-7000-8000-000000000000";
    let data = json!({"clientDataJSON": "AAAA", "attestationObject": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA"});
    let of = |members: &[&str]| {
        let response: serde_json::Map<_, _> =
            members.iter().map(|name| ((*name).to_owned(), data[name].clone())).collect();
        json!({"id": "A".repeat(22), "type": "public-key", "response": response})
    };
    let shown = json!({"ceremony": id, "credential": of(&["clientDataJSON", "authenticatorData", "signature"])});
    let made = json!({"ceremony": id, "name": "Key", "credential": of(&["clientDataJSON", "attestationObject"])});
    for (path, body) in [
        (OPTIONS, json!({})),
        (SIGN_IN, shown.clone()),
        (CHALLENGE_OPTIONS, json!({"challenge": "hxc_"})),
        (MY_OPTIONS, json!({})),
        (MINE, made),
        (STEP_UP_OPTIONS, json!({})),
        (STEP_UP, json!({"passkey": shown})),
    ] {
        let refused = app.send_as(&ada.access, Method::POST, path, body).await;
        refused.problem(404, "passkeys_off");
        assert!(refused.text.contains("Passkeys are off"), "{path}: {refused:?}");
    }
    let settings = [
        ("APP_WEBAUTHN__RP_ID", "example.com"),
        (
            "APP_WEBAUTHN__ORIGINS",
            "https://app.example.com,android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck",
        ),
    ];
    let app = App::sqlite_with(&[&production[..], &settings].concat()).await;
    let ada = app.sign_up(EMAIL).await;
    let asked = asked(&app.send_as(&ada.access, Method::POST, MY_OPTIONS, json!({})).await);
    assert_eq!(asked["public_key"]["rp"]["id"], "example.com");
    for (origin, status) in [("https://example.com", 403), ("https://app.example.com", 201)] {
        let asked = self::asked(&app.send_as(&ada.access, Method::POST, MY_OPTIONS, json!({})).await);
        let (_, credential) = SoftPasskey::create(&asked["public_key"], origin);
        assert_eq!(register(&app, &ada.access, &asked, "Phone", credential).await.status, status, "{origin}");
    }
}
