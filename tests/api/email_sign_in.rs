//! Signing in by mail.

use std::time::{Duration, Instant};

use domain::one_time_tokens::Purpose;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD};
use crate::letterbox::{Post, count, is_refused};
use crate::registration::last_token;

on_each_database!(
    whoever_gets_the_mail_signs_in_once,
    an_account_that_nobody_had_proven_loses_what_its_maker_left_there,
    nobody_can_tell_whether_an_address_is_known,
    a_code_can_be_tried_five_times_and_the_link_goes_on,
    of_many_who_use_one_token_one_signs_in,
);

const ON: [(&str, &str); 1] = [("APP_AUTH__EMAIL_SIGN_IN", "true")];

async fn request(app: &App, email: &str) -> Answer {
    app.post("/api/v1/auth/email-sign-in", json!({"email": email})).await
}

async fn confirm(app: &App, proof: Value) -> Answer {
    app.post("/api/v1/auth/email-sign-in/confirm", proof).await
}

async fn token(app: &App, email: &str) -> String {
    assert_eq!(request(app, email).await.status, StatusCode::ACCEPTED);
    last_token(app, Purpose::SignIn, email).await
}

async fn whoever_gets_the_mail_signs_in_once(app: App) {
    let before = app.sign_up("ada@example.com").await;
    app.run_sql("UPDATE users SET email_verified = true").await;
    let post = Post::with(app, &ON).await;
    let app = &post.app;
    let earlier = token(app, "ada@example.com").await;
    assert_eq!(request(app, "ADA@example.com").await.status, StatusCode::ACCEPTED);
    let mail = post.wait_for("sign_in", 2).await.pop().unwrap();
    let proof = json!({"email": "ada@example.com", "code": mail.code});
    let signed_in = confirm(app, proof.clone()).await.tokens();
    assert_eq!(app.me(&signed_in.access).await.status, StatusCode::OK);
    assert!(is_refused(&confirm(app, proof).await));
    assert!(is_refused(&confirm(app, json!({"token": earlier})).await));
    // Nothing else has changed.
    app.sign_in("ada@example.com").await;
    assert_eq!(app.refresh(&before.refresh).await.status, StatusCode::OK);
}

/// The owner of the address proves it: a password that somebody else set before does not survive, nor do sessions and
/// what was mailed.
async fn an_account_that_nobody_had_proven_loses_what_its_maker_left_there(app: App) {
    let mallory = app.sign_up("ada@example.com").await;
    let post = Post::with(app, &[ON[0], ("APP_REGISTRATION__MODE", "verified")]).await;
    let app = &post.app;
    let reset = {
        app.post("/api/v1/auth/password-reset", json!({"email": "ada@example.com"})).await;
        last_token(app, Purpose::ResetPassword, "ada@example.com").await
    };
    let token = token(app, "ada@example.com").await;
    let ada = confirm(app, json!({"token": token})).await.tokens();
    assert_eq!(app.me(&ada.access).await.json()["email_verified"], true);
    assert_eq!(app.login("ada@example.com", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.refresh(&mallory.refresh).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.me(&mallory.access).await.status, StatusCode::UNAUTHORIZED);
    let body = json!({"token": reset, "new_password": "staple battery horse correct"});
    assert!(is_refused(&app.post("/api/v1/auth/password-reset/confirm", body).await));
    assert_eq!(app.refresh(&ada.refresh).await.status, StatusCode::OK);
}

async fn nobody_can_tell_whether_an_address_is_known(app: App) {
    for email in ["ada@example.com", "eve@example.com"] {
        app.register(email).await;
    }
    app.run_sql("UPDATE users SET is_active = false WHERE email = 'eve@example.com'").await;
    let post = Post::with(app, &ON).await;
    for email in ["ada@example.com", "eve@example.com", "nobody@example.com"] {
        let begin = Instant::now();
        let answer = request(&post.app, email).await;
        assert_eq!((answer.status, &*answer.text), (StatusCode::ACCEPTED, ""), "{email}");
        assert!(begin.elapsed() >= Duration::from_millis(250), "{email}");
        let begin = Instant::now();
        assert!(is_refused(&confirm(&post.app, json!({"email": email, "code": "2222-2222"})).await), "{email}");
        assert!(begin.elapsed() >= Duration::from_millis(250), "{email}");
    }
    assert_eq!((count(&post.app, "outbox").await, count(&post.app, "users").await), (1, 2));
}

async fn a_code_can_be_tried_five_times_and_the_link_goes_on(app: App) {
    app.register("ada@example.com").await;
    let post = Post::with(app, &ON).await;
    let token = token(&post.app, "ada@example.com").await;
    let code = post.wait_for("sign_in", 1).await[0].code.clone();
    let wrong = || confirm(&post.app, json!({"email": "ada@example.com", "code": "2222-2222"}));
    assert!(join_all((0..20).map(|_| wrong())).await.iter().all(is_refused));
    assert!(is_refused(&confirm(&post.app, json!({"email": "ada@example.com", "code": code})).await));
    confirm(&post.app, json!({"token": token})).await.tokens();
}

async fn of_many_who_use_one_token_one_signs_in(app: App) {
    app.register("ada@example.com").await;
    let post = Post::with(app, &ON).await;
    let token = token(&post.app, "ada@example.com").await;
    let answers = join_all((0..20).map(|_| confirm(&post.app, json!({"token": token})))).await;
    let signed_in = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!((signed_in, answers.iter().filter(|answer| is_refused(answer)).count()), (1, 19), "{answers:?}");
    assert_eq!(count(&post.app, "refresh_tokens").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_by_default_and_needs_mail() {
    let app = App::sqlite_with(&[("APP_MAIL__TRANSPORT", "log")]).await;
    request(&app, "ada@example.com").await.problem(403, "email_sign_in_off");
    let proof = json!({"email": "ada@example.com", "code": "ABCD-EFGH"});
    confirm(&app, proof).await.problem(403, "email_sign_in_off");
    let app = App::sqlite_with(&ON).await;
    request(&app, "ada@example.com").await.problem(503, "mail_is_off");
}
