//! The modes of registration: who gets an account, and when.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::one_time_tokens::Purpose;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, NEW_PASSWORD as ANOTHER, PASSWORD, Tokens};
use crate::emails::Mailed;
use crate::letterbox::{Post, count, is_refused};

on_each_database!(
    a_proof_makes_the_account_of_the_registration_that_asked_for_it_in_either_order,
    an_account_that_nobody_has_proven_does_not_block_the_owner_of_its_address,
    whoever_registers_cannot_tell_whether_the_address_is_known,
    a_username_that_somebody_took_before_the_proof_is_left_out,
    whoever_lost_the_mail_of_a_registration_gets_another,
    of_many_who_use_one_token_one_makes_the_account,
    of_several_registrations_that_wait_none_is_mailed_again,
    a_registration_takes_over_no_invitation,
    an_address_has_three_registrations_an_hour,
    where_registration_is_closed_no_stranger_gets_an_account_or_a_mail,
    a_registration_that_waits_when_registration_is_closed_makes_no_account,
    without_a_proven_address_there_is_no_session_where_the_mode_demands_one,
    whoever_the_operator_or_an_admin_vouches_for_needs_no_proof,
    where_registration_is_open_the_address_is_mailed_how_to_prove_it,
);

const VERIFIED: [(&str, &str); 1] = [("APP_REGISTRATION__MODE", "verified")];

/// What the link ends in that was mailed to this address last.
pub(crate) async fn last_token(app: &App, purpose: Purpose, email: &str) -> String {
    Mailed::last(app, purpose, email).await.unwrap().token
}

async fn register(app: &App, email: &str, password: &str) -> Answer {
    app.post("/api/v1/users", json!({"email": email, "password": password})).await
}

/// Registers with this password, and returns the token that was mailed.
async fn pend(post: &Post, email: &str, password: &str) -> String {
    let answer = register(&post.app, email, password).await;
    assert_eq!((answer.status, &*answer.text), (StatusCode::ACCEPTED, ""), "{answer:?}");
    last_token(&post.app, Purpose::VerifyEmail, email).await
}

async fn prove(post: &Post, token: &str) -> Answer {
    post.app.post("/api/v1/auth/verify-email", json!({"token": token})).await
}

/// Each proof makes the account of the registration that it was mailed for, and voids the others.
async fn a_proof_makes_the_account_of_the_registration_that_asked_for_it_in_either_order(app: App) {
    let post = Post::with(app, &VERIFIED).await;
    for (email, is_owner_first) in [("first@example.com", true), ("second@example.com", false)] {
        let mut pending = Vec::new();
        for is_owner in [is_owner_first, !is_owner_first] {
            pending.push((is_owner, pend(&post, email, if is_owner { PASSWORD } else { ANOTHER }).await));
        }
        for password in [PASSWORD, ANOTHER] {
            assert_eq!(post.app.login(email, password).await.status, StatusCode::UNAUTHORIZED);
        }
        let token = |owner: bool| &pending.iter().find(|(is_owner, _)| *is_owner == owner).unwrap().1;
        assert_eq!(prove(&post, token(true)).await.status, StatusCode::NO_CONTENT);
        let tokens = post.app.login(email, PASSWORD).await.tokens();
        assert_eq!(post.app.me(&tokens.access).await.json()["email_verified"], true);
        assert_eq!(post.app.login(email, ANOTHER).await.status, StatusCode::UNAUTHORIZED);
        for token in [token(true), token(false)] {
            assert!(is_refused(&prove(&post, token).await));
        }
    }
    assert_eq!((count(&post.app, "users").await, count(&post.app, "pending_accounts").await), (2, 0));
    // The code of the mail does the same.
    register(&post.app, "third@example.com", PASSWORD).await;
    let code = Mailed::last(&post.app, Purpose::VerifyEmail, "third@example.com").await.unwrap().code;
    let body = json!({"email": "third@example.com", "code": code});
    assert_eq!(post.app.post("/api/v1/auth/verify-email", body).await.status, StatusCode::NO_CONTENT);
    post.app.sign_in("third@example.com").await;
}

/// Whoever proves the address gets it: what somebody else left at it goes.
async fn an_account_that_nobody_has_proven_does_not_block_the_owner_of_its_address(app: App) {
    let body = json!({"email": "ada@example.com", "password": ANOTHER, "username": "mallory"});
    assert_eq!(app.post("/api/v1/users", body).await.status, StatusCode::CREATED);
    let mallory = app.login("mallory", ANOTHER).await.tokens();
    let post = Post::with(app, &VERIFIED).await;
    // Whoever registers may be anyone: the account stays as it is, and its owner is told of the way into it.
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(post.app.post("/api/v1/users", body).await.status, StatusCode::ACCEPTED);
    post.wait_for("already_registered", 1).await;
    assert_eq!(post.mails("verify_email").len(), 0);
    let mallory = post.app.refresh(&mallory.refresh).await.tokens();
    post.app.post("/api/v1/auth/password-reset", json!({"email": "ada@example.com"})).await;
    let token = post.wait_for("reset_password", 1).await.pop().unwrap().token;
    let body = json!({"token": token, "new_password": PASSWORD});
    assert_eq!(post.app.post("/api/v1/auth/password-reset/confirm", body).await.status, StatusCode::NO_CONTENT);
    assert_eq!(post.app.refresh(&mallory.refresh).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(post.app.me(&mallory.access).await.status, StatusCode::UNAUTHORIZED);
    for name in ["mallory", "ada@example.com"] {
        assert_eq!(post.app.login(name, ANOTHER).await.status, StatusCode::UNAUTHORIZED);
    }
    let ada = post.app.sign_in("ada@example.com").await;
    assert_eq!(post.app.me(&ada.access).await.json()["email_verified"], json!(true));
}

/// An invited admin's account would otherwise be that of whoever registers with the address, and of a click.
async fn a_registration_takes_over_no_invitation(app: App) {
    let root = app.admin("root@example.com").await;
    let post = Post::with(app, &VERIFIED).await;
    let invite = json!({"email": "ada@example.com", "role": "admin"});
    post.app.send_as(&root.access, Method::POST, "/api/v1/users/invitations", invite).await;
    let code = post.wait_for("invitation", 1).await.pop().unwrap().code;
    assert_eq!(register(&post.app, "ada@example.com", ANOTHER).await.status, StatusCode::ACCEPTED);
    post.wait_for("already_registered", 1).await;
    assert_eq!(post.mails("verify_email").len(), 0);
    let body = json!({"email": "ada@example.com", "code": code, "new_password": PASSWORD});
    assert_eq!(post.app.post("/api/v1/auth/invitations/accept", body).await.status, StatusCode::NO_CONTENT);
    post.app.sign_in("ada@example.com").await;
}

/// Known, unknown, unverified and disabled addresses get one response.
async fn whoever_registers_cannot_tell_whether_the_address_is_known(app: App) {
    for email in ["ada@example.com", "unverified@example.com", "disabled@example.com"] {
        app.register(email).await;
    }
    app.run_sql("UPDATE users SET email_verified = true WHERE email <> 'unverified@example.com'").await;
    app.run_sql("UPDATE users SET is_active = false WHERE email = 'disabled@example.com'").await;
    app.post("/api/v1/users", json!({"email": "g@example.com", "password": PASSWORD, "username": "grace"})).await;
    let post = Post::with(app, &VERIFIED).await;
    let mut seen = Vec::new();
    for body in [
        json!({"email": "ada@example.com", "password": ANOTHER}),
        json!({"email": "unverified@example.com", "password": ANOTHER}),
        json!({"email": "disabled@example.com", "password": ANOTHER}),
        json!({"email": "nobody@example.com", "password": ANOTHER}),
        json!({"email": "another@example.com", "password": ANOTHER, "username": "grace"}),
    ] {
        let begin = Instant::now();
        let answer = post.app.post("/api/v1/users", body).await;
        assert!(begin.elapsed() >= Duration::from_millis(250));
        let headers: BTreeSet<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        seen.push((answer.status, answer.text, headers));
    }
    assert_eq!(seen[0].0, StatusCode::ACCEPTED);
    assert!(seen.iter().all(|answer| *answer == seen[0]), "{seen:?}");
    // The owners of addresses that have an account are told, proven or not, but for the disabled one.
    let told = post.wait_for("already_registered", 2).await;
    let mails = post.wait_for("verify_email", 2).await;
    assert!(told.iter().chain(&mails).all(|mail| !mail.text.contains("To: disabled@example.com")));
    assert_eq!((post.mails("already_registered").len(), count(&post.app, "outbox").await), (2, 4));
    // What is wrong with the body is told, and nothing of the account.
    let weak = register(&post.app, "ada@example.com", "short").await.problem(422, "validation_failed");
    assert_eq!(weak, ["password:too_short"]);
}

async fn a_username_that_somebody_took_before_the_proof_is_left_out(app: App) {
    let post = Post::with(app, &VERIFIED).await;
    let mut pending = Vec::new();
    for email in ["ada@example.com", "eve@example.com"] {
        let body = json!({"email": email, "password": PASSWORD, "username": "ada", "full_name": "Ada", "locale": "de"});
        assert_eq!(post.app.post("/api/v1/users", body).await.status, StatusCode::ACCEPTED);
        pending.push(last_token(&post.app, Purpose::VerifyEmail, email).await);
    }
    for token in &pending {
        assert_eq!(prove(&post, token).await.status, StatusCode::NO_CONTENT);
    }
    for (email, username) in [("ada@example.com", json!("ada")), ("eve@example.com", Value::Null)] {
        let tokens = post.app.sign_in(email).await;
        let me = post.app.me(&tokens.access).await.json();
        assert_eq!((&me["username"], &me["full_name"], &me["locale"]), (&username, &json!("Ada"), &json!("de")));
    }
}

async fn whoever_lost_the_mail_of_a_registration_gets_another(app: App) {
    let post = Post::with(app, &VERIFIED).await;
    let resend = |email: &str| post.app.post("/api/v1/auth/verify-email/resend", json!({"email": email}));
    for email in ["ada@example.com", "eve@example.com"] {
        let first = pend(&post, email, PASSWORD).await;
        for asked in [email, "nobody@example.com"] {
            let answer = resend(asked).await;
            assert_eq!((answer.status, &*answer.text), (StatusCode::ACCEPTED, ""));
        }
        let second = last_token(&post.app, Purpose::VerifyEmail, email).await;
        assert_ne!(first, second);
        assert_eq!(prove(&post, &second).await.status, StatusCode::NO_CONTENT);
        assert!(is_refused(&prove(&post, &first).await));
        post.app.sign_in(email).await;
    }
}

/// The owner who asks for another mail must not get that of a stranger's registration.
async fn of_several_registrations_that_wait_none_is_mailed_again(app: App) {
    let post = Post::with(app, &VERIFIED).await;
    let own = pend(&post, "ada@example.com", PASSWORD).await;
    let last = pend(&post, "ada@example.com", ANOTHER).await;
    let body = json!({"email": "ada@example.com"});
    assert_eq!(post.app.post("/api/v1/auth/verify-email/resend", body).await.status, StatusCode::ACCEPTED);
    assert_eq!(last_token(&post.app, Purpose::VerifyEmail, "ada@example.com").await, last);
    assert_eq!(prove(&post, &own).await.status, StatusCode::NO_CONTENT);
    post.app.sign_in("ada@example.com").await;
}

async fn of_many_who_use_one_token_one_makes_the_account(app: App) {
    let post = Post::with(app, &VERIFIED).await;
    let first = pend(&post, "ada@example.com", PASSWORD).await;
    let second = pend(&post, "ada@example.com", ANOTHER).await;
    let answers = join_all((0..20).map(|number| prove(&post, if number % 2 == 0 { &first } else { &second }))).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::NO_CONTENT).count();
    assert_eq!((made, answers.iter().filter(|answer| is_refused(answer)).count()), (1, 19), "{answers:?}");
    let mut signed_in = 0;
    for password in [PASSWORD, ANOTHER] {
        signed_in += usize::from(post.app.login("ada@example.com", password).await.status == StatusCode::OK);
    }
    assert_eq!((signed_in, count(&post.app, "users").await), (1, 1));
}

async fn an_address_has_three_registrations_an_hour(app: App) {
    let post = Post::with(app, &VERIFIED).await;
    let answers = join_all((0..8).map(|_| register(&post.app, "ada@example.com", PASSWORD))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED), "{answers:?}");
    assert_eq!((count(&post.app, "pending_accounts").await, count(&post.app, "outbox").await), (3, 3));
}

/// Each route that could make an account is asked: neither a row nor a mail comes of it.
async fn where_registration_is_closed_no_stranger_gets_an_account_or_a_mail(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    let closed = [("APP_REGISTRATION__MODE", "closed"), ("APP_AUTH__EMAIL_SIGN_IN", "true")];
    let post = Post::with(app, &closed).await;
    for email in ["nobody@example.com", "ada@example.com"] {
        register(&post.app, email, PASSWORD).await.problem(403, "registration_closed");
    }
    let body = json!({"email": "nobody@example.com"});
    for path in ["/api/v1/auth/email-sign-in", "/api/v1/auth/password-reset"] {
        assert_eq!(post.app.post(path, body.clone()).await.status, StatusCode::ACCEPTED);
    }
    let invited = post.app.send_as(&ada.access, Method::POST, "/api/v1/users/invitations", body.clone()).await;
    invited.problem(403, "forbidden");
    post.app.post("/api/v1/users/invitations", body).await.problem(401, "missing_token");
    assert_eq!((count(&post.app, "users").await, count(&post.app, "outbox").await), (1, 0));
    assert_eq!(count(&post.app, "one_time_tokens").await, 0);
}

async fn a_registration_that_waits_when_registration_is_closed_makes_no_account(app: App) {
    let post = Post::with(app, &VERIFIED).await;
    let token = pend(&post, "ada@example.com", PASSWORD).await;
    // The nodes that go on are not restarted.
    let closed = [("APP_REGISTRATION__MODE", "closed"), ("APP_MAIL__TRANSPORT", "log")];
    let closed = post.app.another_node(&closed).await;
    let refused = closed.post("/api/v1/auth/verify-email", json!({"token": token})).await;
    refused.problem(403, "registration_closed");
    let mailed = count(&post.app, "one_time_tokens").await;
    let resent = closed.post("/api/v1/auth/verify-email/resend", json!({"email": "ada@example.com"})).await;
    assert_eq!(resent.status, StatusCode::ACCEPTED);
    let (users, tokens) = (count(&post.app, "users").await, count(&post.app, "one_time_tokens").await);
    assert_eq!((users, tokens), (0, mailed));
    assert_eq!(prove(&post, &token).await.status, StatusCode::NO_CONTENT);
}

/// Nor has an account that was made under another mode; and whoever does not know the password is not told.
async fn without_a_proven_address_there_is_no_session_where_the_mode_demands_one(app: App) {
    let before = app.sign_up("ada@example.com").await;
    let open = app.another_node(&[]).await;
    let post = Post::with(app, &VERIFIED).await;
    post.app.login("ada@example.com", PASSWORD).await.problem(403, "email_not_verified");
    assert_eq!(post.app.login("ada@example.com", "wrong").await.json()["code"], "invalid_credentials");
    // A session that is there goes on.
    let Tokens { access, refresh } = post.app.refresh(&before.refresh).await.tokens();
    assert_eq!(post.app.me(&access).await.status, StatusCode::OK);
    open.sign_in("ada@example.com").await;
    open.run_sql("UPDATE users SET email_verified = true").await;
    post.app.sign_in("ada@example.com").await;
    assert_eq!(post.app.refresh(&refresh).await.status, StatusCode::OK);
}

async fn whoever_the_operator_or_an_admin_vouches_for_needs_no_proof(app: App) {
    let post = Post::with(app, &VERIFIED).await;
    let root = post.app.admin("root@example.com").await;
    assert_eq!(post.app.me(&root.access).await.json()["email_verified"], true);
    let create = |email: &str, is_proven: bool| {
        let body = json!({"email": email, "password": PASSWORD, "email_verified": is_proven});
        post.app.send_as(&root.access, Method::POST, "/api/v1/users", body)
    };
    assert_eq!(create("ada@example.com", true).await.status, StatusCode::CREATED);
    post.app.sign_in("ada@example.com").await;
    assert_eq!(create("eve@example.com", false).await.status, StatusCode::CREATED);
    post.app.login("eve@example.com", PASSWORD).await.problem(403, "email_not_verified");
    let token = last_token(&post.app, Purpose::VerifyEmail, "eve@example.com").await;
    assert_eq!(prove(&post, &token).await.status, StatusCode::NO_CONTENT);
    post.app.sign_in("eve@example.com").await;
    let vouching = json!({"email": "mallory@example.com", "password": PASSWORD, "email_verified": true});
    post.app.post("/api/v1/users", vouching).await.problem(403, "forbidden");
}

async fn where_registration_is_open_the_address_is_mailed_how_to_prove_it(app: App) {
    let post = Post::of(app).await;
    post.app.sign_up("ada@example.com").await;
    let code = post.wait_for("verify_email", 1).await[0].code.clone();
    let body = json!({"email": "ada@example.com", "code": code});
    assert_eq!(post.app.post("/api/v1/auth/verify-email", body).await.status, StatusCode::NO_CONTENT);
    let tokens = post.app.sign_in("ada@example.com").await;
    assert_eq!(post.app.me(&tokens.access).await.json()["email_verified"], true);
}
