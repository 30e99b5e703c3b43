use std::fs;
use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use serde_json::Value;
use tests::on_each_database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use yaml_rust2::{Yaml, YamlLoader};

use crate::app::{App, members, send};

on_each_database!(
    the_holder_of_a_token_is_told_in_the_body_and_in_headers,
    nobody_else_is_let_in,
    any_request_may_be_asked_about,
    the_examples_of_proxies_ask_as_they_must,
    the_answer_needs_no_row,
);

const VERIFY: &str = "/api/v1/auth/verify";

async fn the_holder_of_a_token_is_told_in_the_body_and_in_headers(app: App) {
    for (tokens, role) in
        [(app.sign_up("ada@example.com").await, "user"), (app.admin("root@example.com").await, "admin")]
    {
        let answer = app.get(VERIFY, &tokens.access).await;
        assert_eq!(answer.status, StatusCode::OK);
        let body = answer.json();
        assert_eq!(body["sub"].as_str().unwrap(), app.id(&tokens).await);
        assert_eq!(body["role"], role);
        assert_eq!(answer.header("x-user-id"), body["sub"]);
        assert_eq!(answer.header("x-user-role"), role);
        assert_eq!((&body["amr"], answer.header("x-user-amr")), (&serde_json::json!(["pwd"]), "pwd"));
        assert_eq!(answer.header("x-user-auth-time"), body["auth_time"].to_string());
        let current = |session: &&Value| session["current"] == true;
        let sessions = app.get("/api/v1/auth/sessions", &tokens.access).await.json();
        assert_eq!(sessions.as_array().unwrap().iter().find(current).unwrap()["id"], body["sid"]);
        let left = body["exp"].as_i64().unwrap()
            - chrono::DateTime::parse_from_rfc2822(answer.header("date")).unwrap().timestamp();
        // The date of an answer may be that of the second before.
        assert!((890..=901).contains(&left), "{left}");
        assert_eq!(members(&body), ["amr", "auth_time", "exp", "role", "sid", "sub"].into());
    }
}

async fn nobody_else_is_let_in(app: App) {
    send(app.request(reqwest::Method::GET, VERIFY)).await.problem(401, "missing_token");
    app.get(VERIFY, "garbage").await.problem(401, "invalid_token");
    let tokens = app.sign_up("ada@example.com").await;
    let in_query = app.request(reqwest::Method::GET, &format!("{VERIFY}?access_token={}", tokens.access));
    send(in_query).await.problem(401, "missing_token");
}

/// Each in the manner of a proxy that asks about somebody's request.
async fn any_request_may_be_asked_about(app: App) {
    const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];
    const PATHS: [&str; 12] = [
        "",
        "/",
        "//",
        "/orders/7",
        "/orders/7/?page=2&q=a%20b",
        "//orders///7//",
        "/%2F/%00/%0a/%ff/%zz%",
        "/\u{e9}/\u{65e5}\u{672c}",
        "/{id}/*/a:b;c=d,e@f!$'()",
        "/api/v1/users",
        "/health/live",
        "/docs/",
    ];
    let tokens = app.sign_up("ada@example.com").await;
    let id = app.id(&tokens).await;
    for method in METHODS.map(|method| method.parse::<reqwest::Method>().unwrap()) {
        for path in PATHS {
            let target = format!("{VERIFY}{path}");
            let refused = send(app.request(method.clone(), &target)).await;
            assert_eq!(refused.status, 401, "{method} {target}");
            assert!(refused.header("www-authenticate").starts_with("Bearer"));
            let answer = send(app.request(method.clone(), &target).bearer_auth(&tokens.access)).await;
            assert_eq!(answer.status, StatusCode::OK, "{method} {target}: {answer:?}");
            assert_eq!((answer.header("x-user-id"), answer.header("x-user-role")), (id.as_str(), "user"));
        }
    }
    // No client library sends these.
    for path in ["/a/../../../b/./c", "/%2e%2e/%2E%2E/", "/..", "/a?b?c", "/http://a/b", "/\\"] {
        assert_eq!(status_of(&app, &format!("GET {VERIFY}{path}"), "").await, 401, "{path}");
        assert_eq!(status_of(&app, &format!("GET {VERIFY}{path}"), &tokens.access).await, 200, "{path}");
    }
    // What a client writes about itself is not repeated.
    let spoofed = app.request(reqwest::Method::GET, VERIFY).bearer_auth(&tokens.access);
    let answer = send(spoofed.header("x-user-id", "root").header("x-user-role", "admin")).await;
    assert_eq!((answer.header("x-user-id"), answer.header("x-user-role")), (id.as_str(), "user"));
    // A body that is passed on is not read, whatever it is.
    for body in ["{", "grant_type=password", &"a".repeat(200_000)] {
        let target = format!("{VERIFY}/orders");
        let request = app.request(reqwest::Method::POST, &target).header("content-type", "application/json");
        let answer = send(request.bearer_auth(&tokens.access).body(body.to_owned())).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    // A success would be a tunnel. No client library sends it with a path.
    for path in ["", "/", "/orders/7"] {
        assert_eq!(status_of(&app, &format!("CONNECT {VERIFY}{path}"), "").await, 401, "{path}");
        assert_eq!(status_of(&app, &format!("CONNECT {VERIFY}{path}"), &tokens.access).await, 405, "{path}");
    }
    // Only below, not beside.
    for beside in ["/api/v1/auth/verifying", "/api/v1/auth/verify.json", "/api/v1/auth/x/verify/orders"] {
        app.get(beside, &tokens.access).await.problem(404, "not_found");
    }
}

/// The files in `docker/` name the route and the headers that there are. Each proxy is taken for what it says that it
/// sends: Traefik and Caddy a GET with the rest in headers, Envoy the method, the path and an empty body.
async fn the_examples_of_proxies_ask_as_they_must(app: App) {
    let traefik = &yaml("traefik.yml")["http"]["middlewares"]["verified"]["forwardAuth"];
    let envoy = &yaml("envoy.yaml")["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
    let envoy = &envoy["typed_config"]["http_filters"][0]["typed_config"];
    assert_eq!(envoy["failure_mode_allow"].as_bool(), Some(false));
    let caddy = fs::read_to_string(folder().join("Caddyfile")).unwrap();
    let word_after =
        |name: &str| caddy.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap().trim().to_owned();

    let address = traefik["address"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080").unwrap();
    let prefix = envoy["http_service"]["path_prefix"].as_str().unwrap();
    assert_eq!((address, prefix, word_after("uri ").as_str()), (VERIFY, VERIFY, VERIFY));
    let copied: Vec<String> = word_after("copy_headers ").split(' ').map(str::to_lowercase).collect();
    let passed_on = &envoy["http_service"]["authorization_response"]["allowed_upstream_headers"]["patterns"];
    let passed_on: Vec<&str> = passed_on.as_vec().unwrap().iter().map(|one| one["exact"].as_str().unwrap()).collect();
    let set: Vec<String> = traefik["authResponseHeaders"]
        .as_vec()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap().to_lowercase())
        .collect();
    let names = ["X-User-Id", "X-User-Role", "X-User-Amr", "X-User-Auth-Time"];
    let lower: Vec<_> = names.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!((&copied, &set), (&lower, &lower));
    assert_eq!(passed_on, lower);
    let nginx = fs::read_to_string(folder().join("nginx.conf")).unwrap();
    // What it replaces in any case, it removes where nobody is asked.
    let removed = &yaml("traefik.yml")["http"]["middlewares"]["nobody"]["headers"]["customRequestHeaders"];
    for name in names {
        // Under every spelling that some programs take for the same.
        for spelling in 0..8 {
            let parts: Vec<&str> = name.split('-').collect();
            let spelt = (1..parts.len()).fold(parts[0].to_owned(), |text, part| {
                let separator = if spelling >> (part - 1) & 1 == 0 { '-' } else { '_' };
                format!("{text}{separator}{}", parts[part])
            });
            assert_eq!(removed[spelt.as_str()].as_str(), Some(""), "{spelt}");
        }
        assert!(caddy.contains(&format!("request_header -{name}\n")), "{name}");
        assert!(caddy.contains(&format!("header_up {name} {{header.{name}}}\n")), "{name}");
        assert!(nginx.contains(&format!("proxy_set_header {name} $")), "{name}");
    }

    // What clients of OAuth need does not end at the gate.
    let rule = yaml("traefik.yml")["http"]["routers"]["hexauth"]["rule"].as_str().unwrap().to_owned();
    let envoy = &yaml("envoy.yaml")["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
    let routes = &envoy["typed_config"]["route_config"]["virtual_hosts"][0]["routes"];
    for path in ["/api/v1/auth/", "/oauth2/", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
        assert!(rule.contains(&format!("PathPrefix(`{path}`)")), "{path}");
        let is_route = |route: &Yaml| route["match"]["prefix"].as_str() == Some(path);
        let route = routes.as_vec().unwrap().iter().find(|route| is_route(route)).unwrap();
        assert_eq!(route["route"]["cluster"].as_str(), Some("hexauth"), "{path}");
        assert!(!route["typed_per_filter_config"].is_badvalue(), "{path} is not asked about");
    }

    let tokens = app.sign_up("ada@example.com").await;
    let of_caddy = app.request(reqwest::Method::GET, VERIFY).header("x-forwarded-method", "DELETE");
    let of_caddy = of_caddy.header("x-forwarded-uri", "/orders/7?page=2").header("x-forwarded-proto", "https");
    let of_caddy = of_caddy.header("x-forwarded-host", "service.example").header("x-forwarded-for", "203.0.113.7");
    let of_envoy = app.request(reqwest::Method::DELETE, &format!("{prefix}/orders/7?page=2"));
    let of_envoy = of_envoy.header("host", "service.example").header("content-length", "0");
    let of_envoy = of_envoy.header("x-envoy-expected-rq-timeout-ms", "2000").header("x-envoy-internal", "true");
    for request in [of_caddy, of_envoy] {
        send(request.try_clone().unwrap()).await.problem(401, "missing_token");
        let answer = send(request.bearer_auth(&tokens.access)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert!(set.iter().all(|name| !answer.header(name).is_empty()));
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker")
}

fn yaml(file: &str) -> Yaml {
    YamlLoader::load_from_str(&fs::read_to_string(folder().join(file)).unwrap()).unwrap().remove(0)
}

/// The status of a request that is sent as it is written here.
async fn status_of(app: &App, method_and_target: &str, token: &str) -> u16 {
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "{method_and_target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

async fn the_answer_needs_no_row(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    app.run_sql("DELETE FROM refresh_tokens").await;
    app.run_sql("DELETE FROM users").await;
    assert_eq!(app.get(VERIFY, &tokens.access).await.status, StatusCode::OK);
}
