use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use crate::app::{App, PASSWORD, send};

on_each_database!(
    forms_and_json_are_taken_alike,
    a_wrong_password_and_an_unknown_user_get_the_same_answer,
    what_is_no_sign_in_is_refused,
    a_form_may_have_fields_that_are_not_used,
    a_type_that_is_not_taken_is_refused_with_those_that_are,
);

async fn forms_and_json_are_taken_alike(app: App) {
    app.register("ada@example.com").await;
    let login = || app.request(Method::POST, "/api/v1/auth/login");
    let form = [("username", "ADA@example.com"), ("password", PASSWORD)];
    send(login().form(&form)).await.tokens();
    let swagger = [("grant_type", "password"), ("scope", ""), ("client_id", ""), ("client_secret", "")];
    let answer = send(login().form(&[form.as_slice(), &swagger].concat())).await;
    answer.tokens();
    let json = answer.json();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&"bearer".into(), &900.into()));
    assert_eq!(answer.header("cache-control"), "no-store");
    send(login().json(&json!({"username": "ada@example.com", "password": PASSWORD}))).await.tokens();
}

async fn a_wrong_password_and_an_unknown_user_get_the_same_answer(app: App) {
    app.register("ada@example.com").await;
    let mut answers = Vec::new();
    for name in ["ada@example.com", "nobody@example.com", "nobody", "no such name!"] {
        let body = json!({"username": name, "password": "wrong password"});
        let request = app.request(Method::POST, "/api/v1/auth/login").json(&body).header("x-request-id", "same");
        let mut answer = send(request).await;
        answer.problem(401, "invalid_credentials");
        answer.headers.remove("date");
        answers.push(answer);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

async fn what_is_no_sign_in_is_refused(app: App) {
    app.register("ada@example.com").await;
    let login = || app.request(Method::POST, "/api/v1/auth/login");
    let errors = send(login().json(&json!({}))).await.problem(422, "validation_failed");
    assert_eq!(errors, ["username:required", "password:required"]);
    let twice = "username=ada@example.com&password=a&password=b";
    let form = "application/x-www-form-urlencoded";
    let errors = send(login().header("content-type", form).body(twice)).await.problem(422, "validation_failed");
    assert_eq!(errors, ["password:duplicate_field"]);
    send(login().header("content-type", form).body("username=%ff&password=a")).await.problem(400, "malformed_body");
    let other = [("grant_type", "client_credentials"), ("username", "ada@example.com"), ("password", PASSWORD)];
    let errors = send(login().form(&other)).await.problem(422, "validation_failed");
    assert_eq!(errors, ["grant_type:unsupported_grant_type"]);
    send(login().header("content-type", "text/plain").body("{}")).await.problem(415, "unsupported_media_type");
    let long = "a".repeat(1025);
    let errors = app.login("ada@example.com", &long).await.problem(422, "validation_failed");
    assert_eq!(errors, ["password:too_long"]);
    for wrong in ["Correct horse battery staple", "correct horse battery staple "] {
        app.login("ada@example.com", wrong).await.problem(401, "invalid_credentials");
    }
    assert_eq!(app.login("ada@example.com", PASSWORD).await.status, StatusCode::OK);
}

async fn a_form_may_have_fields_that_are_not_used(app: App) {
    app.register("ada@example.com").await;
    let login = || app.request(Method::POST, "/api/v1/auth/login");
    let form = [("username", "ada@example.com"), ("password", PASSWORD), ("audience", "api"), ("resource", "")];
    send(login().form(&form)).await.tokens();
    let json = json!({"username": "ada@example.com", "password": PASSWORD, "audience": "api"});
    assert_eq!(send(login().json(&json)).await.problem(422, "validation_failed"), ["audience:unknown_field"]);
}

async fn a_type_that_is_not_taken_is_refused_with_those_that_are(app: App) {
    let tokens = app.sign_up("ada@example.com").await;
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nada@example.com\r\n--x--\r\n";
    let both = "application/json, application/x-www-form-urlencoded";
    for (method, path, header, accepted) in [
        (Method::POST, "/api/v1/auth/login", "accept-post", both),
        (Method::POST, "/api/v1/auth/refresh", "accept-post", "application/json"),
        (Method::POST, "/api/v1/users", "accept-post", "application/json"),
        (Method::POST, "/api/v1/tasks", "accept-post", "application/json"),
        (Method::PATCH, "/api/v1/users/me", "accept-patch", "application/json"),
        (Method::PUT, "/api/v1/users/me/password", "accept", "application/json"),
        (Method::DELETE, "/api/v1/users/me", "accept", "application/json"),
    ] {
        let request = || app.request(method.clone(), path).bearer_auth(&tokens.access).body(multipart);
        let answer = send(request().header("content-type", "multipart/form-data; boundary=x")).await;
        answer.problem(415, "unsupported_media_type");
        assert!(answer.header(header).starts_with(accepted), "{path}: {answer:?}");
        let answer =
            send(request().header("content-type", "application/json").header("content-encoding", "gzip")).await;
        answer.problem(415, "unsupported_media_type");
        assert_eq!(answer.header("accept-encoding"), "identity", "{path}");
    }
}
