//! Passkeys: registering, naming and removing them, and signing in with them, alone and after a password.

mod authenticator_data;
mod challenges;
mod refusals;
mod registration;
mod removal;
mod sign_in;

use data_encoding::BASE64URL_NOPAD;
use domain::Clock as _;
use infra_security::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::soft_passkey::{PRESENT, SoftPasskey, VERIFIED};

use crate::app::{Answer, App, PASSWORD, Tokens};

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
        Self::made(app, tokens, name, PRESENT | VERIFIED).await
    }

    /// Registers a passkey that says this of itself.
    pub(crate) async fn with_flags(app: &App, tokens: &Tokens, flags: u8) -> Self {
        Self::made(app, tokens, "Key", flags).await
    }

    async fn made(app: &App, tokens: &Tokens, name: &str, flags: u8) -> Self {
        let asked = asked(&app.send_as(&tokens.access, Method::POST, MY_OPTIONS, json!({})).await);
        let mut passkey = SoftPasskey::for_options(&asked["public_key"], ORIGIN);
        passkey.flags = flags;
        let credential = passkey.register(&asked["public_key"]);
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

    pub(crate) async fn step_up(&self, app: &App, tokens: &Tokens) -> Answer {
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

pub(crate) async fn sign_in(app: &App, passkey: &SoftPasskey) -> Answer {
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
