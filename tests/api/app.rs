use std::collections::BTreeSet;
use std::time::Duration;

use api_actix::config::{Config, Environment};
use api_actix::server::Server;
use api_actix::wiring;
use application::Application;
use application::users::AdminAccount;
use domain::passwords::Password;
use domain::users::Email;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{OnDatabase, postgres, run_sql, sqlite};
use tokio::sync::oneshot;

pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The password after a change.
pub(crate) const NEW_PASSWORD: &str = "staple battery horse correct";
pub(crate) const SECRET: &str = "q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa";

/// A running server. It stops when this is dropped.
pub(crate) struct App {
    pub(crate) url: String,
    pub(crate) database_url: String,
    pub(crate) client: reqwest::Client,
    /// Where its metrics are, if they are served.
    pub(crate) metrics_url: Option<String>,
    application: Application,
    _stop: oneshot::Sender<()>,
    _folder: Option<TempDir>,
}

/// An answer that was read whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl App {
    /// A server on this database with these settings besides.
    pub(crate) async fn start(database_url: String, folder: Option<TempDir>, settings: &[(&str, &str)]) -> Self {
        let mut variables = vec![
            ("DATABASE_URL", database_url.as_str()),
            ("APP_SECRET_KEY", SECRET),
            ("APP_SERVER__PORT", "0"),
            ("APP_SERVER__WORKERS", "2"),
            ("APP_DATABASE__ACQUIRE_TIMEOUT", "20s"),
            // The default cost would make each test take seconds. The hash pool's own tests use it.
            ("APP_PASSWORD__MEMORY_KIB", "64"),
            ("APP_PASSWORD__ITERATIONS", "1"),
            ("APP_PASSWORD__QUEUE", "1000"),
            ("APP_MAIL__TRANSPORT", "off"),
            // All tests come from one address.
            ("APP_RATE_LIMIT__ENABLED", "false"),
        ];
        variables.retain(|(name, _)| !settings.iter().any(|(other, _)| other == name));
        variables.extend(settings);
        let config = Config::load(None, Environment::new(variables), wiring::CHECKS).unwrap();
        let server = Server::build(&config).await.unwrap();
        let url = format!("http://{}", server.address());
        let metrics_url = server.metrics_address().map(|address| format!("http://{address}/metrics"));
        let application = server.application().clone();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(server.run_until(async move { drop(stopped.await) }));
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { url, database_url, client, metrics_url, application, _stop: stop, _folder: folder }
    }

    pub(crate) async fn sqlite_with(settings: &[(&str, &str)]) -> Self {
        let (folder, url) = sqlite::create_migrated_database().await;
        Self::start(url, Some(folder), settings).await
    }

    pub(crate) async fn postgres_with(settings: &[(&str, &str)]) -> Self {
        Self::start(postgres::create_migrated_database().await, None, settings).await
    }

    /// Another server on the same database.
    pub(crate) async fn another_node(&self, settings: &[(&str, &str)]) -> Self {
        Self::start(self.database_url.clone(), None, settings).await
    }

    /// Runs SQL past the server.
    pub(crate) async fn run_sql(&self, sql: &str) {
        run_sql(&self.database_url, sql).await;
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Answer {
        send(self.request(Method::DELETE, path).bearer_auth(token)).await
    }

    /// Deletes the account of the holder of the token.
    pub(crate) async fn delete_me(&self, token: &str) -> Answer {
        self.send_as(token, Method::DELETE, "/api/v1/users/me", json!({"current_password": PASSWORD})).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn send_as(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        send(self.request(method, path).bearer_auth(token).json(&body)).await
    }

    pub(crate) async fn register(&self, email: &str) -> Answer {
        self.post("/api/v1/users", json!({"email": email, "password": PASSWORD})).await
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", json!({"username": username, "password": password})).await
    }

    /// Registers somebody and signs them in.
    pub(crate) async fn sign_up(&self, email: &str) -> Tokens {
        assert_eq!(self.register(email).await.status, StatusCode::CREATED);
        self.sign_in(email).await
    }

    pub(crate) async fn sign_in(&self, email: &str) -> Tokens {
        self.login(email, PASSWORD).await.tokens()
    }

    pub(crate) async fn admin(&self, email: &str) -> Tokens {
        let password = Password::parse(PASSWORD).unwrap();
        let made = self.application.users.create_admin(Email::parse(email).unwrap(), password).await.unwrap();
        assert!(matches!(made, AdminAccount::Created(_)));
        self.sign_in(email).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.post("/api/v1/auth/refresh", json!({"refresh_token": refresh_token})).await
    }

    pub(crate) async fn me(&self, access_token: &str) -> Answer {
        self.get("/api/v1/users/me", access_token).await
    }

    /// The id of the holder of the token.
    pub(crate) async fn id(&self, tokens: &Tokens) -> String {
        self.me(&tokens.access).await.json()["id"].as_str().unwrap().to_owned()
    }
}

impl OnDatabase for App {
    async fn sqlite() -> Self {
        Self::sqlite_with(&[]).await
    }

    async fn postgres() -> Self {
        Self::postgres_with(&[]).await
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}")).to_str().unwrap()
    }

    pub(crate) fn tokens(&self) -> Tokens {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }

    /// Asserts a problem document of this status and code, and returns its errors as `field:code`.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Vec<String> {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self:?}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        match status {
            401 => assert!(self.header("www-authenticate").starts_with("Bearer")),
            429 | 503 => assert!(self.header("retry-after").parse::<u32>().is_ok()),
            _ => {}
        }
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let row = |error: Value| format!("{}:{}", error["field"].as_str().unwrap(), error["code"].as_str().unwrap());
        errors.into_iter().map(row).collect()
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

/// The names of an object's members, sorted: in which order they come depends on what else is built.
pub(crate) fn members(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}
