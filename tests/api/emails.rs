//! Addresses: how somebody proves that one is theirs, and how an account gets another.

use std::time::{Duration, Instant};

use domain::keys::RootSecret;
use domain::one_time_tokens::{NewOneTimeToken, OneTimeToken, OneTimeTokenId, Purpose};
use domain::users::Email;
use domain::{Nonce, Timestamp};
use futures_util::future::join_all;
use infra_security::HmacSha256;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tests::{connect, on_each_database};
use tokio::time::sleep;
use uuid::Uuid;

use crate::app::{Answer, App, NEW_PASSWORD, PASSWORD, SECRET, Tokens, send};
use crate::letterbox::{Post, is_refused};

on_each_database!(
    whoever_registers_proves_their_address,
    an_admin_vouches_for_an_address_or_has_it_proven,
    a_change_of_address_is_a_ceremony,
    the_old_address_stops_a_change,
    of_two_who_want_one_address_one_gets_it,
    a_token_is_good_for_the_address_it_was_mailed_to_and_no_other,
    of_a_hundred_pairs_of_requests_none_proves_the_other_address,
    whatever_changes_how_somebody_gets_in_voids_what_was_mailed,
    a_token_is_good_for_one_purpose,
    of_a_hundred_who_use_one_token_one_wins,
    nobody_can_tell_whether_an_address_is_known,
    an_account_causes_five_mails_an_hour_and_uses_up_nobody_elses,
    without_mail_no_address_changes_but_by_an_admin,
    access_tokens_say_whether_the_address_is_proven_where_they_are_asked_to,
);

const ME: &str = "/api/v1/users/me";
const MY_EMAIL: &str = "/api/v1/users/me/email";
const VERIFY: &str = "/api/v1/auth/verify-email";
const RESEND: &str = "/api/v1/auth/verify-email/resend";
const CONFIRM: &str = "/api/v1/auth/email-change/confirm";
const STOP: &str = "/api/v1/auth/email-change/stop";
const RESET: &str = "/api/v1/auth/password-reset";
const CONFIRM_RESET: &str = "/api/v1/auth/password-reset/confirm";
const SIGN_IN_BY_MAIL: [(&str, &str); 1] = [("APP_AUTH__EMAIL_SIGN_IN", "true")];

/// The routes that take what was mailed, with the purpose of each and what else its body needs.
fn redeeming() -> [(Purpose, &'static str, Value); 6] {
    [
        (Purpose::VerifyEmail, VERIFY, json!({})),
        (Purpose::ResetPassword, CONFIRM_RESET, json!({"new_password": NEW_PASSWORD})),
        (Purpose::ChangeEmail, CONFIRM, json!({})),
        (Purpose::StopEmailChange, STOP, json!({})),
        (Purpose::SignIn, "/api/v1/auth/email-sign-in/confirm", json!({})),
        (Purpose::Invitation, "/api/v1/auth/invitations/accept", json!({"new_password": NEW_PASSWORD})),
    ]
}

/// The route for a purpose, and what else its body needs.
fn route_for(purpose: Purpose) -> (&'static str, Value) {
    let (_, path, extra) = redeeming().into_iter().find(|(of, ..)| *of == purpose).unwrap();
    (path, extra)
}

/// What was mailed.
#[derive(Clone, Debug)]
pub(crate) struct Mailed {
    purpose: Purpose,
    email: String,
    pub(crate) token: String,
    pub(crate) code: String,
}

impl Mailed {
    /// What the last mail for this purpose to this address holds, computed from its row as the worker does.
    pub(crate) async fn last(app: &App, purpose: Purpose, email: &str) -> Option<Self> {
        let sql = format!(
            "SELECT id, nonce FROM one_time_tokens WHERE purpose = '{}' AND email_key = '{}' \
             ORDER BY created_at DESC, id DESC LIMIT 1",
            purpose.as_str(),
            email.to_lowercase(),
        );
        let connection = connect(&app.database_url).await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.unwrap();
        connection.close().await.unwrap();
        let row = row?;
        let nonce: Vec<u8> = row.try_get("", "nonce").unwrap();
        let new = NewOneTimeToken {
            id: OneTimeTokenId::new(row.try_get::<Uuid>("", "id").unwrap()),
            purpose,
            user_id: None,
            email: Email::parse(email).unwrap(),
            proven: None,
            epoch: None,
            nonce: Nonce::new(nonce.try_into().unwrap()),
        };
        let row = OneTimeToken::issue(new, Timestamp::default());
        let mac = HmacSha256::new(&RootSecret::parse(SECRET).unwrap());
        let (token, code) = (row.token(&mac).expose().to_owned(), row.code(&mac).expose().to_owned());
        Some(Self { purpose, email: email.to_owned(), token, code })
    }

    /// Presents the token at a route.
    async fn link_at(&self, app: &App, (path, extra): (&str, Value)) -> Answer {
        app.post(path, with(extra, json!({"token": self.token}))).await
    }

    /// Presents the code at a route.
    async fn code_at(&self, app: &App, (path, extra): (&str, Value)) -> Answer {
        app.post(path, with(extra, json!({"email": self.email, "code": self.code}))).await
    }

    /// Presents the token where it belongs.
    async fn redeem(&self, app: &App) -> Answer {
        self.link_at(app, route_for(self.purpose)).await
    }
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn mailed(app: &App, purpose: Purpose, email: &str) -> Mailed {
    Mailed::last(app, purpose, email).await.unwrap_or_else(|| panic!("no {purpose:?} was mailed to {email}"))
}

async fn ask_for(app: &App, tokens: &Tokens, email: &str) -> Answer {
    app.send_as(&tokens.access, Method::PUT, MY_EMAIL, json!({"email": email, "current_password": PASSWORD})).await
}

/// What an answer says, without what is another in each.
fn said(answer: &Answer) -> (StatusCode, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let text = match serde_json::from_str::<Value>(&answer.text) {
        Ok(mut problem) => {
            problem.as_object_mut().unwrap().remove("request_id");
            problem.to_string()
        }
        Err(_) => answer.text.clone(),
    };
    (answer.status, headers, text)
}

async fn prove(app: &App, email: &str) {
    let answer = mailed(app, Purpose::VerifyEmail, email).await.redeem(app).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
}

/// Somebody whose address is proven, and who is signed in.
async fn proven(app: &App, email: &str) -> Tokens {
    let tokens = app.sign_up(email).await;
    prove(app, email).await;
    tokens
}

async fn whoever_registers_proves_their_address(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let register = app.request(Method::POST, "/api/v1/users").header("accept-language", "de");
    let made = send(register.json(&json!({"email": "Ada@example.com", "password": PASSWORD}))).await;
    assert_eq!((made.status, &made.json()["email_verified"]), (StatusCode::CREATED, &json!(false)));
    let [mail] = &post.wait_for("verify_email", 1).await[..] else { unreachable!() };
    assert!(mail.text.contains("To: Ada@example.com") && mail.text.contains("=?utf-8?"));
    let ada = app.sign_in("ada@example.com").await;
    // By the code, in whatever case; a wrong one says no more than a used one.
    let wrong = app.post(VERIFY, json!({"email": "ada@example.com", "code": "2222-2222"})).await;
    assert!(is_refused(&wrong), "{wrong:?}");
    let body = json!({"email": "ada@EXAMPLE.com", "code": mail.code.to_lowercase().replace('-', " ")});
    assert_eq!(app.post(VERIFY, body.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(said(&app.post(VERIFY, body).await), said(&wrong));
    assert_eq!(app.me(&ada.access).await.json()["email_verified"], true);
    // By the link of another mail, which voids the code of the first, but not its link.
    let eve = app.sign_up("eve@example.com").await;
    let first = mailed(app, Purpose::VerifyEmail, "eve@example.com").await;
    // Whoever tries to register it, too, uses up no mail of hers.
    for _ in 0..4 {
        app.register("eve@example.com").await.problem(409, "duplicate");
    }
    assert_eq!(app.post(RESEND, json!({"email": "EVE@example.com"})).await.status, StatusCode::ACCEPTED);
    let second = mailed(app, Purpose::VerifyEmail, "eve@example.com").await;
    assert_ne!(first.token, second.token);
    assert!(is_refused(&first.code_at(app, route_for(Purpose::VerifyEmail)).await));
    assert_eq!(first.redeem(app).await.status, StatusCode::NO_CONTENT);
    assert!(is_refused(&second.redeem(app).await));
    assert_eq!(app.me(&eve.access).await.json()["email_verified"], true);
    // Whose is proven gets no more of them.
    let verified = Mailed::last(app, Purpose::VerifyEmail, "eve@example.com").await.unwrap();
    assert_eq!(app.post(RESEND, json!({"email": "eve@example.com"})).await.status, StatusCode::ACCEPTED);
    assert_eq!(mailed(app, Purpose::VerifyEmail, "eve@example.com").await.token, verified.token);
    for body in [json!({}), json!({"email": "ada@example.com"}), json!({"token": "x", "code": "ABCD-EFGH"})] {
        assert_eq!(app.post(VERIFY, body).await.problem(422, "validation_failed"), ["token:required"]);
    }
}

async fn an_admin_vouches_for_an_address_or_has_it_proven(app: App) {
    let post = Post::of(app).await;
    let app = &post.app;
    let root = app.admin("root@example.com").await;
    let make = |email: &str, said: Option<bool>| {
        let body = json!({"email": email, "password": PASSWORD, "email_verified": said});
        app.send_as(&root.access, Method::POST, "/api/v1/users", body)
    };
    for (email, said) in
        [("one@example.com", None), ("two@example.com", Some(false)), ("three@example.com", Some(true))]
    {
        let made = make(email, said).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        assert_eq!(made.json()["email_verified"], said == Some(true));
        assert_eq!(Mailed::last(app, Purpose::VerifyEmail, email).await.is_some(), said != Some(true));
        // Another address is proven only if the admin says so, and the flag alone can be changed, too.
        let path = made.header("location").to_owned();
        let change = |body: Value| app.send_as(&root.access, Method::PATCH, &path, body);
        let vouched = change(json!({"email_verified": true})).await;
        assert_eq!((vouched.status, &vouched.json()["email_verified"]), (StatusCode::OK, &json!(true)));
        let moved = change(json!({"email": format!("new-{email}")})).await;
        assert_eq!((moved.status, &moved.json()["email_verified"]), (StatusCode::OK, &json!(false)));
        let moved = change(json!({"email": format!("newer-{email}"), "email_verified": true})).await;
        assert_eq!((moved.status, &moved.json()["email_verified"]), (StatusCode::OK, &json!(true)));
    }
    // The proven address of each was told.
    let told = post.wait_for("email_changed", 3).await;
    for email in ["one@example.com", "two@example.com", "three@example.com"] {
        assert!(told.iter().any(|mail| mail.text.contains(&format!("To: {email}"))), "{email}");
    }
    // Nobody else says so.
    let body = json!({"email": "eve@example.com", "password": PASSWORD, "email_verified": true});
    app.post("/api/v1/users", body.clone()).await.problem(403, "forbidden");
    let ada = app.sign_up("ada@example.com").await;
    app.send_as(&ada.access, Method::POST, "/api/v1/users", body).await.problem(403, "forbidden");
}

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

/// The claims of an access token.
fn claims(tokens: &Tokens) -> Value {
    let part = tokens.access.split('.').nth(1).unwrap();
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

async fn access_tokens_say_whether_the_address_is_proven_where_they_are_asked_to(app: App) {
    let ada = app.sign_up("ada@example.com").await;
    assert!(claims(&ada).get("email_verified").is_none());
    let node = app.another_node(&[("APP_JWT__CLAIMS", "email_verified")]).await;
    let before = node.refresh(&ada.refresh).await.tokens();
    assert_eq!(claims(&before)["email_verified"], false);
    node.run_sql("UPDATE users SET email_verified = true").await;
    let after = node.refresh(&before.refresh).await.tokens();
    assert_eq!(claims(&after)["email_verified"], true);
    // Every node takes every token.
    for (node, tokens) in [(&node, &ada), (&node, &after), (&app, &before), (&app, &after)] {
        assert_eq!(node.me(&tokens.access).await.status, StatusCode::OK);
    }
}
