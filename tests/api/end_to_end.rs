use reqwest::{Method, StatusCode};
use tests::on_each_database;

use crate::app::{App, send};

on_each_database!(
    a_whole_session,
    health_and_unknown_paths,
    paths_take_a_slash_at_their_end,
    request_ids_are_kept_or_made
);

async fn a_whole_session(app: App) {
    let registered = app.register("Ada@Example.COM").await;
    assert_eq!(registered.status, StatusCode::CREATED);
    let user = registered.json();
    assert_eq!(registered.header("location"), format!("/api/v1/users/{}", user["id"].as_str().unwrap()));
    assert_eq!(
        (&user["email"], &user["role"], &user["is_active"]),
        (&"Ada@example.com".into(), &"user".into(), &true.into())
    );
    assert!(user["last_login"].is_null());

    let first = app.sign_in("ada@example.com").await;
    let me = app.me(&first.access).await;
    assert_eq!((me.status, &me.json()["id"]), (StatusCode::OK, &user["id"]));
    assert!(me.json()["last_login"].is_string());

    let second = app.refresh(&first.refresh).await.tokens();
    let third = app.refresh(&second.refresh).await.tokens();
    assert_eq!(app.me(&third.access).await.status, StatusCode::OK);
    // The first token's child has been used: there is a copy.
    app.refresh(&first.refresh).await.problem(401, "invalid_refresh_token");
    for tokens in [&first, &second, &third] {
        app.me(&tokens.access).await.problem(401, "invalid_token");
        app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    }

    let fourth = app.sign_in("ada@example.com").await;
    let logout = send(app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&fourth.access)).await;
    assert_eq!(logout.status, StatusCode::NO_CONTENT);
    app.me(&fourth.access).await.problem(401, "invalid_token");
    app.refresh(&fourth.refresh).await.problem(401, "invalid_refresh_token");
}

async fn health_and_unknown_paths(app: App) {
    for path in ["/health/live", "/health/ready", "/health/live/", "/health/ready/"] {
        let answer = send(app.request(Method::GET, path)).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, r#"{"status":"ok"}"#));
        let head = send(app.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    }
    for path in ["/", "/api/v1", "/api/v1/nope", "/api/v1/users/me/nope", "/.git/config", "/.env", "/docs/nope"] {
        send(app.request(Method::GET, path)).await.problem(404, "not_found");
    }
    for (method, path, allow) in [
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::HEAD, "/api/v1/auth/login", "POST"),
        (Method::DELETE, "/api/v1/users", "GET, POST, HEAD"),
        (Method::TRACE, "/api/v1/users/me/password", "PUT"),
        (Method::POST, "/health/live", "GET, HEAD"),
    ] {
        let answer = send(app.request(method.clone(), path)).await;
        assert_eq!(answer.header("allow"), allow);
        if method != Method::HEAD {
            answer.problem(405, "method_not_allowed");
        }
    }
}

async fn paths_take_a_slash_at_their_end(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    for path in [
        "/api/v1/users/me",
        "/api/v1/users/me/",
        "/api/v1/auth/sessions/",
        "/.well-known/jwks.json/",
        "/.well-known/oauth-authorization-server/",
        "/health/live/",
    ] {
        assert_eq!(app.get(path, &tokens.access).await.status, StatusCode::OK, "{path}");
    }
    let untyped = send(app.request(Method::POST, "/oauth2/token/")).await;
    assert_eq!(
        (untyped.status, &untyped.json()["error"]),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, &"invalid_request".into())
    );
    assert_eq!(app.post("/api/v1/auth/login/", serde_json::json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn request_ids_are_kept_or_made(app: App) {
    let ask = async |id: Option<&str>| {
        let request = app.request(Method::GET, "/api/v1/users/me");
        send(match id {
            Some(id) => request.header("x-request-id", id),
            None => request,
        })
        .await
    };
    let answer = ask(Some("abc-123._X")).await;
    assert_eq!(answer.header("x-request-id"), "abc-123._X");
    answer.problem(401, "missing_token");
    let long = "a".repeat(65);
    for refused in [None, Some("a b"), Some("<script>"), Some(long.as_str())] {
        let answer = ask(refused).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "a UUID");
        for name in ["x-content-type-options", "content-security-policy", "referrer-policy"] {
            assert!(!answer.header(name).is_empty());
        }
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}
