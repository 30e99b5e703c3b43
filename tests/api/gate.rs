//! No path to a session leads around the account's status or its second factor: each route that the document says ends
//! in a session, by whatever it takes, for each state of the factors and of the account, also for flows that were begun
//! before.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::Clock;
use domain::one_time_tokens::Purpose;
use infra_security::SystemClock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;
use tests::soft_passkey::SoftPasskey;

use crate::app::{Answer, App, PASSWORD, Tokens, send};
use crate::letterbox::{Post, count};
use crate::passkeys::{Holder, ORIGIN, presented};
use crate::providers::{Setup, landed};
use crate::registration::last_token;
use crate::second_factors::Enrolled;

on_each_database!(no_way_leads_to_a_session_that_an_account_may_not_have, a_refused_sign_in_is_counted_by_its_reason);

const EMAIL: &str = "ada@example.com";
/// One for each session that began.
const BEGUN: &str = "events WHERE kind = 'login.succeeded'";
/// What is none of anybody's.
const NO_CODE: &str = "2222-2222";

/// What second factor an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Factor {
    /// None, and time to set one up.
    None,
    /// An authenticator app, with recovery codes.
    Totp,
    /// A passkey, with recovery codes.
    Passkey,
    /// None, and the time without one is over.
    Due,
}

/// Whether an account may have a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active,
    Disabled,
    Throttled,
    Unverified,
}

/// A way to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Json,
    Form,
    OAuth,
    /// By a code that was mailed before the account came to its state.
    MailedCode,
    /// Likewise by a link.
    MailedLink,
    /// By a challenge that was handed out before.
    Totp,
    RecoveryCode,
    EmailCode,
    /// By a passkey after a password, likewise.
    PasskeyBesides,
    /// By a passkey alone.
    Passkey,
    /// By the code of an account at a provider that was linked before.
    Provider,
    /// By the code of one that is linked to nobody yet, and has the address.
    UnlinkedProvider,
    /// By a refresh token from before.
    Refresh,
    /// Likewise.
    OAuthRefresh,
}

impl Way {
    const ALL: [Self; 14] = [
        Self::Json,
        Self::Form,
        Self::OAuth,
        Self::MailedCode,
        Self::MailedLink,
        Self::Totp,
        Self::RecoveryCode,
        Self::EmailCode,
        Self::PasskeyBesides,
        Self::Passkey,
        Self::Provider,
        Self::UnlinkedProvider,
        Self::Refresh,
        Self::OAuthRefresh,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Json | Self::Form => "/api/v1/auth/login",
            Self::OAuth | Self::OAuthRefresh => "/oauth2/token",
            Self::MailedCode | Self::MailedLink => "/api/v1/auth/email-sign-in/confirm",
            Self::Totp => "/api/v1/auth/challenge/totp",
            Self::RecoveryCode => "/api/v1/auth/challenge/recovery-code",
            Self::EmailCode => "/api/v1/auth/challenge/email-code",
            Self::PasskeyBesides => "/api/v1/auth/challenge/passkey",
            Self::Passkey => "/api/v1/auth/passkeys",
            Self::Provider | Self::UnlinkedProvider => "/api/v1/auth/providers/exchange",
            Self::Refresh => "/api/v1/auth/refresh",
        }
    }

    /// What is said, and whether a session goes on or begins.
    fn expected(self, factor: Factor, state: State) -> (u16, &'static str) {
        let ok = (200, "");
        let oauth = |status: u16| if self == Self::OAuth { 400 } else { status };
        match (self, state, factor) {
            // A session that has begun is not asked for more.
            (Self::Refresh, State::Disabled, _) => (401, "invalid_refresh_token"),
            (Self::OAuthRefresh, State::Disabled, _) => (400, "invalid_refresh_token"),
            (Self::Refresh | Self::OAuthRefresh, _, _) => ok,
            // There is no challenge, whatever the state.
            (Self::Totp | Self::RecoveryCode | Self::EmailCode | Self::PasskeyBesides, _, Factor::None) => {
                (400, "invalid_one_time_token")
            }
            // Nothing was asked of a passkey, or it is nobody's. What of an account is amiss is not told by it.
            (Self::PasskeyBesides, _, Factor::Totp | Factor::Due) => (400, "invalid_ceremony"),
            (Self::Passkey, _, Factor::None | Factor::Totp | Factor::Due)
            | (Self::Passkey, State::Disabled, Factor::Passkey) => (401, "invalid_passkey"),
            (Self::Totp | Self::RecoveryCode, State::Throttled, _) => (429, "too_many_attempts"),
            (Self::MailedCode, State::Throttled, _) => (400, "invalid_one_time_token"),
            (Self::Json | Self::Form | Self::OAuth, State::Throttled, _) => (429, "too_many_attempts"),
            // What was shown is not right, or there is no such factor.
            (Self::Totp, _, Factor::Due | Factor::Passkey)
            | (Self::RecoveryCode, State::Active, Factor::Due)
            | (Self::EmailCode, State::Throttled, Factor::Due) => (401, "invalid_second_factor"),
            (Self::EmailCode, _, Factor::Totp | Factor::Passkey) | (Self::EmailCode, State::Unverified, _) => {
                (403, "email_code_not_offered")
            }
            (_, State::Disabled, _) => (oauth(403), "account_disabled"),
            // What was mailed proves the address, and what a stranger set up before goes.
            (Self::MailedCode | Self::MailedLink, State::Unverified, Factor::None | Factor::Totp | Factor::Passkey) => {
                ok
            }
            (Self::UnlinkedProvider, State::Unverified, Factor::None | Factor::Totp | Factor::Passkey) => ok,
            (Self::UnlinkedProvider, State::Unverified, Factor::Due) => (403, "second_factor_required"),
            // A link is a way in, which takes the second factor that there is.
            (Self::UnlinkedProvider, _, Factor::Totp | Factor::Passkey) => (409, "link_required"),
            (Self::MailedCode | Self::MailedLink, _, Factor::None) => ok,
            (Self::MailedCode | Self::MailedLink, _, _) => (403, "second_factor_required"),
            (_, State::Unverified, _) => (oauth(403), "email_not_verified"),
            (
                Self::Json | Self::Form | Self::OAuth | Self::Provider | Self::UnlinkedProvider,
                _,
                Factor::Totp | Factor::Passkey | Factor::Due,
            ) => (oauth(403), "second_factor_required"),
            _ => ok,
        }
    }

    /// What is offered instead, where a second factor is asked for.
    fn offered(self, factor: Factor) -> Value {
        match (self, factor) {
            (Self::OAuth, _) => Value::Null,
            (_, Factor::Totp) => json!(["totp", "recovery_code"]),
            (_, Factor::Passkey) => json!(["passkey", "recovery_code"]),
            // The mailbox is not asked twice.
            (Self::MailedCode | Self::MailedLink, _) => json!([]),
            _ => json!(["email_code"]),
        }
    }
}

/// What was begun while all was well.
struct Begun {
    tokens: Tokens,
    mailed_code: String,
    mailed_token: String,
    challenge: String,
    email_code: String,
    recovery_code: String,
    enrolled: Option<Enrolled>,
    /// The response of a passkey.
    presented: Value,
    provider_code: String,
}

impl Begun {
    async fn new(post: &Post, setup: &Setup, way: Way, factor: Factor) -> Self {
        let app = &post.app;
        app.run_sql("UPDATE users SET is_active = true, email_verified = true").await;
        for table in [
            "attempts",
            "refresh_tokens",
            "one_time_tokens",
            "totp_devices",
            "recovery_codes",
            "passkeys",
            "identities",
            "second_factor_graces",
        ] {
            app.run_sql(&format!("DELETE FROM {table}")).await;
        }
        let mut login = app.login(EMAIL, PASSWORD).await;
        if login.status == StatusCode::UNAUTHORIZED {
            set_password(app).await;
            login = app.login(EMAIL, PASSWORD).await;
        }
        let mut begun = Self {
            tokens: login.tokens(),
            mailed_code: NO_CODE.to_owned(),
            mailed_token: String::new(),
            challenge: format!("hxc_{}", "A".repeat(64)),
            email_code: NO_CODE.to_owned(),
            recovery_code: "23456-789AB".to_owned(),
            enrolled: None,
            presented: Value::Null,
            provider_code: String::new(),
        };
        let claims = json!({"sub": "ada", "email": EMAIL, "email_verified": true});
        if way == Way::Provider {
            setup.sign_in(claims.clone()).await.tokens();
        }
        if matches!(way, Way::Provider | Way::UnlinkedProvider) {
            setup.idp.says(claims);
            begun.provider_code = landed(&setup.come_back(&setup.begin("idp").await).await, "code");
        }
        let mut passkey = match way {
            Way::Passkey | Way::PasskeyBesides => Some(unknown_passkey(app, &begun.tokens).await),
            _ => None,
        };
        match factor {
            Factor::None => {}
            Factor::Totp => {
                let enrolled = Enrolled::with(app, EMAIL, &begun.tokens).await;
                begun.tokens = enrolled.tokens.clone();
                begun.recovery_code.clone_from(&enrolled.recovery_codes[0]);
                begun.enrolled = Some(enrolled);
            }
            Factor::Passkey => {
                let holder = Holder::with(app, &begun.tokens, "Phone").await;
                begun.tokens = holder.tokens;
                begun.recovery_code = holder.registered["recovery_codes"][0].as_str().unwrap().to_owned();
                passkey = Some(holder.passkey);
            }
            Factor::Due => app.run_sql("UPDATE second_factor_graces SET began_at = '2026-01-01T00:00:00Z'").await,
        }
        match way {
            Way::MailedCode | Way::MailedLink => {
                let mails = post.mails("sign_in").len();
                app.post("/api/v1/auth/email-sign-in", json!({"email": EMAIL})).await;
                begun.mailed_token = last_token(app, Purpose::SignIn, EMAIL).await;
                begun.mailed_code = post.wait_for("sign_in", mails + 1).await.pop().unwrap().code;
            }
            Way::Totp | Way::RecoveryCode | Way::EmailCode | Way::PasskeyBesides if factor != Factor::None => {
                let asked = app.login(EMAIL, PASSWORD).await.json();
                begun.challenge = asked["challenge"].as_str().unwrap().to_owned();
                if way == Way::EmailCode {
                    let mails = post.mails("email_code").len();
                    let send = json!({"challenge": begun.challenge});
                    let sent = app.post("/api/v1/auth/challenge/email-code/send", send).await;
                    if factor == Factor::Due {
                        assert_eq!(sent.status, StatusCode::ACCEPTED, "{sent:?}");
                        begun.email_code = post.wait_for("email_code", mails + 1).await.pop().unwrap().code;
                    } else {
                        sent.problem(403, "email_code_not_offered");
                    }
                }
            }
            _ => {}
        }
        if let (Way::Passkey | Way::PasskeyBesides, Some(passkey)) = (way, &passkey) {
            let is_asked = way == Way::PasskeyBesides && factor == Factor::Passkey;
            let path =
                if is_asked { "/api/v1/auth/challenge/passkey/options" } else { "/api/v1/auth/passkeys/options" };
            let body = if is_asked { json!({"challenge": begun.challenge}) } else { json!({}) };
            begun.presented = presented(&app.post(path, body).await.json(), passkey);
            begun.presented["challenge"] = json!(begun.challenge);
        }
        begun
    }

    async fn go(&self, app: &App, setup: &Setup, way: Way) -> Answer {
        let fields = [("grant_type", "password"), ("username", EMAIL), ("password", PASSWORD)];
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*self.tokens.refresh)];
        let by_code = |code: &str| json!({"challenge": self.challenge, "code": code});
        let body = match way {
            Way::Form | Way::OAuth => return send(app.request(Method::POST, way.path()).form(&fields)).await,
            Way::OAuthRefresh => return send(app.request(Method::POST, way.path()).form(&refresh)).await,
            Way::Json => json!({"username": EMAIL, "password": PASSWORD}),
            Way::MailedCode => json!({"email": EMAIL, "code": self.mailed_code}),
            Way::MailedLink => json!({"token": self.mailed_token}),
            Way::Refresh => json!({"refresh_token": self.tokens.refresh}),
            Way::Totp => match &self.enrolled {
                Some(enrolled) => by_code(&enrolled.next_code(app).await),
                None => by_code("123456"),
            },
            Way::RecoveryCode => by_code(&self.recovery_code),
            Way::EmailCode => by_code(&self.email_code),
            Way::PasskeyBesides => self.presented.clone(),
            Way::Passkey => {
                let mut presented = self.presented.clone();
                presented.as_object_mut().unwrap().remove("challenge");
                presented
            }
            Way::Provider | Way::UnlinkedProvider => return setup.exchange(json!({"code": self.provider_code})).await,
        };
        app.post(way.path(), body).await
    }
}

async fn set_state(app: &App, begun: &Begun, way: Way, state: State) {
    match state {
        State::Active => {}
        State::Disabled => app.run_sql("UPDATE users SET is_active = false").await,
        State::Unverified => app.run_sql("UPDATE users SET email_verified = false").await,
        State::Throttled => {
            for _ in 0..10 {
                let code = match way {
                    Way::Totp => "123456",
                    Way::RecoveryCode | Way::PasskeyBesides => "22222-22222",
                    _ => NO_CODE,
                };
                let by_challenge = json!({"challenge": begun.challenge, "code": code});
                match way {
                    Way::Totp | Way::RecoveryCode | Way::EmailCode => app.post(way.path(), by_challenge).await,
                    Way::PasskeyBesides => app.post(Way::RecoveryCode.path(), by_challenge).await,
                    Way::MailedCode => app.post(way.path(), json!({"email": EMAIL, "code": NO_CODE})).await,
                    _ => app.login(EMAIL, "wrong").await,
                };
            }
            // From this network, which is known, more are free; and no attempt comes free while this runs.
            let free_at = (SystemClock.now() + TimeDelta::minutes(10)).timestamp_millis();
            app.run_sql(&format!("UPDATE attempts SET free_at = {free_at} WHERE count > 4")).await;
        }
    }
}

/// A passkey that is registered nowhere.
async fn unknown_passkey(app: &App, tokens: &Tokens) -> SoftPasskey {
    let options = app.send_as(&tokens.access, Method::POST, "/api/v1/users/me/passkeys/options", json!({})).await;
    SoftPasskey::create(&options.json()["public_key"], ORIGIN).0
}

/// The routes of the document whose success is a pair of tokens.
fn documented() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&api_actix::openapi::json()).unwrap();
    let pairs = ["TokenPair", "AccessTokenResponse"].map(|name| format!("#/components/schemas/{name}"));
    let mut routes = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            let responses = operation["responses"].as_object().unwrap();
            let schemas = responses.values().map(|response| &response["content"]["application/json"]["schema"]["$ref"]);
            if schemas.into_iter().any(|schema| pairs.iter().any(|pair| schema == pair)) {
                routes.insert(path.clone());
            }
        }
    }
    routes
}

#[test]
fn each_route_that_ends_in_a_session_is_a_way_here() {
    let ways: BTreeSet<_> = Way::ALL.into_iter().map(|way| way.path().to_owned()).collect();
    assert_eq!(documented(), ways);
}

async fn no_way_leads_to_a_session_that_an_account_may_not_have(first: App) {
    let settings = [
        ("APP_AUTH__EMAIL_SIGN_IN", "true"),
        ("APP_REGISTRATION__MODE", "verified"),
        ("APP_AUTH__SECOND_FACTOR", "required"),
    ];
    first.register(EMAIL).await;
    let post = Post::with(first, &settings).await;
    let app = &post.app;
    let setup = Setup::with(app, &[&post.to_files(), &settings[..]].concat()).await;
    for factor in [Factor::None, Factor::Totp, Factor::Passkey, Factor::Due] {
        for state in [State::Active, State::Disabled, State::Throttled, State::Unverified] {
            for way in Way::ALL {
                let row = format!("{factor:?} {state:?} {way:?}");
                let begun = Begun::new(&post, &setup, way, factor).await;
                set_state(app, &begun, way, state).await;
                let before = count(app, BEGUN).await;
                let answer = begun.go(app, &setup, way).await;
                let (status, code) = way.expected(factor, state);
                assert_eq!(answer.status.as_u16(), status, "{row}: {answer:?}");
                let begins = i64::from(status == 200 && !matches!(way, Way::Refresh | Way::OAuthRefresh));
                assert_eq!(count(app, BEGUN).await, before + begins, "{row}");
                if status != 200 {
                    assert_eq!(answer.json()["code"], code, "{row}");
                    assert!(answer.json()["access_token"].is_null(), "{row}");
                }
                if code == "second_factor_required" {
                    assert_eq!(answer.json()["factors"], way.offered(factor), "{row}");
                    assert_eq!(answer.json()["challenge"].is_null(), way == Way::OAuth, "{row}");
                }
            }
        }
    }
}

/// Gives the account [`PASSWORD`] again.
async fn set_password(app: &App) {
    app.post("/api/v1/auth/password-reset", json!({"email": EMAIL})).await;
    let token = last_token(app, Purpose::ResetPassword, EMAIL).await;
    let body = json!({"token": token, "new_password": PASSWORD});
    assert_eq!(app.post("/api/v1/auth/password-reset/confirm", body).await.status, StatusCode::NO_CONTENT);
    app.run_sql("DELETE FROM attempts").await;
}

async fn a_refused_sign_in_is_counted_by_its_reason(first: App) {
    first.register(EMAIL).await;
    let settings = [("APP_REGISTRATION__MODE", "verified"), ("APP_METRICS__ADDR", "127.0.0.1:0")];
    let post = Post::with(first, &settings).await;
    post.app.login(EMAIL, PASSWORD).await.problem(403, "email_not_verified");
    let metrics = reqwest::get(post.app.metrics_url.as_ref().unwrap()).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("hexauth_sign_ins_total{outcome=\"unverified\"} 1"), "{metrics}");
    assert_eq!(count(&post.app, "events WHERE kind = 'login.refused_unverified'").await, 1);
}
