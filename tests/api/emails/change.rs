//! How an account gets another address.

use std::time::Duration;

use domain::one_time_tokens::Purpose;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tests::{connect, on_each_database};
use tokio::time::sleep;

use super::{CONFIRM, ME, MY_EMAIL, Mailed, RESEND, RESET, ask_for, mailed, proven, route_for};
use crate::app::{App, PASSWORD};
use crate::letterbox::{Post, is_refused};

on_each_database!(
    a_change_of_address_is_a_ceremony,
    the_old_address_stops_a_change,
    of_two_who_want_one_address_one_gets_it,
    a_token_is_good_for_the_address_it_was_mailed_to_and_no_other,
    of_a_hundred_pairs_of_requests_none_proves_the_other_address,
    an_account_causes_five_mails_an_hour_and_uses_up_nobody_elses,
    without_mail_no_address_changes_but_by_an_admin,
);

/// The old address stays in force until the new one confirms, and is told at once and again when it is done.
async fn a_change_of_address_is_a_ceremony(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let ada = proven(app, "ada@example.com").await;
    let elsewhere = app.sign_in("ada@example.com").await;
    let body = |password: Value| json!({"email": "lovelace@example.com", "current_password": password});
    let wrong = app.send_as(&ada.access, Method::PUT, MY_EMAIL, body(json!("wrong"))).await;
    wrong.problem(403, "wrong_current_password");
    let none = app.send_as(&ada.access, Method::PUT, MY_EMAIL, json!({"email": "lovelace@example.com"})).await;
    assert_eq!(none.problem(422, "validation_failed"), ["current_password:required"]);
    assert!(Mailed::last(app, Purpose::ChangeEmail, "lovelace@example.com").await.is_none());

    let asked = ask_for(app, &ada, "Lovelace@example.com").await;
    assert_eq!((asked.status, &*asked.text), (StatusCode::ACCEPTED, ""));
    assert!(post.wait_for("change_email", 1).await[0].text.contains("To: Lovelace@example.com"));
    assert!(post.wait_for("stop_email_change", 1).await[0].text.contains("To: ada@example.com"));
    // Nothing has changed yet.
    for tokens in [&ada, &elsewhere] {
        let me = app.me(&tokens.access).await.json();
        assert_eq!((&me["email"], &me["email_verified"]), (&json!("ada@example.com"), &json!(true)));
    }
    app.login("lovelace@example.com", PASSWORD).await.problem(401, "invalid_credentials");

    let stop = mailed(app, Purpose::StopEmailChange, "ada@example.com").await;
    let code = mailed(app, Purpose::ChangeEmail, "lovelace@example.com").await;
    let confirmed = code.code_at(app, route_for(Purpose::ChangeEmail)).await;
    assert_eq!((confirmed.status, &*confirmed.text), (StatusCode::NO_CONTENT, ""));
    for ended in [&ada, &elsewhere] {
        app.me(&ended.access).await.problem(401, "invalid_token");
        app.refresh(&ended.refresh).await.problem(401, "invalid_refresh_token");
    }
    app.login("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    let again = app.sign_in("lovelace@example.com").await;
    let me = app.me(&again.access).await.json();
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("Lovelace@example.com"), &json!(true)));
    assert!(post.wait_for("email_changed", 1).await[0].text.contains("To: ada@example.com"));
    // There is nothing left to stop, and what is done stays done.
    assert!(is_refused(&stop.redeem(app).await));
    assert!(is_refused(&code.redeem(app).await));
    assert_eq!(app.me(&again.access).await.json()["email"], "Lovelace@example.com");

    // An address that was not proven may be a stranger's, who is told nothing.
    let eve = app.sign_up("eve@example.com").await;
    assert_eq!(ask_for(app, &eve, "mallory@example.com").await.status, StatusCode::ACCEPTED);
    assert!(Mailed::last(app, Purpose::StopEmailChange, "eve@example.com").await.is_none());
    let answer = mailed(app, Purpose::ChangeEmail, "mallory@example.com").await.redeem(app).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(post.mails("email_changed").len(), 1);
}

async fn the_old_address_stops_a_change(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let ada = proven(app, "ada@example.com").await;
    assert_eq!(ask_for(app, &ada, "lovelace@example.com").await.status, StatusCode::ACCEPTED);
    assert_eq!(app.post(RESET, json!({"email": "ada@example.com"})).await.status, StatusCode::ACCEPTED);
    let stop = mailed(app, Purpose::StopEmailChange, "ada@example.com").await;
    let change = mailed(app, Purpose::ChangeEmail, "lovelace@example.com").await;
    let reset = mailed(app, Purpose::ResetPassword, "ada@example.com").await;
    // The one mail stops also a change that was asked for later.
    assert_eq!(ask_for(app, &ada, "mallory@example.com").await.status, StatusCode::ACCEPTED);
    let later = mailed(app, Purpose::ChangeEmail, "mallory@example.com").await;
    assert_eq!(stop.redeem(app).await.status, StatusCode::NO_CONTENT);
    for void in [change, later, reset, stop] {
        assert!(is_refused(&void.redeem(app).await), "{void:?}");
        assert!(is_refused(&void.code_at(app, route_for(void.purpose)).await), "{void:?}");
    }
    assert_eq!(app.me(&ada.access).await.json()["email"], "ada@example.com");
    // Whoever has changed their mind asks for the address that they have.
    assert_eq!(ask_for(app, &ada, "lovelace@example.com").await.status, StatusCode::ACCEPTED);
    let change = mailed(app, Purpose::ChangeEmail, "lovelace@example.com").await;
    assert_eq!(ask_for(app, &ada, "ada@example.com").await.status, StatusCode::ACCEPTED);
    assert!(is_refused(&change.redeem(app).await));
    // It can be asked for again.
    assert_eq!(ask_for(app, &ada, "lovelace@example.com").await.status, StatusCode::ACCEPTED);
    let change = mailed(app, Purpose::ChangeEmail, "lovelace@example.com").await;
    assert_eq!(change.redeem(app).await.status, StatusCode::NO_CONTENT);
}

/// The other gets the same refusal as for any other reason, and no 5xx.
async fn of_two_who_want_one_address_one_gets_it(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    for round in 0..10 {
        let wanted = format!("wanted-{round}@example.com");
        let mut tokens = Vec::new();
        for name in ["ada", "eve"] {
            let user = proven(app, &format!("{name}-{round}@example.com")).await;
            assert_eq!(ask_for(app, &user, &wanted).await.status, StatusCode::ACCEPTED);
            tokens.push(mailed(app, Purpose::ChangeEmail, &wanted).await);
        }
        let answers = join_all(tokens.iter().map(|token| token.redeem(app))).await;
        let won = answers.iter().filter(|answer| answer.status == StatusCode::NO_CONTENT).count();
        let lost = answers.iter().filter(|answer| is_refused(answer)).count();
        assert_eq!((won, lost), (1, 1), "{answers:?}");
        app.sign_in(&wanted).await;
    }
    // Nor does one who registered it meanwhile lose it.
    let ada = proven(app, "ada@example.com").await;
    assert_eq!(ask_for(app, &ada, "late@example.com").await.status, StatusCode::ACCEPTED);
    let token = mailed(app, Purpose::ChangeEmail, "late@example.com").await;
    app.sign_up("late@example.com").await;
    assert!(is_refused(&token.redeem(app).await));
    assert_eq!(app.me(&ada.access).await.json()["email"], "ada@example.com");
}

/// Asked for `a2` and then for `v`, what was mailed to `a2` never makes `v` the address, nor proves it.
async fn a_token_is_good_for_the_address_it_was_mailed_to_and_no_other(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let ada = proven(app, "ada@example.com").await;
    assert_eq!(ask_for(app, &ada, "a2@example.com").await.status, StatusCode::ACCEPTED);
    let first = mailed(app, Purpose::ChangeEmail, "a2@example.com").await;
    assert_eq!(ask_for(app, &ada, "v@example.com").await.status, StatusCode::ACCEPTED);
    assert!(is_refused(&first.redeem(app).await));
    assert!(is_refused(&first.code_at(app, route_for(Purpose::ChangeEmail)).await));
    // Nor does the code of the one fit the address of the other.
    let body = json!({"email": "v@example.com", "code": first.code});
    assert!(is_refused(&app.post(CONFIRM, body).await));
    let me = app.me(&ada.access).await.json();
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("ada@example.com"), &json!(true)));
    // A proof of the address that an account had proves no other.
    let root = app.admin("root@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    let proof = mailed(app, Purpose::VerifyEmail, "eve@example.com").await;
    let path = format!("/api/v1/users/{}", app.id(&eve).await);
    let moved = app.send_as(&root.access, Method::PATCH, &path, json!({"email": "v2@example.com"})).await;
    assert_eq!(moved.status, StatusCode::OK);
    assert!(is_refused(&proof.redeem(app).await));
    assert_eq!(app.me(&eve.access).await.json()["email_verified"], false);
}

async fn of_a_hundred_pairs_of_requests_none_proves_the_other_address(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let racing = (0..100).map(|number| async move {
        let user = app.sign_up(&format!("user-{number}@example.com")).await;
        let (mine, victims) = (format!("mine-{number}@example.com"), format!("victim-{number}@example.com"));
        let (first, second) = tokio::join!(ask_for(app, &user, &mine), ask_for(app, &user, &victims));
        assert_eq!([first.status, second.status], [StatusCode::ACCEPTED; 2]);
        let token = Mailed::last(app, Purpose::ChangeEmail, &mine).await;
        if let Some(token) = &token {
            assert_eq!(token.redeem(app).await.status, StatusCode::NO_CONTENT);
        }
        let name = if token.is_some() { mine } else { format!("user-{number}@example.com") };
        let me = app.me(&app.sign_in(&name).await.access).await.json();
        // What was mailed to the victim is never used, so that address is nobody's.
        assert_eq!((&me["email"], &me["email_verified"]), (&json!(name), &json!(token.is_some())));
        app.login(&victims, PASSWORD).await.problem(401, "invalid_credentials");
    });
    join_all(racing).await;
}

async fn an_account_causes_five_mails_an_hour_and_uses_up_nobody_elses(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let (eve, ada) = (proven(app, "eve@example.com").await, proven(app, "ada@example.com").await);
    for number in 0..8 {
        let answer = ask_for(app, &eve, &format!("throw-away-{number}@example.com")).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    }
    // An address that is asked for beyond that is not used up for others.
    for _ in 0..4 {
        assert_eq!(ask_for(app, &eve, "lovelace@example.com").await.status, StatusCode::ACCEPTED);
    }
    assert_eq!(ask_for(app, &ada, "lovelace@example.com").await.status, StatusCode::ACCEPTED);
    let change = mailed(app, Purpose::ChangeEmail, "lovelace@example.com").await;
    assert_eq!(change.redeem(app).await.status, StatusCode::NO_CONTENT);
    app.sign_in("lovelace@example.com").await;
    // One address gets three of a kind, whoever asks.
    for number in 0..5 {
        let user = proven(app, &format!("user-{number}@example.com")).await;
        assert_eq!(ask_for(app, &user, "v@example.com").await.status, StatusCode::ACCEPTED);
    }
    let statement = "SELECT count(*) AS mails FROM one_time_tokens WHERE purpose = 'change_email' AND email_key LIKE ";
    for (pattern, expected) in [("'throw-away-%'", 0), ("'v@example.com'", 3)] {
        let connection = connect(&app.database_url).await;
        let statement = Statement::from_string(connection.get_database_backend(), format!("{statement}{pattern}"));
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        connection.close().await.unwrap();
        // A later request of an account has voided what it had asked for before.
        assert_eq!(row.try_get::<i64>("", "mails").unwrap(), expected, "{pattern}");
    }
    sleep(Duration::from_secs(3)).await;
    let stopping = post.mails("stop_email_change").iter().filter(|mail| mail.text.contains("To: eve@")).count();
    assert_eq!(stopping, 5);
}

async fn without_mail_no_address_changes_but_by_an_admin(app: App) {
    let (ada, root) = (app.sign_up("ada@example.com").await, app.admin("root@example.com").await);
    ask_for(&app, &ada, "lovelace@example.com").await.problem(503, "mail_is_off");
    app.post(RESEND, json!({"email": "ada@example.com"})).await.problem(503, "mail_is_off");
    let body = json!({"email": "lovelace@example.com"});
    app.send_as(&ada.access, Method::PATCH, ME, body.clone()).await.problem(409, "use_email_change");
    let path = format!("/api/v1/users/{}", app.id(&ada).await);
    let moved = app.send_as(&root.access, Method::PATCH, &path, body).await;
    assert_eq!((moved.status, &moved.json()["email"]), (StatusCode::OK, &json!("lovelace@example.com")));
}
