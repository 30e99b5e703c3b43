use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tests::process::Node;

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Speaks to a node.
#[derive(Clone)]
pub(crate) struct Client {
    url: String,
    http: reqwest::Client,
}

/// What a sign-in hands out.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Client {
    pub(crate) fn of(node: &Node) -> Self {
        Self { url: node.url(), http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    pub(crate) async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Response {
        self.try_send(method, path, token, body).await.unwrap()
    }

    pub(crate) async fn try_send(
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

    pub(crate) async fn register(&self) {
        let body = json!({"email": EMAIL, "password": PASSWORD});
        let answer = self.send(Method::POST, "/users", None, Some(body)).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Response {
        self.send(Method::POST, "/auth/login", None, Some(json!({"username": email, "password": password}))).await
    }

    /// Registers and signs in.
    pub(crate) async fn begin(&self) -> Tokens {
        self.register().await;
        tokens(self.login(EMAIL, PASSWORD).await).await
    }

    pub(crate) async fn me(&self, token: &str) -> Response {
        self.send(Method::GET, "/users/me", Some(token), None).await
    }
}

pub(crate) async fn tokens(answer: Response) -> Tokens {
    assert_eq!(answer.status(), StatusCode::OK);
    let pair = answer.json::<Value>().await.unwrap();
    let text = |name: &str| pair[name].as_str().unwrap().to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token") }
}
