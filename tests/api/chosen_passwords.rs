//! What is asked of a password that somebody chooses, wherever they do.

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::app::{Answer, App, NEW_PASSWORD as NEW, PASSWORD, Tokens, send};
use crate::letterbox::Post;

on_each_database!(
    each_refusal_has_its_own_code_wherever_a_password_is_chosen,
    a_reset_with_a_password_that_is_refused_leaves_the_link_good,
    a_form_learns_what_would_come_of_a_password,
    a_breached_password_is_refused_wherever_it_is_chosen_and_never_at_sign_in,
    a_guessable_password_is_refused_for_known_and_unknown_addresses_alike,
);

const GUESSABLE: &str = "password12345";

/// Ada, whose names all are long enough to be looked for, and an admin.
async fn people(app: &App) -> (Tokens, Tokens, String) {
    let ada = json!({"email": "countess@example.com", "password": PASSWORD, "username": "enchantress",
        "full_name": "Ada Lovelace-Byron"});
    assert_eq!(app.post("/api/v1/users", ada).await.status, StatusCode::CREATED);
    let ada = app.sign_in("countess@example.com").await;
    let id = app.id(&ada).await;
    (ada, app.admin("root@example.com").await, id)
}

/// Chooses this password for Ada in each way that needs no mail: register, register by an admin, change, set by an
/// admin.
async fn choose(app: &App, (ada, admin, id): &(Tokens, Tokens, String), password: &str) -> Vec<Answer> {
    let mut account = json!({"email": "COUNTESS@example.org", "password": password, "username": "xEnchantress",
        "full_name": "Ada Lovelace-Byron"});
    let registered = app.post("/api/v1/users", account.clone()).await;
    account["email"] = "countess@example.net".into();
    account["username"] = "xxenchantress".into();
    let made = app.send_as(&admin.access, Method::POST, "/api/v1/users", account).await;
    let change = json!({"current_password": PASSWORD, "new_password": password});
    let changed = app.send_as(&ada.access, Method::PUT, "/api/v1/users/me/password", change).await;
    let path = format!("/api/v1/users/{id}/password");
    let set = app.send_as(&admin.access, Method::PUT, &path, json!({"password": password})).await;
    vec![registered, made, changed, set]
}

/// Each answer refuses the password with this code, in the member that had it. Returns the advice, which is the same.
fn advice(answers: &[Answer], code: &str) -> Value {
    let members = ["password", "password", "new_password", "password"];
    for (answer, member) in answers.iter().zip(members) {
        assert_eq!(answer.problem(422, "validation_failed"), [format!("{member}:{code}")]);
        assert_eq!(answer.json()["errors"][0]["advice"], answers[0].json()["errors"][0]["advice"]);
    }
    answers[0].json()["errors"][0]["advice"].clone()
}

async fn each_refusal_has_its_own_code_wherever_a_password_is_chosen(app: App) {
    let people = people(&app).await;
    for (password, code) in [
        ("short", "too_short"),
        (&*"correct horse ".repeat(20), "too_long"),
        ("my Countess, my Countess of 1815", "contains_your_name"),
        ("a XXenchantress of 1815", "contains_your_name"),
        ("the LOVELACE papers of 1815", "contains_your_name"),
        ("when byron wrote to 1815 of us", "contains_your_name"),
    ] {
        assert_eq!(advice(&choose(&app, &people, password).await, code), Value::Null, "{password}");
    }
    let advice = advice(&choose(&app, &people, GUESSABLE).await, "too_guessable");
    let sentences: Vec<_> = advice.as_array().unwrap().iter().map(|sentence| sentence.as_str().unwrap()).collect();
    assert!(!sentences.is_empty() && sentences.iter().all(|sentence| sentence.ends_with('.')), "{sentences:?}");
    assert!(!sentences.concat().contains(GUESSABLE));
}

/// With strength 0, any password of the right length is taken.
#[tokio::test(flavor = "multi_thread")]
async fn where_strength_is_not_asked_a_guessable_password_is_taken() {
    let app = App::sqlite_with(&[("APP_PASSWORD__MIN_STRENGTH", "0")]).await;
    let people = people(&app).await;
    let statuses: Vec<_> = choose(&app, &people, GUESSABLE).await.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [201, 201, 204, 204]);
    // What is in use goes on, also where it would not be taken any more.
    let node = app.another_node(&[]).await;
    let tokens = node.login("countess@example.com", GUESSABLE).await.tokens();
    let change = json!({"current_password": GUESSABLE, "new_password": NEW});
    let changed = node.send_as(&tokens.access, Method::PUT, "/api/v1/users/me/password", change).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    let strict = App::sqlite_with(&[("APP_PASSWORD__MIN_STRENGTH", "4")]).await;
    let body = json!({"email": "ada@example.com", "password": "correct horse"});
    assert_eq!(
        strict.post("/api/v1/users", body.clone()).await.problem(422, "validation_failed"),
        ["password:too_guessable"]
    );
    assert_eq!(app.post("/api/v1/users", body).await.status, StatusCode::CREATED);
}

async fn a_reset_with_a_password_that_is_refused_leaves_the_link_good(app: App) {
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "username": "enchantress"});
    assert_eq!(app.post("/api/v1/users", body).await.status, StatusCode::CREATED);
    let post = Post::of(app).await;
    let mail = post.mailed().await;
    for (password, code) in
        [("short", "too_short"), (GUESSABLE, "too_guessable"), ("xx-enchantress-of-1815", "contains_your_name")]
    {
        let refused = post.by_link(&mail, password).await;
        assert_eq!(refused.problem(422, "validation_failed"), [format!("new_password:{code}")]);
        let body = json!({"email": "ada@example.com", "code": mail.code, "new_password": password});
        let refused = post.confirm(body).await;
        assert_eq!(refused.problem(422, "validation_failed"), [format!("new_password:{code}")]);
    }
    // A wrong token is told before anything about the password.
    post.confirm(json!({"token": "hxo_no", "new_password": GUESSABLE})).await.problem(400, "invalid_one_time_token");
    post.app.sign_in("ada@example.com").await;
    assert_eq!(post.by_link(&mail, NEW).await.status, StatusCode::NO_CONTENT);
    post.app.login("ada@example.com", NEW).await.tokens();
}

async fn a_form_learns_what_would_come_of_a_password(app: App) {
    let check = async |body: Value| {
        let answer = app.post("/api/v1/auth/password-check", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    };
    let good = check(json!({"password": PASSWORD})).await;
    assert_eq!(good, json!({"acceptable": true, "score": 4, "advice": [], "code": null}));
    let weak = check(json!({"password": GUESSABLE, "email": null})).await;
    assert_eq!((&weak["acceptable"], &weak["code"]), (&json!(false), &json!("too_guessable")));
    assert!(weak["score"].as_u64().unwrap() < 3 && !weak["advice"].as_array().unwrap().is_empty(), "{weak}");
    let short = check(json!({"password": "a"})).await;
    assert_eq!((&short["acceptable"], &short["code"]), (&json!(false), &json!("too_short")));
    // The other fields of the form count.
    let password = "when byron wrote to 1815 of us";
    assert_eq!(check(json!({"password": password})).await["acceptable"], true);
    for words in
        [json!({"full_name": "Ada Byron"}), json!({"email": "byron@example.com"}), json!({"username": "Byron"})]
    {
        let mut body = words;
        body["password"] = password.into();
        assert_eq!(check(body).await["code"], "contains_your_name");
    }
    let bad = app.post("/api/v1/auth/password-check", json!({"email": "nobody", "more": 1})).await;
    let faults = bad.problem(422, "validation_failed");
    assert_eq!(faults, ["password:required", "email:invalid_email", "more:unknown_field"]);
    assert!(!bad.text.contains("nobody"));
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_may_ask_so_often_in_a_minute() {
    let settings = [("APP_RATE_LIMIT__ENABLED", "true"), ("APP_RATE_LIMIT__PASSWORD_CHECK_PER_MINUTE", "2")];
    let app = App::sqlite_with(&settings).await;
    let ask = async || app.post("/api/v1/auth/password-check", json!({"password": PASSWORD})).await;
    for _ in 0..2 {
        assert_eq!(ask().await.status, StatusCode::OK);
    }
    ask().await.problem(429, "rate_limited");
    // Each limit counts by itself.
    assert_eq!(app.register("ada@example.com").await.status, StatusCode::CREATED);
}

/// A list with [`NEW`] and [`PASSWORD`] on it.
fn breached_list(folder: &Path) -> String {
    let (download, list) = (folder.join("download.txt"), folder.join("breached"));
    let line = |password: &str| {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        format!("{}:7\r\n", data_encoding::HEXUPPER.encode(hash.as_ref()))
    };
    std::fs::write(&download, line(NEW) + &line(PASSWORD)).unwrap();
    infra_security::import_breached(&download, &list).unwrap();
    list.to_str().unwrap().to_owned()
}

async fn a_breached_password_is_refused_wherever_it_is_chosen_and_never_at_sign_in(app: App) {
    let folder = tempfile::tempdir().unwrap();
    let list = breached_list(folder.path());
    let (ada, admin, id) = people(&app).await;
    let node = app.another_node(&[("APP_PASSWORD__BREACHED_FILE", &list)]).await;
    let account = json!({"email": "grace@example.com", "password": NEW});
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let answers = [
        node.post("/api/v1/users", account.clone()).await,
        node.send_as(&admin.access, Method::POST, "/api/v1/users", account).await,
        node.send_as(&ada.access, Method::PUT, "/api/v1/users/me/password", change).await,
        node.send_as(&admin.access, Method::PUT, &format!("/api/v1/users/{id}/password"), json!({"password": NEW}))
            .await,
    ];
    assert_eq!(advice(&answers, "breached"), Value::Null);
    let check = node.post("/api/v1/auth/password-check", json!({"password": NEW})).await.json();
    assert_eq!((&check["acceptable"], &check["code"], &check["score"]), (&json!(false), &json!("breached"), &json!(4)));
    // Her own is on the list, too.
    node.login("countess@example.com", PASSWORD).await.tokens();
    let change = json!({"current_password": PASSWORD, "new_password": "an unlisted good password"});
    let changed = node.send_as(&ada.access, Method::PUT, "/api/v1/users/me/password", change).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
}

/// A service of ranges that sends this to everybody, or nothing.
async fn range_service(response: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(response) = response.clone() else {
                silent.push(stream);
                continue;
            };
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(response.as_bytes()).await;
            });
        }
    });
    url
}

fn range(line: &str) -> Option<String> {
    Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len()))
}

/// SHA-1 of [`NEW`], without its first five digits.
fn suffix() -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, NEW.as_bytes());
    data_encoding::HEXUPPER.encode(hash.as_ref()).split_off(5)
}

/// Registers Ada with [`NEW`] at a node that asks this service, and reads how often it could not be asked.
async fn register_asking(response: Option<String>, asked: usize) -> (Answer, String) {
    let url = range_service(response).await;
    let settings = [("APP_PASSWORD__BREACHED_URL", &*url), ("APP_METRICS__ADDR", "127.0.0.1:0")];
    let app = App::sqlite_with(&settings).await;
    let mut answer = None;
    for number in 0..asked {
        let body = json!({"email": format!("ada-{number}@example.com"), "password": NEW});
        let begin = std::time::Instant::now();
        answer = Some(app.post("/api/v1/users", body).await);
        assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
    }
    let metrics = send(app.client.get(app.metrics_url.as_ref().unwrap())).await.text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("hexauth_breached_passwords_unavailable_total "));
    (answer.unwrap(), line.unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_a_service_of_ranges_knows_is_refused() {
    let (refused, unavailable) = register_asking(range(&format!("{}:3\r\n", suffix())), 1).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["password:breached"]);
    assert_eq!(unavailable, "0");
    for line in [format!("{}:0\r\n", suffix()), format!("0{}:9\r\n", &suffix()[1..]), String::new()] {
        let (taken, unavailable) = register_asking(range(&line), 1).await;
        assert_eq!((taken.status, &*unavailable), (StatusCode::CREATED, "0"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_service_of_ranges_does_not_answer_the_password_is_taken_and_counted() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    for response in [
        None,
        Some("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_owned()),
        Some(redirect.to_owned()),
        range(&format!("{}:3\r\n", suffix()).repeat(20_000)),
        range("<html>"),
    ] {
        let (taken, unavailable) = register_asking(response.clone(), 2).await;
        assert_eq!((taken.status, &*unavailable), (StatusCode::CREATED, "2"), "{response:?}");
    }
}

/// Neither the status nor the body of a refusal tells whether there is an account.
async fn a_guessable_password_is_refused_for_known_and_unknown_addresses_alike(app: App) {
    app.register("ada@example.com").await;
    let mut bodies = Vec::new();
    for email in ["ada@example.com", "new@example.com"] {
        let answer = app.post("/api/v1/users", json!({"email": email, "password": GUESSABLE})).await;
        assert_eq!(answer.problem(422, "validation_failed"), ["password:too_guessable"]);
        let mut body = answer.json();
        body["request_id"] = Value::Null;
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[1]);
}
