use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{App, PASSWORD, Tokens, send};

on_each_database!(
    sessions_are_listed_and_ended_one_by_one,
    signing_out_works_with_either_token,
    a_dead_access_token_beside_a_live_refresh_token_does_not_keep_anybody_signed_in,
    an_empty_body_is_none_however_it_is_sent,
    whatever_the_body_is_an_access_token_signs_out,
    a_body_that_does_not_come_keeps_nobody_signed_in,
    signing_out_again_is_no_fault,
    an_access_token_that_was_voided_still_ends_its_session,
    a_refresh_token_signs_out_as_json_and_as_a_form,
    other_ways_to_sign_out_look_at_no_body,
    signing_out_everywhere_ends_all_sessions,
    changes_of_an_account_stop_its_access_tokens_at_once,
    another_node_refuses_what_this_one_ended,
    signing_out_elsewhere_leaves_this_session,
    an_admin_lists_and_ends_the_sessions_of_others,
    nobody_else_touches_the_sessions_of_others,
    the_last_use_is_written_behind_the_request,
);

const VERIFY: &str = "/api/v1/auth/verify";

async fn sessions(app: &App, tokens: &Tokens) -> Vec<Value> {
    app.get("/api/v1/auth/sessions", &tokens.access).await.json().as_array().unwrap().clone()
}

async fn sessions_are_listed_and_ended_one_by_one(app: App) {
    let first = app.sign_up("ada@example.com").await;
    let body = json!({"username": "ada@example.com", "password": PASSWORD});
    let login = app.request(Method::POST, "/api/v1/auth/login").json(&body).header("user-agent", "a phone");
    let second = send(login).await.tokens();
    let listed = sessions(&app, &second).await;
    assert_eq!(listed.len(), 2);
    let current: Vec<_> = listed.iter().filter(|session| session["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["device"]), (1, &"a phone".into()));
    assert_eq!(current[0]["user_agent"], "a phone");
    assert_eq!(current[0]["address"], "127.0.0.1");
    for name in ["id", "created_at", "last_used_at", "expires_at"] {
        assert!(current[0][name].is_string(), "{name}");
    }

    let other = listed.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/auth/sessions/{other}");
    let stranger = app.sign_up("eve@example.com").await;
    app.delete(&path, &stranger.access).await.problem(404, "not_found");
    assert_eq!(app.delete(&path, &second.access).await.status, StatusCode::NO_CONTENT);
    app.me(&first.access).await.problem(401, "invalid_token");
    app.delete(&path, &second.access).await.problem(404, "not_found");
    app.delete("/api/v1/auth/sessions/nope", &second.access).await.problem(404, "not_found");
    assert_eq!(sessions(&app, &second).await.len(), 1);
}

async fn signing_out_works_with_either_token(app: App) {
    let logout = || app.request(Method::POST, "/api/v1/auth/logout");
    let by_access = app.sign_up("ada@example.com").await;
    assert_eq!(send(logout().bearer_auth(&by_access.access)).await.status, StatusCode::NO_CONTENT);
    app.refresh(&by_access.refresh).await.problem(401, "invalid_refresh_token");

    let by_refresh = app.sign_in("ada@example.com").await;
    let body = json!({"refresh_token": by_refresh.refresh});
    assert_eq!(send(logout().json(&body)).await.status, StatusCode::NO_CONTENT);
    app.me(&by_refresh.access).await.problem(401, "invalid_token");
    assert_eq!(send(logout().json(&body)).await.status, StatusCode::NO_CONTENT, "twice is no fault");

    let by_both = app.sign_in("ada@example.com").await;
    let request = logout().bearer_auth(&by_both.access).json(&json!({"refresh_token": by_both.refresh}));
    assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    app.me(&by_both.access).await.problem(401, "invalid_token");

    send(logout()).await.problem(401, "missing_token");
    send(logout().json(&json!({"refresh_token": "garbage"}))).await.problem(401, "invalid_refresh_token");
}

async fn a_dead_access_token_beside_a_live_refresh_token_does_not_keep_anybody_signed_in(app: App) {
    let logout = |access: &str| app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(access);
    let tokens = app.sign_up("ada@example.com").await;
    send(logout("dead")).await.problem(401, "invalid_token");
    send(logout("dead").json(&json!({"refresh_token": "garbage"}))).await.problem(401, "invalid_refresh_token");
    let request = logout("dead").json(&json!({"refresh_token": tokens.refresh}));
    assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    app.me(&tokens.access).await.problem(401, "invalid_token");
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
}

async fn an_empty_body_is_none_however_it_is_sent(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    let address = app.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/v1/auth/logout HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        tokens.access
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    app.me(&tokens.access).await.problem(401, "invalid_token");
}

async fn whatever_the_body_is_an_access_token_signs_out(app: App) {
    app.register("ada@example.com").await;
    let form = "application/x-www-form-urlencoded";
    for (media_type, body) in [
        ("application/json", "{}".to_owned()),
        ("application/json", "{ \r\n}".to_owned()),
        ("application/json; charset=utf-8", "{}".to_owned()),
        ("application/json; charset=latin1", "{}".to_owned()),
        ("application/json", "[]".to_owned()),
        ("application/json", "null".to_owned()),
        ("application/json", "{".to_owned()),
        ("application/json", String::new()),
        ("application/json", r#"{"refresh_token": null}"#.to_owned()),
        ("application/json", r#"{"refresh_token": ""}"#.to_owned()),
        ("application/json", r#"{"refresh_token": 1, "reason": "bored"}"#.to_owned()),
        ("application/json", r#"{"refresh_token": "garbage", "refresh_token": "garbage"}"#.to_owned()),
        (form, String::new()),
        (form, "refresh_token=".to_owned()),
        (form, "refresh_token=garbage&token_type_hint=refresh_token".to_owned()),
        ("application/x-www-form-urlencoded;charset=UTF-8", "a=%FF".to_owned()),
        ("multipart/form-data; boundary=x", "--x--\r\n".to_owned()),
        ("text/plain;charset=UTF-8", "{}".to_owned()),
        ("application/octet-stream", "\0".to_owned()),
        ("nonsense", "{}".to_owned()),
        ("application/json", " ".repeat(65_537)),
    ] {
        let tokens = app.sign_in("ada@example.com").await;
        let request = app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&tokens.access);
        let answer = send(request.header("content-type", media_type).body(body.clone())).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{media_type}: {answer:?}");
        app.me(&tokens.access).await.problem(401, "invalid_token");
        app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    }
}

async fn a_body_that_does_not_come_keeps_nobody_signed_in(app: App) {
    app.register("ada@example.com").await;
    let address = app.url.strip_prefix("http://").unwrap();
    let begin = async |access: &str, lines: &str| {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /api/v1/auth/logout HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {access}\r\n\
             Connection: close\r\n{lines}\r\n",
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection
    };
    // One of a type that is not read is not waited for, and not asked for.
    for lines in ["Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n"] {
        let tokens = app.sign_in("ada@example.com").await;
        let lines = format!("Content-Type: text/plain\r\n{lines}Expect: 100-continue\r\n");
        let mut answer = String::new();
        begin(&tokens.access, &lines).await.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    }
    // Of one that breaks off, nothing is needed.
    let tokens = app.sign_in("ada@example.com").await;
    let connection = begin(&tokens.access, "Content-Type: application/json\r\nContent-Length: 100\r\n").await;
    let bound = Instant::now() + Duration::from_secs(5);
    while app.get(VERIFY, &tokens.access).await.status != StatusCode::UNAUTHORIZED {
        assert!(Instant::now() < bound, "the session waits for the body");
    }
    drop(connection);
}

async fn signing_out_again_is_no_fault(app: App) {
    let logout = |access: &str| send(app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(access));
    let tokens = app.sign_up("ada@example.com").await;
    let bystander = app.sign_in("ada@example.com").await;
    for _ in 0..3 {
        assert_eq!(logout(&tokens.access).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(app.me(&bystander.access).await.status, StatusCode::OK);
    let other = app.another_node(&[]).await;
    let request = other.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&tokens.access);
    assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    // The account is gone, and so is the session.
    app.delete_me(&bystander.access).await;
    assert_eq!(logout(&bystander.access).await.status, StatusCode::NO_CONTENT);
    // Nobody knows what these were.
    let (head, signature) = tokens.access.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for unknown in ["garbage", "", &forged, &tokens.refresh] {
        logout(unknown).await.problem(401, "invalid_token");
    }
}

async fn an_access_token_that_was_voided_still_ends_its_session(app: App) {
    let admin = app.admin("root@example.com").await;
    let tokens = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&tokens).await);
    app.send_as(&admin.access, Method::PATCH, &path, json!({"role": "admin"})).await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
    let request = app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&tokens.access);
    assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
}

async fn a_refresh_token_signs_out_as_json_and_as_a_form(app: App) {
    app.register("ada@example.com").await;
    let logout = || app.request(Method::POST, "/api/v1/auth/logout");
    for request in [
        |request: RequestBuilder, token: &str| request.json(&json!({"refresh_token": token})),
        |request: RequestBuilder, token: &str| request.form(&[("refresh_token", token), ("client_id", "spa")]),
        |request: RequestBuilder, token: &str| {
            let form = "application/x-www-form-urlencoded; charset=UTF-8";
            request.header("content-type", form).body(format!("refresh_token={token}"))
        },
    ] {
        let tokens = app.sign_in("ada@example.com").await;
        assert_eq!(send(request(logout(), &tokens.refresh)).await.status, StatusCode::NO_CONTENT);
        app.me(&tokens.access).await.problem(401, "invalid_token");
        assert_eq!(send(request(logout(), &tokens.refresh)).await.status, StatusCode::NO_CONTENT);
        send(request(logout(), "garbage")).await.problem(401, "invalid_refresh_token");
    }
    // Without either token, an empty object is no body, and the faults of another are told.
    for empty in [json!({}), json!({"refresh_token": null})] {
        send(logout().json(&empty)).await.problem(401, "missing_token");
    }
    send(logout().form(&[("client_id", "spa")])).await.problem(401, "missing_token");
    send(logout().json(&json!({"token": "a"}))).await.problem(422, "validation_failed");
    let answer = send(logout().header("content-type", "text/plain").body("a")).await;
    answer.problem(415, "unsupported_media_type");
    assert_eq!(answer.header("accept-post"), "application/json, application/x-www-form-urlencoded");
}

async fn other_ways_to_sign_out_look_at_no_body(app: App) {
    let first = app.sign_up("ada@example.com").await;
    let this = app.sign_in("ada@example.com").await;
    let sign_out = async |method: Method, path: &str, body: &'static str| {
        let request = app.request(method, path).bearer_auth(&this.access);
        let answer = send(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}: {answer:?}");
    };
    let session = app.get(VERIFY, &first.access).await.json()["sid"].as_str().unwrap().to_owned();
    sign_out(Method::DELETE, &format!("/api/v1/auth/sessions/{session}"), "{}").await;
    sign_out(Method::POST, "/api/v1/auth/logout-others", "{}").await;
    sign_out(Method::POST, "/api/v1/auth/logout-others", "{").await;
    sign_out(Method::POST, "/api/v1/auth/logout-all", "[]").await;
    // What is revoked must not end what began since.
    let request = app.request(Method::POST, "/api/v1/auth/logout-all").bearer_auth(&this.access);
    send(request).await.problem(401, "invalid_token");
}

async fn signing_out_everywhere_ends_all_sessions(app: App) {
    let all = [app.sign_up("ada@example.com").await, app.sign_in("ada@example.com").await];
    let bystander = app.sign_up("bob@example.com").await;
    let request = app.request(Method::POST, "/api/v1/auth/logout-all").bearer_auth(&all[0].access);
    assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    for tokens in all {
        app.me(&tokens.access).await.problem(401, "invalid_token");
        app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    }
    assert_eq!(app.me(&bystander.access).await.status, StatusCode::OK);
    app.sign_in("ada@example.com").await;
}

async fn changes_of_an_account_stop_its_access_tokens_at_once(app: App) {
    let admin = app.admin("root@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&app.sign_up("ada@example.com").await).await);
    let change = async |body: Value| {
        let answer = app.send_as(&admin.access, Method::PATCH, &path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    };

    let tokens = app.sign_in("ada@example.com").await;
    change(json!({"role": "admin"})).await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
    let tokens = app.refresh(&tokens.refresh).await.tokens();
    assert_eq!(app.me(&tokens.access).await.json()["role"], "admin");

    change(json!({"is_active": false})).await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    change(json!({"is_active": true})).await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");

    let tokens = app.sign_in("ada@example.com").await;
    assert_eq!(app.delete(&path, &admin.access).await.status, StatusCode::NO_CONTENT);
    app.me(&tokens.access).await.problem(401, "invalid_token");
    app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    // The same email is another account.
    app.sign_up("ada@example.com").await;
    app.me(&tokens.access).await.problem(401, "invalid_token");
}

async fn another_node_refuses_what_this_one_ended(app: App) {
    let other = app.another_node(&[]).await;
    let tokens = app.sign_up("ada@example.com").await;
    assert_eq!(other.me(&tokens.access).await.status, StatusCode::OK);
    send(app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&tokens.access)).await;
    other.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    // Access tokens as soon as the other node has heard of it: on PostgreSQL at once, on SQLite within a second.
    let bound = Instant::now() + Duration::from_secs(3);
    while other.get(VERIFY, &tokens.access).await.status != StatusCode::UNAUTHORIZED {
        assert!(Instant::now() < bound, "the other node still lets it in");
    }
}

async fn signing_out_elsewhere_leaves_this_session(app: App) {
    let others = [app.sign_up("ada@example.com").await, app.sign_in("ada@example.com").await];
    let this = app.sign_in("ada@example.com").await;
    let request = app.request(Method::POST, "/api/v1/auth/logout-others").bearer_auth(&this.access);
    assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    for tokens in others {
        app.get(VERIFY, &tokens.access).await.problem(401, "invalid_token");
        app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    }
    assert_eq!(app.get(VERIFY, &this.access).await.status, StatusCode::OK);
    assert_eq!(sessions(&app, &this).await.len(), 1);
    app.refresh(&this.refresh).await.tokens();
}

async fn an_admin_lists_and_ends_the_sessions_of_others(app: App) {
    let admin = app.admin("root@example.com").await;
    let first = app.sign_up("ada@example.com").await;
    let all = [app.sign_in("ada@example.com").await, app.sign_in("ada@example.com").await];
    let path = format!("/api/v1/users/{}/sessions", app.id(&first).await);
    let listed = app.get(&path, &admin.access).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert!(listed.as_array().unwrap().iter().all(|session| session["current"] == false));

    let session = app.get(VERIFY, &first.access).await.json()["sid"].as_str().unwrap().to_owned();
    let one = format!("{path}/{session}");
    assert_eq!(app.delete(&one, &admin.access).await.status, StatusCode::NO_CONTENT);
    app.get(VERIFY, &first.access).await.problem(401, "invalid_token");
    app.delete(&one, &admin.access).await.problem(404, "not_found");
    let own = app.get(VERIFY, &admin.access).await.json()["sid"].as_str().unwrap().to_owned();
    app.delete(&format!("{path}/{own}"), &admin.access).await.problem(404, "not_found");

    assert_eq!(app.delete(&path, &admin.access).await.status, StatusCode::NO_CONTENT);
    for tokens in all {
        app.get(VERIFY, &tokens.access).await.problem(401, "invalid_token");
        app.refresh(&tokens.refresh).await.problem(401, "invalid_refresh_token");
    }
    assert_eq!(app.get(&path, &admin.access).await.json(), serde_json::json!([]));
    let stranger = "/api/v1/users/01234567-89ab-7def-8123-456789abcdef/sessions";
    app.get(stranger, &admin.access).await.problem(404, "not_found");
    app.delete(stranger, &admin.access).await.problem(404, "not_found");
}

async fn nobody_else_touches_the_sessions_of_others(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    let session = app.get(VERIFY, &ada.access).await.json()["sid"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/{}/sessions", app.id(&ada).await);
    app.get(&path, &eve.access).await.problem(403, "forbidden");
    app.delete(&path, &eve.access).await.problem(403, "forbidden");
    app.delete(&format!("{path}/{session}"), &eve.access).await.problem(403, "forbidden");
    assert_eq!(app.get(VERIFY, &ada.access).await.status, StatusCode::OK);
}

async fn the_last_use_is_written_behind_the_request(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    app.run_sql("UPDATE refresh_tokens SET last_used_at = created_at").await;
    let last_used = async || sessions(&app, &tokens).await[0]["last_used_at"].clone();
    let before = last_used().await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(last_used().await, before, "it was used within this minute");
    // As if that had been long ago.
    let past = "2020-01-01 00:00:00.000001+00:00";
    app.run_sql(&format!("UPDATE refresh_tokens SET last_used_at = '{past}'")).await;
    let other = app.another_node(&[]).await;
    assert_eq!(other.get(VERIFY, &tokens.access).await.status, StatusCode::OK);
    let bound = Instant::now() + Duration::from_secs(15);
    while last_used().await.as_str().unwrap() < "2026" {
        assert!(Instant::now() < bound, "the last use is not written");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
