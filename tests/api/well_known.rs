use domain::keys::MAX_KEY_RING_AGE;
use reqwest::Method;
use serde_json::Value;
use tests::on_each_database;

use crate::app::{App, members, send};

on_each_database!(the_public_keys_are_published_and_nothing_else, the_metadata_tells_where_what_is);

async fn keys(app: &App) -> Vec<Value> {
    let answer = send(app.request(Method::GET, "/.well-known/jwks.json")).await;
    let max_age = answer.header("cache-control").strip_prefix("public, max-age=").unwrap().parse::<i64>().unwrap();
    assert!((0..=MAX_KEY_RING_AGE.num_seconds()).contains(&max_age), "{max_age}: a new key may sign before");
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()["keys"].as_array().unwrap().clone()
}

async fn the_public_keys_are_published_and_nothing_else(app: App) {
    let keys = keys(&app).await;
    assert_eq!(keys.len(), 2, "the active key and the next one");
    for key in keys {
        assert_eq!(members(&key), ["alg", "crv", "kid", "kty", "use", "x"].into());
        assert_eq!(
            (&key["alg"], &key["kty"], &key["crv"], &key["use"]),
            (&"EdDSA".into(), &"OKP".into(), &"Ed25519".into(), &"sig".into())
        );
    }
}

async fn the_metadata_tells_where_what_is(app: App) {
    let answer = send(app.request(Method::GET, "/.well-known/oauth-authorization-server")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let metadata = answer.json();
    assert_eq!(metadata["issuer"], "hexauth");
    assert_eq!(metadata["response_types_supported"], serde_json::json!([]));
    let of = |name: &str| metadata[name].as_str().unwrap().strip_prefix(&app.url).unwrap().to_owned();
    assert_eq!(of("jwks_uri"), "/.well-known/jwks.json");
    assert_eq!(of("token_endpoint"), "/oauth2/token");
    assert_eq!(metadata["grant_types_supported"], serde_json::json!(["password", "refresh_token"]));
    for name in ["token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
        assert_eq!(send(app.request(Method::POST, &of(name))).await.status.as_u16() / 100, 4, "{name} is there");
        send(app.request(Method::GET, &of(name))).await.problem(405, "method_not_allowed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_algorithm_publishes_its_own_kind_of_key() {
    for (algorithm, kind, names) in [
        ("ES256", "EC", vec!["alg", "crv", "kid", "kty", "use", "x", "y"]),
        ("RS256", "RSA", vec!["alg", "e", "kid", "kty", "n", "use"]),
    ] {
        let app = App::sqlite_with(&[("APP_JWT__ALGORITHM", algorithm)]).await;
        for key in keys(&app).await {
            assert_eq!((&key["alg"], &key["kty"]), (&algorithm.into(), &kind.into()));
            assert_eq!(members(&key), names.iter().copied().collect());
        }
        let tokens = app.sign_up("ada@example.com").await;
        assert_eq!(app.me(&tokens.access).await.status, 200);
    }
    let app = App::sqlite_with(&[("APP_JWT__ALGORITHM", "HS256")]).await;
    assert!(keys(&app).await.is_empty(), "a symmetric key is nobody else's business");
    let tokens = app.sign_up("ada@example.com").await;
    assert_eq!(app.me(&tokens.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_url_is_the_configured_one() {
    for (settings, expected) in [
        (
            [("APP_SERVER__PUBLIC_URL", "https://auth.example.com/"), ("APP_JWT__ISSUER", "hexauth")],
            "https://auth.example.com",
        ),
        ([("APP_SERVER__PUBLIC_URL", ""), ("APP_JWT__ISSUER", "https://id.example.com")], "https://id.example.com"),
    ] {
        let app = App::sqlite_with(&settings).await;
        let metadata = send(app.request(Method::GET, "/.well-known/oauth-authorization-server")).await.json();
        assert_eq!(metadata["jwks_uri"], format!("{expected}/.well-known/jwks.json"));
    }
}

/// RFC 8414, sections 3.1 and 5.
#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_of_an_issuer_is_where_its_clients_look() {
    const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
    let behind = |path: &str| format!("{WELL_KNOWN}{path}");
    let before = |path: &str| format!("{path}{WELL_KNOWN}");
    for (issuer, here) in [
        ("hexauth", vec![behind(""), behind("/")]),
        ("https://id.example", vec![behind(""), behind("/")]),
        ("https://id.example/", vec![behind(""), behind("/")]),
        ("https://id.example:8443/a", vec![behind(""), behind("/a"), behind("/a/"), before("/a")]),
        ("https://id.example/a/", vec![behind(""), behind("/a"), behind("/a/"), before("/a")]),
        ("https://id.example/a/B%20c", vec![behind("/a/B%20c"), behind("/a/B%20c/"), before("/a/B%20c")]),
        ("https://id.example//a", vec![behind("//a"), behind("/a"), before("//a")]),
    ] {
        let app = App::sqlite_with(&[("APP_JWT__ISSUER", issuer)]).await;
        for path in here {
            let answer = send(app.request(Method::GET, &path)).await;
            assert_eq!(answer.status, 200, "{issuer}: {path}");
            assert_eq!(answer.json()["issuer"], issuer, "byte for byte");
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("cache-control"), "public, max-age=300");
        }
        for path in [behind("/b"), behind("/a/b"), before("/b"), behind("x")] {
            send(app.request(Method::GET, &path)).await.problem(404, "not_found");
        }
    }
}
