//! Signing in by identity providers, and linking accounts there. What is wrong comes from an issuer of ours; that the
//! rest is right, `tests/process/web.rs` shows with one that nobody here wrote.

mod flow;
mod form_post;
mod id_tokens;
mod links;
mod outages;
mod sign_in;

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use reqwest::{Client, Method, StatusCode, redirect};
use serde_json::{Value, json};
use tests::issuer::{CLIENT_ID, Issuer, form};

use crate::app::{Answer, App, Tokens, send};

pub(crate) const BACK: &str = "https://app.example.com/back?from=provider";

/// A server on the database of another, with two providers, and with these settings besides.
pub(crate) struct Setup {
    pub(crate) app: App,
    pub(crate) idp: Issuer,
    other: Issuer,
    /// Follows no redirects.
    pub(crate) client: Client,
}

/// A browser that was sent to a provider.
pub(crate) struct Begun {
    provider: &'static str,
    pub(crate) state: String,
    /// The code that [`Issuer`] takes.
    pub(crate) nonce: String,
    pub(crate) cookie: String,
}

impl Setup {
    pub(crate) async fn with(app: &App, settings: &[(&str, &str)]) -> Self {
        let (idp, other) = (Issuer::start().await, Issuer::start().await);
        let mut all = vec![
            ("APP_AUTH__RETURN_TO", BACK),
            ("APP_PROVIDERS__IDP__ISSUER", idp.url.as_str()),
            ("APP_PROVIDERS__IDP__CLIENT_ID", CLIENT_ID),
            ("APP_PROVIDERS__IDP__CLIENT_SECRET", "p+w d"),
            ("APP_PROVIDERS__OTHER__ISSUER", other.url.as_str()),
            ("APP_PROVIDERS__OTHER__CLIENT_ID", CLIENT_ID),
        ];
        all.extend(settings);
        let app = app.another_node(&all).await;
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(Duration::from_secs(60)).build();
        Self { app, idp, other, client: client.unwrap() }
    }

    async fn get(&self, url: &str, cookie: &str) -> Answer {
        let url = if url.starts_with('/') { format!("{}{url}", self.app.url) } else { url.to_owned() };
        send(self.client.get(url).header("cookie", cookie)).await
    }

    /// As a browser goes there.
    async fn visit(&self, path: &str) -> Answer {
        let page = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        send(self.client.get(format!("{}{path}", self.app.url)).header("accept", page)).await
    }

    async fn start(&self, provider: &'static str, query: &[(&str, &str)], cookie: &str) -> Answer {
        let path = format!("/api/v1/auth/providers/{provider}/start?{}", encode(query));
        self.get(&path, cookie).await
    }

    pub(crate) async fn begin(&self, provider: &'static str) -> Begun {
        Begun::of(provider, &self.start(provider, &[("return_to", BACK)], "").await)
    }

    pub(crate) async fn come_back(&self, begun: &Begun) -> Answer {
        self.come_back_with(begun, &[("code", &begun.nonce), ("state", &begun.state)]).await
    }

    async fn come_back_with(&self, begun: &Begun, query: &[(&str, &str)]) -> Answer {
        let path = format!("/api/v1/auth/providers/{}/callback?{}", begun.provider, encode(query));
        self.get(&path, &begun.cookie).await
    }

    pub(crate) async fn exchange(&self, body: Value) -> Answer {
        self.app.post("/api/v1/auth/providers/exchange", body).await
    }

    /// All of it, by the first provider.
    pub(crate) async fn sign_in(&self, claims: Value) -> Answer {
        self.idp.says(claims);
        let begun = self.begin("idp").await;
        let back = self.come_back(&begun).await;
        self.exchange(json!({"code": landed(&back, "code")})).await
    }

    /// Why nobody is let in whom the first provider describes so.
    async fn refusal(&self) -> String {
        let begun = self.begin("idp").await;
        landed(&self.come_back(&begun).await, "error")
    }

    async fn users(&self) -> i64 {
        tests::count(&self.app.database_url, "SELECT count(*) AS n FROM users").await
    }
}

impl Begun {
    fn of(provider: &'static str, departure: &Answer) -> Self {
        assert_eq!(departure.status, StatusCode::SEE_OTHER, "{departure:?}");
        let query = query_of(departure.header("location"));
        let cookie = departure.header("set-cookie").split(';').next().unwrap().to_owned();
        Self { provider, state: value(&query, "state"), nonce: value(&query, "nonce"), cookie }
    }
}

pub(crate) fn encode(query: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://a", query).unwrap();
    url.query().unwrap_or_default().to_owned()
}

fn query_of(url: &str) -> Vec<(String, String)> {
    form(url.split_once('?').unwrap().1.as_bytes())
}

fn value(query: &[(String, String)], name: &str) -> String {
    let found = query.iter().find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("no {name} in {query:?}")).1.clone()
}

/// What the app gets in the end.
#[track_caller]
pub(crate) fn landed(back: &Answer, name: &str) -> String {
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{back:?}");
    let location = back.header("location");
    assert!(location.starts_with(BACK), "{location}");
    value(&query_of(location), name)
}

pub(crate) fn ada() -> Value {
    json!({"sub": "AdA", "email": "ada@example.com", "email_verified": true})
}

fn claims_of(tokens: &Tokens) -> Value {
    let part = tokens.access.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

/// Goes through the provider with a flow that links, in a browser of its own, and returns the code.
pub(crate) async fn linking_code(setup: &Setup, tokens: &Tokens) -> String {
    let path = "/api/v1/users/me/identities/idp/start";
    let started = setup.app.send_as(&tokens.access, Method::POST, path, json!({"return_to": BACK})).await;
    let url = started.json()["url"].as_str().unwrap().to_owned();
    let begun = Begun::of("idp", &setup.get(&url, "").await);
    setup.get(&url, "").await.problem(400, "invalid_one_time_token");
    landed(&setup.come_back(&begun).await, "code")
}

pub(crate) async fn link(setup: &Setup, tokens: &Tokens, code: &str) -> Answer {
    setup.app.send_as(&tokens.access, Method::POST, "/api/v1/users/me/identities", json!({"code": code})).await
}
