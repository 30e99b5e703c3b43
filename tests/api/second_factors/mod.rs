//! Second factors: no way leads around them, each is good once, and whoever changes them has just shown the strongest.

mod apps;
mod changes;
mod guesses;
mod one_use;
mod sign_in;

use chrono::TimeDelta;
use domain::Clock as _;
use infra_security::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::totp;

use crate::app::{Answer, App, PASSWORD, Tokens};

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
