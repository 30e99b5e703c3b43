//! `docker/Caddyfile` in a real Caddy.

use std::fs;

use tempfile::TempDir;
use tests::client::{Client, EMAIL, PASSWORD};
use tests::process::{Node, Workplace};
use tests::servers::{CADDY, Program, caddy, free_address, wait_until_it_listens};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::nginx::serve;

const CONFIGURATION: &str = include_str!("../../docker/Caddyfile");

/// What a browser sends before a request of another origin's page.
const PREFLIGHT: &str = "Origin: https://app.example.com\r\nAccess-Control-Request-Method: DELETE\r\n";

/// Caddy between a client and a service, with a node beside it.
struct Gateway {
    address: String,
    node: Node,
    _caddy: Program,
    _folder: TempDir,
}

impl Gateway {
    async fn start() -> Self {
        let service = serve().await.to_string();
        let node = Workplace::default().serve().await;
        let address = free_address();
        let configuration = CONFIGURATION
            .replace("127.0.0.1:8080", node.url().trim_start_matches("http://"))
            .replace("127.0.0.1:9000", &service)
            .replace("http://:8000", &format!("http://:{}", address.port()));
        let folder = tempfile::Builder::new().prefix("hexauth-caddy-").tempdir().unwrap();
        fs::write(folder.path().join("Caddyfile"), configuration).unwrap();
        let caddy = Program::start(caddy(&folder.path().join("Caddyfile"), folder.path()), CADDY);
        wait_until_it_listens(address).await;
        Self { address: address.to_string(), node, _caddy: caddy, _folder: folder }
    }

    /// Sends a head with these lines, even lines that no client library would send, and returns the status, and the
    /// request as it came to the service, in lower case.
    async fn send(&self, request: &str, lines: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let end = if lines.contains("Connection:") { "" } else { "Connection: close\r\n" };
        let head = format!("{request} HTTP/1.1\r\nHost: a\r\n{end}{lines}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

/// The lines that tell a service who asks, sorted, and without a time that is not one. Many services read a `_` as a
/// `-`.
fn identity(request: &str) -> Vec<String> {
    let lines = request.lines().map(|line| line.replace('_', "-"));
    let mut lines: Vec<_> = lines.filter(|line| line.starts_with("x-user-")).collect();
    lines.sort();
    for line in &mut lines {
        if let Some(("x-user-auth-time", time)) = line.split_once(": ")
            && time.len() == 10
            && time.parse::<u64>().is_ok_and(|time| time < 9_000_000_000)
        {
            *line = "x-user-auth-time: recent".to_owned();
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_knows_whose_token_it_is_whatever_a_client_says() {
    let gateway = Gateway::start().await;
    let client = Client::of(&gateway.node);
    let tokens = client.sign_up(EMAIL).await;
    let me: serde_json::Value = client.me(&tokens.access).await.json().await.unwrap();
    let id = format!("x-user-id: {}", me["id"].as_str().unwrap());
    let known = ["x-user-amr: pwd", "x-user-auth-time: recent", &id, "x-user-role: user"].map(str::to_owned);
    let token = format!("Authorization: Bearer {}\r\n", tokens.access);
    for lines in [
        "",
        "X-User-Role: admin\r\nX-User-Id: root\r\n",
        "X_User_Role: admin\r\n",
        "X-User-Amr: mfa\r\nX-User-Auth-Time: 9999999999\r\n",
        "X_User_Auth_Time: 9999999999\r\n",
        "Connection: close, X-User-Amr, X-User-Auth-Time\r\n",
        "X-User_Role: admin\r\n",
        "x_user-id: root\r\n",
        "Connection: close, X-User-Role, X-User-Id\r\n",
        "Connection: close\r\nConnection: x-user-role\r\n",
    ] {
        let (status, request) = gateway.send("GET /anything", &format!("{token}{lines}")).await;
        assert_eq!((status, identity(&request)), (200, known.to_vec()), "{lines}");
        let (status, _) = gateway.send("GET /anything", lines).await;
        assert_eq!(status, 401, "{lines}");
        let (status, request) = gateway.send("OPTIONS /anything", &format!("{PREFLIGHT}{lines}")).await;
        assert_eq!((status, identity(&request)), (200, Vec::new()), "{lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_preflight_asks_for_another_method() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.send("OPTIONS /anything", PREFLIGHT).await.0, 200);
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let lines = format!("{PREFLIGHT}{name}: DELETE\r\n");
        assert_eq!(gateway.send("OPTIONS /anything", &lines).await.0, 401, "{name}");
        let lines = format!("{PREFLIGHT}{}: DELETE\r\n", name.replace('-', "_"));
        assert!(!gateway.send("OPTIONS /anything", &lines).await.1.contains("override"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_and_its_metadata_go_to_hexauth_and_the_rest_does_not() {
    let gateway = Gateway::start().await;
    Client::of(&gateway.node).register(EMAIL).await;
    let token = reqwest::Client::new().post(format!("http://{}/oauth2/token", gateway.address));
    let login = [("grant_type", "password"), ("username", EMAIL), ("password", PASSWORD)];
    assert_eq!(token.form(&login).send().await.unwrap().status(), 200);
    for (path, status) in [
        ("/.well-known/jwks.json", 200),
        ("/.well-known/oauth-authorization-server", 200),
        ("/.well-known/security.txt", 401),
        ("/oauth2", 401),
        ("/anything/oauth2/token", 401),
    ] {
        assert_eq!(gateway.send(&format!("GET {path}"), "").await.0, status, "{path}");
    }
}
