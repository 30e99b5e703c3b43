//! A new password by mail.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use tests::on_each_database;
use tokio::time::sleep;

use crate::app::{App, NEW_PASSWORD as NEW, PASSWORD};
use crate::letterbox::{Post, is_refused};

on_each_database!(
    whoever_forgot_their_password_gets_another_by_the_link,
    whoever_forgot_their_password_gets_another_by_the_code,
    nobody_can_tell_whether_an_address_is_known,
    of_many_who_use_one_token_one_sets_the_password,
    a_code_can_be_tried_five_times_and_the_link_goes_on,
    another_mail_voids_the_code_of_the_first_and_not_its_link,
    a_new_password_voids_what_was_mailed_before,
    an_address_gets_three_mails_an_hour,
);

async fn whoever_forgot_their_password_gets_another_by_the_link(app: App) {
    let post = Post::of(app).await;
    let ada = post.app.sign_up("ada@example.com").await;
    let mail = post.mailed().await;
    assert!(mail.text.contains("To: ada@example.com") && mail.text.contains("Subject: Choose a new password"));
    let weak = post.by_link(&mail, "short").await;
    assert_eq!(
        (weak.status, &weak.json()["errors"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &"too_short".into())
    );
    assert_eq!(post.by_link(&mail, NEW).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&post.by_link(&mail, "another good password").await));
    assert_eq!(post.app.login("ada@example.com", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(post.app.refresh(&ada.refresh).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(post.app.get("/api/v1/users/me", &ada.access).await.status, StatusCode::UNAUTHORIZED);
    let again = post.app.login("ada@example.com", NEW).await.tokens();
    assert_eq!(post.app.get("/api/v1/users/me", &again.access).await.json()["email_verified"], true);
    // The proven address is told.
    let deadline = Instant::now() + Duration::from_secs(30);
    while post.mails("password_changed").is_empty() {
        assert!(Instant::now() < deadline, "the notice does not come");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn whoever_forgot_their_password_gets_another_by_the_code(app: App) {
    let post = Post::of(app).await;
    post.app.register("Ada@example.com").await;
    let mail = post.mailed().await;
    assert_eq!(post.by_code(&mail.code.to_lowercase().replace('-', " ")).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&post.by_code(&mail.code).await));
    post.app.login("ada@example.com", NEW).await.tokens();
}

async fn nobody_can_tell_whether_an_address_is_known(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    post.app.register("eve@example.com").await;
    post.app.run_sql("UPDATE users SET is_active = false WHERE email = 'eve@example.com'").await;
    for email in ["ada@example.com", "eve@example.com", "nobody@example.com"] {
        let begin = Instant::now();
        let answer = post.request(email).await;
        assert_eq!((answer.status, &*answer.text), (StatusCode::ACCEPTED, ""), "{email}");
        assert!(begin.elapsed() >= Duration::from_millis(250), "{email}");
        let begin = Instant::now();
        let body = json!({"email": email, "code": "2222-2222", "new_password": NEW});
        assert!(is_refused(&post.confirm(body).await), "{email}");
        assert!(begin.elapsed() >= Duration::from_millis(250), "{email}");
    }
    for body in [
        json!({"new_password": NEW}),
        json!({"token": "hxp_AAAA", "code": "ABCD-EFGH", "new_password": NEW}),
        json!({"email": "ada@example.com", "new_password": NEW}),
    ] {
        assert_eq!(post.confirm(body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

async fn of_many_who_use_one_token_one_sets_the_password(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    let mail = post.mailed().await;
    let password = |number| format!("{NEW} {number}");
    let confirming = (0..20).map(|number| {
        let (mail, post) = (&mail, &post);
        async move { post.by_link(mail, &password(number)).await }
    });
    let answers = join_all(confirming).await;
    let won: Vec<_> = (0..20).filter(|number| answers[*number].status == StatusCode::NO_CONTENT).collect();
    let [winner] = won[..] else { unreachable!("{won:?} {answers:?}") };
    assert_eq!(answers.iter().filter(|answer| is_refused(answer)).count(), 19, "{answers:?}");
    post.app.login("ada@example.com", &password(winner)).await.tokens();
}

async fn a_code_can_be_tried_five_times_and_the_link_goes_on(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    let mail = post.mailed().await;
    let wrong = join_all((0..20).map(|_| post.by_code("2222-2222"))).await;
    assert!(wrong.iter().all(is_refused), "{wrong:?}");
    assert!(is_refused(&post.by_code(&mail.code).await));
    // Nor does another mail refill what may be tried.
    let second = post.mailed().await;
    assert!(is_refused(&post.by_code(&second.code).await));
    assert_eq!(post.by_link(&mail, NEW).await.status, StatusCode::NO_CONTENT);
}

async fn another_mail_voids_the_code_of_the_first_and_not_its_link(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    let (first, second) = (post.mailed().await, post.mailed().await);
    assert!(is_refused(&post.by_code(&first.code).await));
    assert_eq!(post.by_link(&first, NEW).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&post.by_link(&second, PASSWORD).await));
}

async fn a_new_password_voids_what_was_mailed_before(app: App) {
    let post = Post::of(app).await;
    let ada = post.app.sign_up("ada@example.com").await;
    let mail = post.mailed().await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let changed = post.app.send_as(&ada.access, reqwest::Method::PUT, "/api/v1/users/me/password", change).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&post.by_link(&mail, "another good password").await));
    assert!(is_refused(&post.by_code(&mail.code).await));
}

async fn an_address_gets_three_mails_an_hour(app: App) {
    let post = Post::of(app).await;
    post.app.register("ada@example.com").await;
    let answers = join_all((0..8).map(|_| post.request("ada@example.com"))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED), "{answers:?}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while post.mails("reset_password").len() < 3 {
        assert!(Instant::now() < deadline, "the mails do not come");
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(3)).await;
    assert_eq!(post.mails("reset_password").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_nobody_waits_for_one() {
    let app = App::sqlite_with(&[]).await;
    let answer = app.post("/api/v1/auth/password-reset", json!({"email": "ada@example.com"})).await;
    assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"mail_is_off".into()));
}
