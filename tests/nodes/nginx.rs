//! `docker/nginx.conf` and `docker/compose-nginx.conf` in a real nginx.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tempfile::TempDir;
use tests::client::{Client, EMAIL, PASSWORD, Tokens, tokens};
use tests::process::{Node, Workplace};
use tests::servers::{Program, free_address, wait_until_it_listens};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const CONFIGURATION: &str = include_str!("../../docker/nginx.conf");
const OF_COMPOSE: &str = include_str!("../../docker/compose-nginx.conf");

/// What the configuration says, and what the test needs besides: one process that ends with the test.
const FOR_TESTS: &str = "daemon off;
master_process off;";

/// An account that owns nothing.
const NOBODY: u32 = 65534;

/// Debian keeps it where only root looks.
const PROGRAM: &str = "/usr/sbin/nginx";

/// nginx between a client and a service, with a node beside it.
struct Gateway {
    url: String,
    node: Option<Node>,
    _nginx: Program,
    _workplace: Workplace,
    _folder: TempDir,
}

impl Gateway {
    async fn start() -> (Self, Tokens) {
        let service = serve().await.to_string();
        let configuration = |hexauth: &str, address: &str| {
            CONFIGURATION
                .replace("127.0.0.1:8080", hexauth)
                .replace("127.0.0.1:9000", &service)
                .replace("127.0.0.1:8000", address)
        };
        Self::run(Workplace::default(), configuration).await
    }

    /// As compose runs it, with this believed gateway.
    async fn of_compose(workplace: Workplace, believed: Option<&str>) -> (Self, Tokens) {
        let text = match believed {
            Some(gateway) => OF_COMPOSE
                .replace("#set_real_ip_from 172.31.250.1;", &format!("set_real_ip_from {gateway};"))
                .replace("#real_ip_header", "real_ip_header"),
            None => OF_COMPOSE.to_owned(),
        };
        let configuration = |hexauth: &str, address: &str| {
            text.replace("/tmp/", "")
                .replace("server api:8080;", &format!("server {hexauth};"))
                .replace("listen 8080;", &format!("listen {address};"))
        };
        Self::run(workplace, configuration).await
    }

    /// `configuration` is given where Hexauth is and where nginx listens.
    async fn run(workplace: Workplace, configuration: impl Fn(&str, &str) -> String) -> (Self, Tokens) {
        let workplace = workplace
            .with("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1")
            .with("APP_SERVER__FORWARDED_HEADER", "x-forwarded-for");
        let node = workplace.serve().await;
        let tokens = Client::of(&node).sign_up(EMAIL).await;
        let hexauth = node.url().trim_start_matches("http://").to_owned();
        let address = free_address();
        let configuration = configuration(&hexauth, &address.to_string()).replace("daemon off;", FOR_TESTS);
        let folder = tempfile::Builder::new().prefix("hexauth-nginx-").tempdir().unwrap();
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let mut nginx = Command::new(if Path::new(PROGRAM).is_file() { PROGRAM } else { "nginx" });
        nginx.arg("-p").arg(folder.path()).arg("-c").arg(&file);
        if is_root() {
            // Anybody else is nobody special anyway.
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            nginx.uid(NOBODY).gid(NOBODY);
        }
        let nginx = Program::start(nginx, "nginx (Debian: apt-get install nginx-light)");
        wait_until_it_listens(address).await;
        let url = format!("http://{address}");
        let gateway = Self { url, node: Some(node), _nginx: nginx, _workplace: workplace, _folder: folder };
        (gateway, tokens)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        reqwest::Client::new().post(format!("{}{path}", self.url))
    }
}

/// A service that returns the request as it came. Not one of actix, which takes fewer headers than nginx passes on.
pub(super) async fn serve() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that breaks off does not fail the test.
            tokio::spawn(async move { drop(echo(stream).await) });
        }
    });
    address
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_until(b'\n', &mut head).await?;
    }
    let mut request = String::from_utf8_lossy(&head).into_owned();
    let length = request.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await?;
    request.push_str(&String::from_utf8(body).unwrap());
    let answer = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{request}", request.len());
    stream.write_all(answer.as_bytes()).await
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_pass_with_a_token_and_the_service_knows_whose_it_is() {
    let (gateway, tokens) = Gateway::start().await;
    let id = Client::of(gateway.node.as_ref().unwrap()).me(&tokens.access).await;
    let id = id.json::<serde_json::Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let spoofed = gateway.post("/anything").header("x-user-id", "root").header("x-user-role", "admin");
    let spoofed = spoofed.header("x-user-amr", "mfa").header("x-user-auth-time", "9999999999");
    let request = send(spoofed.bearer_auth(&tokens.access).body("a body")).await.text().await.unwrap();
    let lines: Vec<_> = request.lines().filter(|line| line.to_lowercase().starts_with("x-user-")).collect();
    let [of_id, role, amr, auth_time] = lines[..] else { panic!("{request}") };
    assert_eq!((of_id, role, amr), (&*format!("X-User-Id: {id}"), "X-User-Role: user", "X-User-Amr: pwd"));
    assert!(auth_time.starts_with("X-User-Auth-Time: ") && !auth_time.contains("9999999999"), "{auth_time}");
    assert!(request.starts_with("POST /anything HTTP/1.0") && request.ends_with("\r\n\r\na body"), "{request}");
}

/// What else a client sends is between it and the service.
#[tokio::test(flavor = "multi_thread")]
async fn hexauth_is_asked_about_the_token_only() {
    const MANY: usize = 97;
    let (gateway, tokens) = Gateway::start().await;
    let post = || gateway.post("/anything").bearer_auth(&tokens.access);
    let many = (0..MANY).fold(post(), |request, index| request.header(format!("x-note-{index}"), "a note"));
    let request = send(many).await.text().await.unwrap();
    assert_eq!(request.matches("a note").count(), MANY, "{request}");
    let cookies = (0..3).fold(post(), |request, _| request.header("cookie", "c".repeat(7000)));
    for (name, request) in [
        ("cookies", cookies),
        ("a host", post().header("host", "a_service.example:8000")),
        ("a header of bytes", post().header("x-note", b"\xff\xfe".as_slice())),
        ("an origin", post().header("origin", "null").header("access-control-request-method", "GET")),
        ("an upgrade", post().header("connection", "upgrade").header("upgrade", "websocket")),
        ("an expectation", post().header("expect", "100-continue").body("a body")),
        ("a type", post().header("content-type", "nonsense").header("content-encoding", "nonsense").body("a body")),
        ("a long body", post().body("b".repeat(200_000))),
        ("an address", post().header("x-forwarded-for", "nonsense, ".repeat(500)).header("forwarded", "for=\"")),
        ("a trace", post().header("traceparent", "nonsense").header("x-request-id", "n o n s e n s e")),
    ] {
        assert_eq!(send(request).await.status(), StatusCode::OK, "{name}");
    }
}

/// Sends a head with these lines, even lines that no client library would send, and returns the status.
async fn status_of(gateway: &Gateway, lines: &str) -> u16 {
    let mut stream = TcpStream::connect(gateway.url.trim_start_matches("http://")).await.unwrap();
    let head = format!("GET /anything HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_of_a_client_makes_hexauth_refuse_the_question() {
    let (gateway, tokens) = Gateway::start().await;
    let token = format!("Authorization: Bearer {}\r\n", tokens.access);
    assert_eq!(status_of(&gateway, &token).await, 200);
    for name in ["X-Request-Id", "Traceparent", "Tracestate", "X-Forwarded-For", "Forwarded", "X-Note"] {
        for value in ["a\x01b", "a\x7fb", "\x01", "a\tb", "a\u{e9}b", "", &"a".repeat(513), &"a".repeat(8100)] {
            let lines = format!("{token}{name}: {value}\r\n");
            assert_eq!(status_of(&gateway, &lines).await, 200, "{name}: {value:?}");
            let twice = format!("{token}{name}: {value}\r\n{name}: a\r\n");
            assert_eq!(status_of(&gateway, &twice).await, 200, "{name} twice: {value:?}");
        }
        // Four buffers of 8 KiB are what nginx has for a head.
        let long = format!("{name}: {}\r\n", "1".repeat(8140 - name.len()));
        assert_eq!(status_of(&gateway, &format!("{token}{}", long.repeat(3))).await, 200, "{name}");
        assert_eq!(status_of(&gateway, &long.repeat(4)).await, 401, "{name}");
    }
    let most = format!(
        "X-Request-Id: {}\r\nTraceparent: {}\r\nTracestate: {}\r\n",
        "a".repeat(64),
        "0".repeat(64),
        "a".repeat(512)
    );
    assert_eq!(status_of(&gateway, &format!("{token}{most}")).await, 200);
    for end in ["\x01", "\x7f", "\u{e9}", &"a".repeat(7000)] {
        let broken = format!("{}{end}\r\n", token.trim_end());
        assert_eq!(status_of(&gateway, &broken).await, 401, "{end:?}");
    }
    // The longest that is passed on, and longer ones.
    for length in [7993, 7994, 8100] {
        let long = format!("Authorization: Bearer {}\r\n{most}", "a".repeat(length));
        assert_eq!(status_of(&gateway, &long).await, 401, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hexauth_knows_the_request_by_the_id_that_the_client_gave_it() {
    let (mut gateway, tokens) = Gateway::start().await;
    send(gateway.post("/anything").bearer_auth(&tokens.access).header("x-request-id", "request-7")).await;
    let logs = gateway.node.take().unwrap().stop().logs();
    assert!(logs.lines().any(|line| line.contains("\"request-7\"") && line.contains("/auth/verify")), "{logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_passes() {
    let (mut gateway, tokens) = Gateway::start().await;
    let answer = send(gateway.post("/anything").header("x-user-id", "root")).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let challenges: Vec<_> = answer.headers().get_all("www-authenticate").iter().collect();
    assert!(matches!(&challenges[..], [one] if one.to_str().unwrap().starts_with("Bearer")), "{challenges:?}");

    let logout = send(gateway.post("/api/v1/auth/logout").bearer_auth(&tokens.access)).await;
    assert_eq!(logout.status(), StatusCode::NO_CONTENT, "signing out goes through nginx, too");
    let answer = send(gateway.post("/anything").bearer_auth(&tokens.access)).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    drop(gateway.node.take());
    let answer = send(gateway.post("/anything").bearer_auth(&tokens.access)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "without Hexauth nobody passes");
    assert!(answer.headers().contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth_and_its_metadata_go_to_hexauth_and_the_rest_does_not() {
    let (gateway, _) = Gateway::start().await;
    let login = [("grant_type", "password"), ("username", EMAIL), ("password", PASSWORD)];
    assert_eq!(send(gateway.post("/oauth2/token").form(&login)).await.status(), StatusCode::OK);
    for (path, status) in [
        ("/.well-known/jwks.json", 200),
        ("/.well-known/oauth-authorization-server", 200),
        ("/.well-known/security.txt", 401),
        ("/oauth2", 401),
        ("/anything/oauth2/token", 401),
        ("/anything/.well-known/jwks.json", 401),
    ] {
        assert_eq!(reqwest::get(format!("{}{path}", gateway.url)).await.unwrap().status(), status, "{path}");
    }
}

/// Browsers send no token with it, and the service knows nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_passes_and_nothing_that_looks_like_one() {
    let (gateway, tokens) = Gateway::start().await;
    let url = format!("{}/anything", gateway.url);
    let request = |method: Method| {
        let request = reqwest::Client::new().request(method, &url).header("origin", "https://app.example.com");
        request
            .header("access-control-request-method", "DELETE")
            .header("x-user-id", "root")
            .header("x-user-role", "admin")
    };
    for token in [None, Some("garbage"), Some(tokens.access.as_str())] {
        let asked = token.iter().fold(request(Method::OPTIONS), |request, token| request.bearer_auth(token));
        let asked = send(asked.header("access-control-request-headers", "authorization")).await;
        assert_eq!(asked.status(), StatusCode::OK);
        let text = asked.text().await.unwrap();
        assert!(text.starts_with("OPTIONS /anything HTTP/1.0") && !text.to_lowercase().contains("x-user-"), "{text}");
    }
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::TRACE] {
        // nginx refuses TRACE by itself.
        let refused = send(request(method.clone())).await.status();
        assert!(matches!(refused.as_u16(), 401 | 405), "{method}: {refused}");
    }
    let options = || reqwest::Client::new().request(Method::OPTIONS, &url);
    for (name, request) in [
        ("without an origin", options().header("access-control-request-method", "DELETE")),
        ("without a method", options().header("origin", "https://app.example.com")),
        ("with neither", options()),
        ("with empty ones", options().header("origin", "").header("access-control-request-method", "")),
        ("overridden", request(Method::POST).header("x-http-method-override", "OPTIONS")),
        ("to override", request(Method::OPTIONS).header("x-http-method-override", "DELETE")),
        ("to override", request(Method::OPTIONS).header("x-http-method", "DELETE")),
        ("to override", request(Method::OPTIONS).header("x-method-override", "DELETE")),
    ] {
        assert_eq!(send(request).await.status(), StatusCode::UNAUTHORIZED, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hexauth_knows_who_is_in_front_of_nginx() {
    let (gateway, _) = Gateway::start().await;
    assert_eq!(address_of_sign_in(&gateway, [127, 0, 0, 2]).await, "127.0.0.2");
}

/// Signs in from an address of this machine, with what a client writes about itself, and returns the address of the
/// session.
async fn address_of_sign_in(gateway: &Gateway, from: [u8; 4]) -> String {
    let client = reqwest::Client::builder().local_address(IpAddr::from(from)).build().unwrap();
    let login = client.post(format!("{}/api/v1/auth/login", gateway.url));
    let login = login.header("x-forwarded-for", "203.0.113.7").header("forwarded", "for=203.0.113.7");
    let tokens = tokens(send(login.form(&[("username", EMAIL), ("password", PASSWORD)])).await).await;
    let sessions = client.get(format!("{}/api/v1/auth/sessions", gateway.url)).bearer_auth(tokens.access);
    let sessions = send(sessions).await.json::<serde_json::Value>().await.unwrap();
    let current = sessions.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    current["address"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_of_compose_believes_nobody_but_whom_it_is_told_to() {
    let (gateway, _) = Gateway::of_compose(Workplace::default(), None).await;
    for client in [2, 3] {
        assert_eq!(address_of_sign_in(&gateway, [127, 0, 0, client]).await, format!("127.0.0.{client}"));
    }
    let (gateway, _) = Gateway::of_compose(Workplace::default(), Some("127.0.0.2")).await;
    assert_eq!(address_of_sign_in(&gateway, [127, 0, 0, 2]).await, "203.0.113.7");
    assert_eq!(address_of_sign_in(&gateway, [127, 0, 0, 3]).await, "127.0.0.3");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_proxy_of_compose_each_client_has_limits_of_its_own() {
    let workplace =
        Workplace::default().with("APP_RATE_LIMIT__ENABLED", "true").with("APP_RATE_LIMIT__LOGIN_PER_MINUTE", "2");
    let (gateway, _) = Gateway::of_compose(workplace, None).await;
    let login = |client: u8| {
        let client = reqwest::Client::builder().local_address(IpAddr::from([127, 0, 0, client])).build().unwrap();
        let login = client.post(format!("{}/api/v1/auth/login", gateway.url));
        send(login.form(&[("username", EMAIL), ("password", "wrong-donkey")]))
    };
    for (client, status) in [(2, 401), (2, 401), (2, 429), (3, 401), (3, 401), (3, 429)] {
        assert_eq!(login(client).await.status(), status, "127.0.0.{client}");
    }
    // A body that does not fit into nginx's memory comes to Hexauth, which refuses it.
    let long = send(gateway.post("/api/v1/users").header("content-type", "application/json").body("b".repeat(100_000)));
    assert_eq!(long.await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}
