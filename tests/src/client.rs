//! Speaks to a node over HTTP.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::process::Node;
use crate::soft_passkey::SoftPasskey;
use crate::totp;

/// The user that most tests are about.
pub const EMAIL: &str = "ada@example.com";
/// The password of every user.
pub const PASSWORD: &str = "correct horse battery staple";

/// A page that may use passkeys: in development, any port of localhost.
pub const ORIGIN: &str = "http://localhost:3000";

/// No answer takes longer, unless its node hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Speaks to one node.
#[derive(Clone, Debug)]
pub struct Client {
    url: String,
    http: reqwest::Client,
}

/// What a sign-in returns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

/// An authenticator app that is a second factor.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// Where it is, under `/api/v1`.
    pub path: String,
    /// Its secret, in Base32.
    pub secret: String,
    /// What came with it, if it is the first factor.
    pub recovery_codes: Vec<String>,
}

/// A passkey that is registered.
pub struct RegisteredPasskey {
    /// Where it is, under `/api/v1`.
    pub path: String,
    /// It.
    pub passkey: SoftPasskey,
}

impl Client {
    /// To this node.
    pub fn of(node: &Node) -> Self {
        Self { url: node.url(), http: reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap() }
    }

    /// Asks for any path.
    pub async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// Sends a request to a path under `/api/v1`.
    pub async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Response {
        self.try_send(method, path, token, body).await.unwrap()
    }

    /// Sends a request to a path under `/api/v1` of a node that may be gone.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    /// Sends a request without a token.
    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.send(Method::POST, path, None, Some(body)).await
    }

    /// Makes a user.
    pub async fn register(&self, email: &str) -> Response {
        self.post("/users", json!({"email": email, "password": PASSWORD})).await
    }

    /// Asks for tokens.
    pub async fn login(&self, email: &str, password: &str) -> Response {
        self.post("/auth/login", json!({"username": email, "password": password})).await
    }

    /// Signs in a user who must exist.
    pub async fn sign_in(&self, email: &str) -> Tokens {
        tokens(self.login(email, PASSWORD).await).await
    }

    /// Makes a user and signs them in.
    pub async fn sign_up(&self, email: &str) -> Tokens {
        assert_eq!(self.register(email).await.status(), StatusCode::CREATED);
        self.sign_in(email).await
    }

    /// Gives the holder of these tokens, whose access token is void afterwards, an authenticator app with this name.
    pub async fn add_authenticator(&self, tokens: &Tokens, name: &str) -> Authenticator {
        let made = self.post_as(tokens, "/users/me/factors/totp", json!({"name": name})).await;
        let secret = made["secret"].as_str().unwrap().to_owned();
        let path = format!("/users/me/factors/totp/{}", made["id"].as_str().unwrap());
        let code = json!({"code": totp::code(&secret)});
        let confirmed = self.post_as(tokens, &format!("{path}/confirm"), code).await;
        let codes = confirmed["recovery_codes"].as_array().unwrap().iter();
        Authenticator { path, secret, recovery_codes: codes.map(|code| code.as_str().unwrap().to_owned()).collect() }
    }

    /// Gives the holder of these tokens, whose access token is void afterwards, a passkey with this name.
    pub async fn add_passkey(&self, tokens: &Tokens, name: &str) -> RegisteredPasskey {
        let asked = self.post_as(tokens, "/users/me/passkeys/options", json!({})).await;
        let (passkey, credential) = SoftPasskey::create(&asked["public_key"], ORIGIN);
        let body = json!({"ceremony": asked["ceremony"], "name": name, "credential": credential});
        let registered = self.post_as(tokens, "/users/me/passkeys", body).await;
        RegisteredPasskey { path: format!("/users/me/passkeys/{}", registered["id"].as_str().unwrap()), passkey }
    }

    /// Does what must go well, and returns what comes of it.
    pub async fn post_as(&self, tokens: &Tokens, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, Some(&tokens.access), Some(body)).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Exchanges a refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Response {
        self.post("/auth/refresh", json!({"refresh_token": refresh_token})).await
    }

    /// Asks for the account of the holder of the token.
    pub async fn me(&self, token: &str) -> Response {
        self.send(Method::GET, "/users/me", Some(token), None).await
    }

    /// Asks for a page of users, with these parameters of the query.
    pub async fn list_users(&self, parameters: &str, token: &str) -> Response {
        self.send(Method::GET, &format!("/users?{parameters}"), Some(token), None).await
    }

    /// Asks whether an access token is good.
    pub async fn verify(&self, token: &str) -> StatusCode {
        status(self.send(Method::GET, "/auth/verify", Some(token), None).await).await
    }

    /// Signs out.
    pub async fn logout(&self, token: &str) -> StatusCode {
        status(self.send(Method::POST, "/auth/logout", Some(token), None).await).await
    }
}

/// The pair in an answer that must have one.
pub async fn tokens(answer: Response) -> Tokens {
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{text}");
    let pair: Value = serde_json::from_str(&text).unwrap();
    let token = |name: &str| pair[name].as_str().unwrap().to_owned();
    Tokens { access: token("access_token"), refresh: token("refresh_token") }
}

/// The status of an answer that was read to its end, so that its connection can be used again.
pub async fn status(answer: Response) -> StatusCode {
    let status = answer.status();
    // If the connection breaks after the status, the status still counts.
    let _ = answer.bytes().await;
    status
}
