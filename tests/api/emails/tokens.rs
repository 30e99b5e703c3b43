//! What is mailed: for how long it is good, for what, and how often. And nothing tells whose an address is.

use std::time::{Duration, Instant};

use domain::one_time_tokens::Purpose;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use super::{
    CONFIRM, ME, Mailed, RESEND, RESET, SIGN_IN_BY_MAIL, STOP, VERIFY, ask_for, mailed, proven, redeeming, route_for,
    said, with,
};
use crate::app::{App, NEW_PASSWORD, PASSWORD, Tokens};
use crate::letterbox::{Post, is_refused};

on_each_database!(
    whatever_changes_how_somebody_gets_in_voids_what_was_mailed,
    a_token_is_good_for_one_purpose,
    of_a_hundred_who_use_one_token_one_wins,
    nobody_can_tell_whether_an_address_is_known,
    what_cannot_be_a_code_is_a_fault_of_the_body_and_no_guess,
);

/// Somebody with one of each thing that can be mailed, and all of these.
async fn with_everything_mailed(app: &App, name: &str) -> (Tokens, Vec<Mailed>) {
    let (email, new) = (format!("{name}@example.com"), format!("{name}-new@example.com"));
    let tokens = app.sign_up(&email).await;
    // As if it had been proven before: the token is still good.
    app.run_sql(&format!("UPDATE users SET email_verified = true WHERE email_key = '{email}'")).await;
    assert_eq!(ask_for(app, &tokens, &new).await.status, StatusCode::ACCEPTED);
    for path in [RESET, "/api/v1/auth/email-sign-in"] {
        assert_eq!(app.post(path, json!({"email": email})).await.status, StatusCode::ACCEPTED);
    }
    // As if they had been invited, and had a password nevertheless.
    let id = if app.database_url.starts_with("postgres") { "gen_random_uuid()" } else { "randomblob(16)" };
    let columns = "user_id, email, email_key, nonce, created_at, expires_at";
    app.run_sql(&format!(
        "INSERT INTO one_time_tokens (id, purpose, {columns}) SELECT {id}, 'invitation', {columns} FROM one_time_tokens \
         WHERE purpose = 'reset_password' AND email_key = '{email}'"
    ))
    .await;
    let mut all = Vec::new();
    for (purpose, ..) in redeeming() {
        all.push(mailed(app, purpose, if purpose == Purpose::ChangeEmail { &new } else { &email }).await);
    }
    (tokens, all)
}

/// What changes the credentials or the address of an account, or ends it.
#[derive(Clone, Copy, Debug)]
enum Change {
    Reset,
    PasswordChanged,
    PasswordSet,
    EmailConfirmed,
    Stopped,
    Moved,
    Disabled,
    Deleted,
    DeletedByAdmin,
}

async fn whatever_changes_how_somebody_gets_in_voids_what_was_mailed(app: App) {
    let post = Post::with(app, &SIGN_IN_BY_MAIL).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    for (number, change) in [
        Change::Reset,
        Change::PasswordChanged,
        Change::PasswordSet,
        Change::EmailConfirmed,
        Change::Stopped,
        Change::Moved,
        Change::Disabled,
        Change::Deleted,
        Change::DeletedByAdmin,
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("user-{number}");
        let (user, all) = with_everything_mailed(app, &name).await;
        let path = format!("/api/v1/users/{}", app.id(&user).await);
        let find = |purpose| all.iter().find(|mailed| mailed.purpose == purpose).unwrap();
        let by_root =
            async |method: Method, path: &str, body: Value| app.send_as(&root.access, method, path, body).await;
        let done = match change {
            Change::Reset => find(Purpose::ResetPassword).redeem(app).await,
            Change::EmailConfirmed => find(Purpose::ChangeEmail).redeem(app).await,
            Change::Stopped => find(Purpose::StopEmailChange).redeem(app).await,
            Change::PasswordChanged => {
                let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
                app.send_as(&user.access, Method::PUT, "/api/v1/users/me/password", body).await
            }
            Change::PasswordSet => {
                by_root(Method::PUT, &format!("{path}/password"), json!({"password": NEW_PASSWORD})).await
            }
            Change::Moved => by_root(Method::PATCH, &path, json!({"email": format!("{name}-moved@example.com")})).await,
            Change::Disabled => by_root(Method::PATCH, &path, json!({"is_active": false})).await,
            Change::Deleted => app.delete_me(&user.access).await,
            Change::DeletedByAdmin => app.delete(&path, &root.access).await,
        };
        assert!(done.status.is_success(), "{change:?}: {done:?}");
        if matches!(change, Change::Disabled) {
            let enabled = by_root(Method::PATCH, &path, json!({"is_active": true})).await;
            assert_eq!(enabled.status, StatusCode::OK);
        }
        let before = app.get(&path, &root.access).await;
        for void in &all {
            assert!(is_refused(&void.redeem(app).await), "{change:?}: {void:?}");
            assert!(is_refused(&void.code_at(app, route_for(void.purpose)).await), "{change:?}: {void:?}");
        }
        let after = app.get(&path, &root.access).await;
        assert_eq!((before.status, said(&before)), (after.status, said(&after)), "{change:?}");
    }
    // What changes neither leaves them alone.
    let (user, all) = with_everything_mailed(app, "ada").await;
    let path = format!("/api/v1/users/{}", app.id(&user).await);
    let renamed = app.send_as(&user.access, Method::PATCH, ME, json!({"full_name": "Ada"})).await;
    let promoted = app.send_as(&root.access, Method::PATCH, &path, json!({"role": "admin"})).await;
    assert_eq!([renamed.status, promoted.status], [StatusCode::OK; 2]);
    assert_eq!(all[0].redeem(app).await.status, StatusCode::NO_CONTENT);
    assert_eq!(all[1].redeem(app).await.status, StatusCode::NO_CONTENT);
}

/// At every route but its own, each is refused like any text, and is still good at its own.
async fn a_token_is_good_for_one_purpose(app: App) {
    let post = Post::with(app, &SIGN_IN_BY_MAIL).await;
    let app = &post.app;
    for (number, (own, ..)) in redeeming().into_iter().enumerate() {
        let (_, all) = with_everything_mailed(app, &format!("user-{number}")).await;
        let mailed = all.into_iter().find(|mailed| mailed.purpose == own).unwrap();
        for (purpose, path, extra) in redeeming().into_iter().filter(|(purpose, ..)| *purpose != own) {
            let garbage = app.post(path, with(extra.clone(), json!({"token": "hxv_garbage"}))).await;
            assert!(is_refused(&garbage), "{path}: {garbage:?}");
            for answer in [mailed.link_at(app, (path, extra.clone())).await, mailed.code_at(app, (path, extra)).await] {
                assert_eq!(said(&answer), said(&garbage), "{own:?} at that of {purpose:?}");
            }
        }
        let answer = mailed.redeem(app).await;
        assert!(answer.status.is_success(), "{own:?}: {answer:?}");
    }
}

async fn of_a_hundred_who_use_one_token_one_wins(app: App) {
    let post = Post::with(app, &SIGN_IN_BY_MAIL).await;
    let app = &post.app;
    for (number, (purpose, path, extra)) in redeeming().into_iter().enumerate() {
        let name = format!("user-{number}");
        let (_, all) = with_everything_mailed(app, &name).await;
        let mailed = all.iter().find(|mailed| mailed.purpose == purpose).unwrap();
        let using = (0..100).map(|number| {
            let password = json!({"new_password": format!("{NEW_PASSWORD} {number}")});
            let extra = if purpose == Purpose::ResetPassword { password } else { extra.clone() };
            mailed.link_at(app, (path, extra))
        });
        let answers = join_all(using).await;
        let won: Vec<_> = (0..100).filter(|number| answers[*number].status.is_success()).collect();
        let [winner] = won[..] else { panic!("{purpose:?}: {won:?}") };
        let refused = answers.iter().filter(|answer| is_refused(answer)).count();
        assert_eq!(refused, 99, "{purpose:?}: {answers:?}");
        if purpose == Purpose::ResetPassword {
            let email = format!("{name}@example.com");
            app.login(&email, &format!("{NEW_PASSWORD} {winner}")).await.tokens();
            for number in [0, 50, 99].into_iter().filter(|number| *number != winner) {
                let answer = app.login(&email, &format!("{NEW_PASSWORD} {number}")).await;
                answer.problem(401, "invalid_credentials");
            }
        }
    }
}

/// Known, unknown, proven, unproven, disabled, one's own: the same status, headers and body, and no sooner.
async fn nobody_can_tell_whether_an_address_is_known(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let asker = proven(app, "asker@example.com").await;
    proven(app, "proven@example.com").await;
    for name in ["unproven", "disabled"] {
        app.register(&format!("{name}@example.com")).await;
    }
    app.run_sql("UPDATE users SET is_active = false WHERE email = 'disabled@example.com'").await;
    let names = ["unproven", "unknown", "proven", "disabled"];
    let mut expected = None;
    for name in names {
        let begin = Instant::now();
        let answer = app.post(RESEND, json!({"email": format!("{name}@example.com")})).await;
        assert!(begin.elapsed() >= Duration::from_millis(250), "{name}");
        assert_eq!((answer.status, &*answer.text), (StatusCode::ACCEPTED, ""));
        assert_eq!(&said(&answer), expected.get_or_insert_with(|| said(&answer)), "{name}");
        for path in [VERIFY, CONFIRM, STOP] {
            let begin = Instant::now();
            let body = json!({"email": format!("{name}@example.com"), "code": "2222-2222"});
            assert!(is_refused(&app.post(path, body).await), "{path} {name}");
            assert!(begin.elapsed() >= Duration::from_millis(250), "{path} {name}");
        }
    }
    let mut expected = None;
    for name in ["unknown", "proven", "unproven", "disabled", "asker"] {
        let begin = Instant::now();
        let answer = ask_for(app, &asker, &format!("{name}@example.com")).await;
        assert!(begin.elapsed() >= Duration::from_millis(250), "{name}");
        assert_eq!((answer.status, &*answer.text), (StatusCode::ACCEPTED, ""));
        assert_eq!(&said(&answer), expected.get_or_insert_with(|| said(&answer)), "{name}");
    }
    // Only who is nobody else's gets a mail, and the asker's own mailbox does not tell which that was.
    for name in ["proven", "unproven", "disabled", "asker"] {
        assert!(Mailed::last(app, Purpose::ChangeEmail, &format!("{name}@example.com")).await.is_none(), "{name}");
    }
    assert_eq!(post.wait_for("stop_email_change", 4).await.len(), 4);
}

/// Whoever mistypes six times is not kept out, and whose the address is tells nothing.
async fn what_cannot_be_a_code_is_a_fault_of_the_body_and_no_guess(app: App) {
    let app = app.another_node(&[&[("APP_MAIL__TRANSPORT", "log")], &SIGN_IN_BY_MAIL[..]].concat()).await;
    app.register("ada@example.com").await;
    for (purpose, path, extra) in redeeming() {
        for code in ["", "ABCD-234", "ABCD-23456", "ABCD_2345", "123456"] {
            for email in ["ada@example.com", "nobody@example.com"] {
                let refused = app.post(path, with(extra.clone(), json!({"email": email, "code": code}))).await;
                assert_eq!(refused.problem(422, "validation_failed"), ["code:invalid_code"], "{purpose:?} {code}");
            }
        }
    }
    let mail = mailed(&app, Purpose::VerifyEmail, "ada@example.com").await;
    let verified = mail.code_at(&app, route_for(Purpose::VerifyEmail)).await;
    assert_eq!(verified.status, StatusCode::NO_CONTENT, "{verified:?}");
}
