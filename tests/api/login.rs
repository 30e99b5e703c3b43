use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::on_each_database;

use crate::app::{App, PASSWORD, send};

on_each_database!(
    forms_and_json_are_taken_alike,
    a_wrong_password_and_an_unknown_user_get_the_same_answer,
    what_is_no_sign_in_is_refused,
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
