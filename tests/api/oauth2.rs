//! The token endpoint, as OAuth clients use it (RFC 6749).

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tests::{OnDatabase, on_each_database};

use crate::app::{Answer, App, PASSWORD, send};

on_each_database!(
    a_password_gives_tokens,
    a_refresh_token_gives_the_next_tokens_once,
    what_is_wrong_is_told_in_the_words_of_oauth,
    a_parameter_without_a_value_counts_as_absent,
    a_parameter_that_comes_twice_is_refused_and_an_unknown_one_is_ignored,
    a_client_without_a_secret_may_ask_and_one_with_a_wrong_one_may_not,
    it_is_a_form_that_is_posted,
);

const ID: &str = "gateway";
const SECRET: &str = "cb3a1c5f9d0e4b7a8c6d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b";
/// Of the secret above, by `sha256sum`.
const CLIENT: (&str, &str) =
    ("APP_CLIENTS__GATEWAY", "sha256:8c402b6ba524f760d4a812d84c05d456bb0841e6a17da268ef1a5fba33409256");

const TOKEN: &str = "/oauth2/token";
const FORM: &str = "application/x-www-form-urlencoded";
const ADA: [(&str, &str); 3] = [("grant_type", "password"), ("username", "ada@example.com"), ("password", PASSWORD)];

type Form<'a> = &'a [(&'a str, &'a str)];

/// A server that knows a client, and Ada.
struct OAuth(App);

impl OnDatabase for OAuth {
    async fn sqlite() -> Self {
        Self::on(App::sqlite_with(&[CLIENT]).await).await
    }

    async fn postgres() -> Self {
        Self::on(App::postgres_with(&[CLIENT]).await).await
    }
}

impl OAuth {
    async fn on(app: App) -> Self {
        assert_eq!(app.register("ada@example.com").await.status, StatusCode::CREATED);
        Self(app)
    }

    fn post(&self) -> RequestBuilder {
        self.0.request(Method::POST, TOKEN)
    }

    async fn ask(&self, form: Form<'_>) -> Answer {
        send(self.post().form(form)).await
    }

    async fn ask_ada(&self, more: Form<'_>) -> Answer {
        self.ask(&[&ADA, more].concat()).await
    }
}

/// An error that every client understands (RFC 6749, section 5.2). Returns its words for us.
#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let json = answer.json();
    assert_eq!(json["error"], error, "{answer:?}");
    let is_plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    assert!(json["error_description"].as_str().unwrap().chars().all(is_plain), "{answer:?}");
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{answer:?}");
    json["code"].clone()
}

async fn a_password_gives_tokens(oauth: OAuth) {
    let answer = oauth.ask_ada(&[]).await;
    let tokens = answer.tokens();
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let json = answer.json();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert!(json.get("scope").is_none(), "none was asked for");
    let me = oauth.0.me(&tokens.access).await.json();
    assert_eq!(me["email"], "ada@example.com");
    // There are no scopes: a client that asks for one is told that it got none (RFC 6749, section 5.1).
    assert_eq!(oauth.ask_ada(&[("scope", "read write")]).await.json()["scope"], "");
    let sessions = oauth.0.get("/api/v1/auth/sessions", &tokens.access).await.json();
    assert_eq!(sessions[1]["address"], "127.0.0.1");
}

async fn a_refresh_token_gives_the_next_tokens_once(oauth: OAuth) {
    let first = oauth.ask_ada(&[]).await.tokens();
    let refresh = async |token: &str| oauth.ask(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await;
    let second = refresh(&first.refresh).await.tokens();
    assert_ne!(first.refresh, second.refresh);
    // The two routes give the same kind of tokens.
    let third = oauth.0.refresh(&second.refresh).await.tokens();
    let fourth = refresh(&third.refresh).await.tokens();
    assert_eq!(oauth.0.me(&fourth.access).await.status, StatusCode::OK);
    // One that was used twice before is a copy: its session ends.
    assert_eq!(refused(&refresh(&first.refresh).await, 400, "invalid_grant"), "invalid_refresh_token");
    assert_eq!(refused(&refresh(&fourth.refresh).await, 400, "invalid_grant"), "invalid_refresh_token");
    oauth.0.me(&fourth.access).await.problem(401, "invalid_token");
}

async fn what_is_wrong_is_told_in_the_words_of_oauth(oauth: OAuth) {
    let admin = oauth.0.admin("root@example.com").await;
    let long = "a".repeat(1025);
    let name = ("username", "ada@example.com");
    let password = ("password", PASSWORD);
    let grant = ADA[0];
    let cases: [(Form, &str, &str); 15] = [
        (&[grant, name, ("password", "wrong")], "invalid_grant", "invalid_credentials"),
        (&[grant, ("username", "nobody"), password], "invalid_grant", "invalid_credentials"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "garbage")], "invalid_grant", "invalid_refresh_token"),
        (&[("grant_type", "authorization_code"), ("code", "a")], "unsupported_grant_type", "unsupported_grant_type"),
        (&[("grant_type", "client_credentials")], "unsupported_grant_type", "unsupported_grant_type"),
        (&[("grant_type", "Password"), name, password], "unsupported_grant_type", "unsupported_grant_type"),
        (&[("grant_type", "implicit\u{0}")], "unsupported_grant_type", "unsupported_grant_type"),
        (&[], "invalid_request", "invalid_request"),
        (&[name, password], "invalid_request", "invalid_request"),
        (&[grant, name], "invalid_request", "invalid_request"),
        (&[grant, password], "invalid_request", "invalid_request"),
        (&[("grant_type", "refresh_token")], "invalid_request", "invalid_request"),
        (&[grant, name, ("password", &long)], "invalid_request", "invalid_request"),
        (&[grant, ("username", "a\u{0}"), password], "invalid_request", "invalid_request"),
        (&[grant, ("username", &long), password], "invalid_request", "invalid_request"),
    ];
    for (form, error, code) in cases {
        assert_eq!(refused(&oauth.ask(form).await, 400, error), code, "{form:?}");
    }
    let id = oauth.0.me(&oauth.ask_ada(&[]).await.tokens().access).await.json()["id"].as_str().unwrap().to_owned();
    let disable = json!({"is_active": false});
    oauth.0.send_as(&admin.access, Method::PATCH, &format!("/api/v1/users/{id}"), disable).await;
    assert_eq!(refused(&oauth.ask_ada(&[]).await, 400, "invalid_grant"), "account_disabled");
}

async fn a_parameter_without_a_value_counts_as_absent(oauth: OAuth) {
    let more = [("scope", ""), ("client_id", ""), ("client_secret", ""), ("refresh_token", ""), ("audience", "")];
    let answer = oauth.ask_ada(&more).await;
    answer.tokens();
    assert!(answer.json().get("scope").is_none());
    refused(&oauth.ask(&[ADA[0], ADA[1], ("password", "")]).await, 400, "invalid_request");
    refused(&oauth.ask(&[("grant_type", ""), ADA[1], ADA[2]]).await, 400, "invalid_request");
    refused(&oauth.ask(&[("grant_type", "refresh_token"), ("refresh_token", "")]).await, 400, "invalid_request");
}

async fn a_parameter_that_comes_twice_is_refused_and_an_unknown_one_is_ignored(oauth: OAuth) {
    let unknown = [("audience", "api"), ("resource", "https://api.example"), ("device_id", "7"), ("totp", "123456")];
    oauth.ask_ada(&unknown).await.tokens();
    let ours = ADA.into_iter().chain([("scope", "a"), ("client_id", "a"), ("refresh_token", "a")]);
    for twice in ours.chain(unknown).chain([("scope", ""), ("nonsense", "")]) {
        let answer = oauth.ask_ada(&[twice, twice]).await;
        refused(&answer, 400, "invalid_request");
        assert_eq!(answer.json()["errors"][0]["field"], twice.0);
    }
}

async fn a_client_without_a_secret_may_ask_and_one_with_a_wrong_one_may_not(oauth: OAuth) {
    let basic = |id: &str, secret: Option<&str>| oauth.post().basic_auth(id, secret);
    let id = ("client_id", ID);
    let secret = ("client_secret", SECRET);
    let allowed: [(RequestBuilder, Form); 8] = [
        (oauth.post(), &[("client_id", "spa")]),
        (oauth.post(), &[id, secret]),
        (basic(ID, Some(SECRET)), &[]),
        (basic(ID, Some(SECRET)), &[id]),
        // Swagger UI sends an empty id, and some libraries an id without a secret.
        (basic("", None), &[]),
        (basic("spa", Some("")), &[("client_id", "spa")]),
        // Which is no proof of a client.
        (oauth.post().bearer_auth("dead"), &[]),
        (oauth.post().header("authorization", "Bearer"), &[id, secret]),
    ];
    for (number, (request, more)) in allowed.into_iter().enumerate() {
        let answer = send(request.form(&[&ADA, more].concat())).await;
        assert_eq!(answer.status, StatusCode::OK, "{number}: {answer:?}");
    }
    let rejected: [(RequestBuilder, Form); 7] = [
        (basic(ID, Some("wrong")), &[]),
        (basic("stranger", Some(SECRET)), &[]),
        (oauth.post(), &[id, ("client_secret", "wrong")]),
        (oauth.post(), &[("client_id", "stranger"), secret]),
        (oauth.post(), &[secret]),
        (oauth.post().header("authorization", "Basic %%%"), &[]),
        (oauth.post().header("authorization", "Digest a=b"), &[]),
    ];
    for (number, (request, more)) in rejected.into_iter().enumerate() {
        let answer = send(request.form(&[&ADA, more].concat())).await;
        assert_eq!(refused(&answer, 401, "invalid_client"), "invalid_client", "{number}");
        assert!(answer.header("www-authenticate").starts_with("Basic "));
    }
    let twice: [(RequestBuilder, Form); 2] =
        [(basic(ID, Some(SECRET)), &[secret]), (basic(ID, Some(SECRET)), &[("client_id", "other")])];
    for (request, more) in twice {
        refused(&send(request.form(&[&ADA, more].concat())).await, 400, "invalid_request");
    }
}

async fn it_is_a_form_that_is_posted(oauth: OAuth) {
    let text = "grant_type=password&username=ada%40example.com&password=correct+horse+battery+staple";
    for media_type in [FORM, "application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"] {
        send(oauth.post().header("content-type", media_type).body(text)).await.tokens();
    }
    for request in [
        oauth.post().json(&json!({"grant_type": "password", "username": "ada@example.com", "password": PASSWORD})),
        oauth.post().header("content-type", "multipart/form-data; boundary=x").body(text),
        oauth.post().body(text),
    ] {
        let answer = send(request).await;
        assert_eq!(refused(&answer, 415, "invalid_request"), "unsupported_media_type");
        assert_eq!(answer.header("accept-post"), FORM);
    }
    // A password in the URL would be in logs.
    let in_query = oauth.0.request(Method::POST, &format!("{TOKEN}?{text}"));
    refused(&send(in_query.header("content-type", FORM)).await, 400, "invalid_request");
    refused(&send(oauth.post().header("content-type", FORM).body("grant_type=%FF")).await, 400, "invalid_request");
    let long = "a".repeat(65_537);
    refused(&send(oauth.post().header("content-type", FORM).body(long)).await, 413, "invalid_request");
    for method in [Method::GET, Method::PUT] {
        send(oauth.0.request(method, TOKEN)).await.problem(405, "method_not_allowed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_of_an_allowed_origin_may_ask_it() {
    let origin = "https://app.example.com";
    let app = App::sqlite_with(&[("APP_CORS__ALLOWED_ORIGINS", origin)]).await;
    let preflight = app.request(Method::OPTIONS, TOKEN).header("origin", origin);
    let preflight = preflight.header("access-control-request-method", "POST");
    let asked = send(preflight.header("access-control-request-headers", "authorization,content-type")).await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (StatusCode::NO_CONTENT, origin));
    for (form, status) in [(&ADA[..], 400), (&ADA[..1], 400)] {
        let answer = send(app.request(Method::POST, TOKEN).header("origin", origin).form(form)).await;
        assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (status, origin));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    }
}
