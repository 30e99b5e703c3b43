//! Introspection (RFC 7662) and revocation (RFC 7009).

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tests::{OnDatabase, on_each_database};

use crate::app::{Answer, App, Tokens, send};

on_each_database!(
    a_live_access_token_is_active,
    a_live_refresh_token_is_active_and_asking_uses_nothing_up,
    what_is_worth_nothing_is_inactive_and_no_more_is_told,
    a_revoked_token_takes_its_session_with_it,
    a_token_that_was_voided_takes_its_session_with_it,
    what_is_worth_nothing_is_revoked_without_a_fault,
    only_clients_that_know_their_secret_are_let_in,
    a_request_that_is_not_whole_is_refused_in_the_way_of_oauth,
    a_client_gives_its_id_and_secret_once,
);

const ID: &str = "gateway";
const SECRET: &str = "cb3a1c5f9d0e4b7a8c6d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b";
/// Of the secret above, by `sha256sum`.
const SHA256: &str = "sha256:8c402b6ba524f760d4a812d84c05d456bb0841e6a17da268ef1a5fba33409256";
const SETTINGS: [(&str, &str); 2] = [("APP_CLIENTS__GATEWAY", SHA256), ("APP_JWT__CLIENT_ID", "spa")];
const INTROSPECT: &str = "/api/v1/auth/introspect";
const REVOKE: &str = "/api/v1/auth/revoke";

/// A server that knows a client.
struct Clients(App);

impl OnDatabase for Clients {
    async fn sqlite() -> Self {
        Self(App::sqlite_with(&SETTINGS).await)
    }

    async fn postgres() -> Self {
        Self(App::postgres_with(&SETTINGS).await)
    }
}

impl Clients {
    fn ask(&self, path: &str, token: &str) -> RequestBuilder {
        self.0.request(Method::POST, path).basic_auth(ID, Some(SECRET)).form(&[("token", token)])
    }

    async fn introspect(&self, token: &str) -> Value {
        let answer = send(self.ask(INTROSPECT, token)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.json()
    }

    async fn revoke(&self, token: &str) {
        let answer = send(self.ask(REVOKE, token)).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""), "{answer:?}");
    }

    async fn assert_dead(&self, tokens: &Tokens) {
        self.0.me(&tokens.access).await.problem(401, "invalid_token");
        self.0.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
        for token in [&tokens.access, &tokens.refresh] {
            assert_eq!(self.introspect(token).await, json!({"active": false}));
        }
    }
}

async fn a_live_access_token_is_active(clients: Clients) {
    let tokens = clients.0.sign_up("ada@example.com").await;
    let verified = clients.0.get("/api/v1/auth/verify", &tokens.access).await.json();
    let told = clients.introspect(&tokens.access).await;
    assert_eq!(told["active"], true);
    assert_eq!((&told["iss"], &told["aud"]), (&json!("hexauth"), &json!("hexauth")));
    assert_eq!((&told["token_type"], &told["client_id"]), (&json!("Bearer"), &json!("spa")));
    for name in ["sub", "sid", "role", "exp"] {
        assert_eq!(told[name], verified[name], "{name}");
    }
    assert!(told["jti"].is_string());
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 900);
    assert_eq!(told["nbf"], told["iat"]);
}

async fn a_live_refresh_token_is_active_and_asking_uses_nothing_up(clients: Clients) {
    let tokens = clients.0.sign_up("ada@example.com").await;
    for _ in 0..3 {
        let told = clients.introspect(&tokens.refresh).await;
        assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("refresh_token")));
        for name in ["aud", "client_id", "role", "jti", "nbf"] {
            assert!(told.get(name).is_none(), "{name} is for who takes access tokens");
        }
        assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 7 * 24 * 60 * 60);
    }
    clients.0.refresh(&tokens.refresh).await.tokens();
}

async fn what_is_worth_nothing_is_inactive_and_no_more_is_told(clients: Clients) {
    let inactive = json!({"active": false});
    for token in ["garbage", "a.b.c", "hxr_garbage", &"x".repeat(50_000)] {
        assert_eq!(clients.introspect(token).await, inactive, "{token:.20}");
    }
    let tokens = clients.0.sign_up("ada@example.com").await;
    let logout = clients.0.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&tokens.access);
    assert_eq!(send(logout).await.status, StatusCode::NO_CONTENT);
    clients.assert_dead(&tokens).await;
}

async fn a_revoked_token_takes_its_session_with_it(clients: Clients) {
    let by_access = clients.0.sign_up("ada@example.com").await;
    let bystander = clients.0.sign_in("ada@example.com").await;
    clients.revoke(&by_access.access).await;
    clients.assert_dead(&by_access).await;
    let by_refresh = clients.0.sign_in("ada@example.com").await;
    clients.revoke(&by_refresh.refresh).await;
    clients.assert_dead(&by_refresh).await;
    assert_eq!(clients.0.me(&bystander.access).await.status, StatusCode::OK);
}

async fn a_token_that_was_voided_takes_its_session_with_it(clients: Clients) {
    let admin = clients.0.admin("root@example.com").await;
    let tokens = clients.0.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}", clients.0.id(&tokens).await);
    clients.0.send_as(&admin.access, Method::PATCH, &path, json!({"role": "admin"})).await;
    clients.revoke(&tokens.access).await;
    clients.assert_dead(&tokens).await;
}

async fn what_is_worth_nothing_is_revoked_without_a_fault(clients: Clients) {
    let tokens = clients.0.sign_up("ada@example.com").await;
    for token in ["garbage", &tokens.refresh, &tokens.refresh, &tokens.access] {
        clients.revoke(token).await;
    }
}

/// A refusal, as problem documents and OAuth describe it.
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    let problem = answer.json();
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
    assert_eq!(problem["error_description"], problem["detail"]);
    let error = if status == 401 { "invalid_client" } else { "invalid_request" };
    assert_eq!((&problem["error"], &problem["code"]), (&json!(error), &json!(code)), "{answer:?}");
    if status == 401 {
        assert!(answer.header("www-authenticate").starts_with("Basic"), "{answer:?}");
    }
}

async fn only_clients_that_know_their_secret_are_let_in(clients: Clients) {
    let tokens = clients.0.sign_up("ada@example.com").await;
    let form = [("token", tokens.access.as_str())];
    for path in [INTROSPECT, REVOKE] {
        let request = || clients.0.request(Method::POST, path).form(&form);
        let refused = [
            request(),
            request().basic_auth(ID, Some("wrong")),
            request().basic_auth(ID, None::<&str>),
            request().basic_auth("stranger", Some(SECRET)),
            request().basic_auth(ID, Some(SHA256)),
            request().bearer_auth(&tokens.access),
            request().header("authorization", "Basic %%%"),
            clients
                .0
                .request(Method::POST, path)
                .form(&[("client_id", ID), ("client_secret", SECRET), ("token", "x")])
                .basic_auth(ID, Some("wrong")),
        ];
        for (number, request) in refused.into_iter().enumerate() {
            let answer = send(request).await;
            let expected = if number == 7 { (400, "invalid_request") } else { (401, "invalid_client") };
            assert_refused(&answer, expected.0, expected.1);
        }
    }
    assert_eq!(clients.0.me(&tokens.access).await.status, StatusCode::OK);
    let in_body = [("token", tokens.access.as_str()), ("client_id", ID), ("client_secret", SECRET)];
    let request = || clients.0.request(Method::POST, INTROSPECT).form(&in_body);
    // A bearer token beside it proves nothing, and does no harm.
    for request in [request(), request().bearer_auth("dead")] {
        assert_eq!(send(request).await.json()["active"], true);
    }
}

async fn a_request_that_is_not_whole_is_refused_in_the_way_of_oauth(clients: Clients) {
    for path in [INTROSPECT, REVOKE] {
        let request = || clients.0.request(Method::POST, path).basic_auth(ID, Some(SECRET));
        assert_refused(&send(request().form(&[("token_type_hint", "access_token")])).await, 400, "invalid_request");
        assert_refused(&send(request().form(&[("token", "a"), ("token", "b")])).await, 400, "invalid_request");
        let typed = |media_type: &str| request().header("content-type", media_type.to_owned());
        let form = "application/x-www-form-urlencoded";
        assert_refused(&send(request().body("token=a")).await, 415, "unsupported_media_type");
        assert_refused(&send(request().json(&json!({"token": "a"}))).await, 415, "unsupported_media_type");
        assert_refused(&send(typed(form).body("token=%FF")).await, 400, "malformed_body");
        assert_refused(&send(typed(form).body("a".repeat(65_537))).await, 413, "body_too_large");
        let with_more = request().form(&[("token", "a"), ("token_type_hint", "nonsense"), ("unknown", "1")]);
        assert_eq!(send(with_more).await.status, StatusCode::OK);
        let wrong = clients.0.request(Method::POST, path).basic_auth(ID, Some("wrong")).body("token=a");
        assert_refused(&send(wrong).await, 401, "invalid_client");
    }
}

async fn a_client_gives_its_id_and_secret_once(clients: Clients) {
    let (id, secret, token) = (("client_id", ID), ("client_secret", SECRET), ("token", "a"));
    for path in [INTROSPECT, REVOKE] {
        let request = || clients.0.request(Method::POST, path);
        let refused = [
            (request().form(&[token, id, secret, secret]), "client_secret:duplicate_field"),
            (request().form(&[token, id, id, secret]), "client_id:duplicate_field"),
            (request().form(&[id, secret]), "token:required"),
            (request().form(&[id, secret, ("token", "")]), "token:required"),
            (request().basic_auth(ID, Some(SECRET)).form(&[token, secret]), "client_secret:duplicate_field"),
            (request().basic_auth(ID, Some(SECRET)).form(&[token, ("client_id", "other")]), "client_id:mismatch"),
        ];
        for (request, expected) in refused {
            let answer = send(request).await;
            assert_refused(&answer, 400, "invalid_request");
            let fault = &answer.json()["errors"][0];
            let fault = format!("{}:{}", fault["field"].as_str().unwrap(), fault["code"].as_str().unwrap());
            assert_eq!(fault, expected);
        }
        for more in [id, ("client_id", ""), ("client_secret", "")] {
            let answer = send(request().basic_auth(ID, Some(SECRET)).form(&[token, more])).await;
            assert_eq!(answer.status, StatusCode::OK, "{more:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_may_be_hashed_like_a_password() {
    let hash = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$He5ypjbJ5a36vLCS/SqhUcn12sxUYU8grNVWZSJGSpM";
    let app = App::sqlite_with(&[("APP_CLIENTS__GATEWAY", hash)]).await;
    let request = || app.request(Method::POST, INTROSPECT).form(&[("token", "garbage")]);
    assert_eq!(send(request().basic_auth(ID, Some(SECRET))).await.json(), json!({"active": false}));
    assert_refused(&send(request().basic_auth(ID, Some("wrong"))).await, 401, "invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_clients_nobody_is_let_in() {
    let app = App::sqlite_with(&[]).await;
    let request = app.request(Method::POST, INTROSPECT).basic_auth(ID, Some(SECRET)).form(&[("token", "x")]);
    assert_refused(&send(request).await, 401, "invalid_client");
}
