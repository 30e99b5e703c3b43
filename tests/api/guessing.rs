//! Whoever guesses passwords or clients' secrets waits, from wherever they come, and the owner does not.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, Tokens, send};

on_each_database!(
    after_ten_attempts_from_a_network_one_waits_whether_or_not_there_is_an_account,
    guesses_at_once_over_two_nodes_are_no_more_than_one_after_the_other,
    guesses_from_many_networks_make_a_stranger_wait_and_not_the_owner,
    names_of_one_account_share_its_attempts,
    the_current_password_is_guessed_no_more_often_than_at_a_sign_in,
    whoever_guesses_the_secret_of_a_client_waits_and_not_the_client,
    an_admin_sees_what_is_counted_and_lets_the_owner_try_again,
    many_attempts_at_once_on_one_account_are_never_a_fault,
    of_two_hundred_guesses_at_once_over_four_nodes_no_more_are_hashed_than_are_free,
    whoever_is_attacked_from_a_thousand_networks_signs_in_at_the_first_try,
    one_password_at_many_accounts_is_seen_and_stops_nobody,
    right_passwords_at_once_over_two_nodes_are_no_guesses,
);

/// A node that believes a proxy about the address.
async fn behind_a_proxy(app: &App) -> App {
    app.another_node(&[("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1")]).await
}

async fn login_from(app: &App, address: &str, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    let request = app.request(Method::POST, "/api/v1/auth/login").header("X-Forwarded-For", address);
    send(request.json(&body)).await
}

fn is_too_many(answer: &Answer) -> bool {
    answer.status == StatusCode::TOO_MANY_REQUESTS
        && answer.json()["code"] == "too_many_attempts"
        && answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=901).contains(&seconds))
}

async fn after_ten_attempts_from_a_network_one_waits_whether_or_not_there_is_an_account(first: App) {
    let app = behind_a_proxy(&first).await;
    app.register("ada@example.com").await;
    for (name, respelt) in [("ada@example.com", "ADA@Example.com"), ("nobody@example.com", "NOBODY@example.COM")] {
        for _ in 0..10 {
            assert_eq!(login_from(&app, "192.0.2.1", name, "wrong").await.status, StatusCode::UNAUTHORIZED);
        }
        let refused = login_from(&app, "192.0.2.77", name, "wrong").await;
        assert!(is_too_many(&refused), "{refused:?}");
        // In whatever way the name is written: otherwise that would tell whether there is an account.
        assert!(is_too_many(&login_from(&app, "192.0.2.77", respelt, "wrong").await));
        // The right password is not even looked at.
        assert!(is_too_many(&login_from(&app, "192.0.2.1", name, PASSWORD).await));
    }
    // Another network goes on.
    login_from(&app, "198.51.100.1", "ada@example.com", PASSWORD).await.tokens();
}

async fn guesses_at_once_over_two_nodes_are_no_more_than_one_after_the_other(first: App) {
    let (app, other) = (behind_a_proxy(&first).await, behind_a_proxy(&first).await);
    app.register("ada@example.com").await;
    let guess = |number: usize| login_from([&app, &other][number % 2], "192.0.2.1", "ada@example.com", "wrong");
    let answers = join_all((0..60).map(guess)).await;
    let wrong = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
    let refused = answers.iter().filter(|answer| is_too_many(answer)).count();
    assert!(wrong <= 10 && wrong + refused == 60, "{wrong} {refused}");
}

async fn guesses_from_many_networks_make_a_stranger_wait_and_not_the_owner(first: App) {
    let app = behind_a_proxy(&first).await;
    app.register("ada@example.com").await;
    login_from(&app, "203.0.113.5", "ada@example.com", PASSWORD).await.tokens();
    for network in 0..102 {
        let address = format!("198.18.{network}.1");
        let answer = login_from(&app, &address, "ada@example.com", "wrong").await;
        assert_eq!(answer.status == StatusCode::UNAUTHORIZED, network < 100, "{network} {answer:?}");
    }
    assert!(is_too_many(&login_from(&app, "198.51.100.9", "ada@example.com", PASSWORD).await));
    login_from(&app, "203.0.113.200", "ada@example.com", PASSWORD).await.tokens();
}

async fn names_of_one_account_share_its_attempts(first: App) {
    let app = behind_a_proxy(&first).await;
    let body = json!({"email": "ada@example.com", "username": "ada", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/users", body).await.status, StatusCode::CREATED);
    for number in 0..10 {
        let name = ["ada", "ADA@example.com"][number % 2];
        assert_eq!(login_from(&app, "192.0.2.1", name, "wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    for name in ["ada", "ada@example.com"] {
        assert!(is_too_many(&login_from(&app, "192.0.2.1", name, PASSWORD).await));
    }
}

/// Every route that asks for the current password, with one that is wrong.
fn with_wrong_password(app: &App, ada: &Tokens) -> Vec<RequestBuilder> {
    let me = "/api/v1/users/me";
    let wrong = json!({"current_password": "wrong"});
    let with = |more: Value| {
        let mut body = wrong.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    [
        (Method::PUT, "/api/v1/users/me/password", with(json!({"new_password": "another good password"}))),
        (Method::DELETE, me, wrong.clone()),
        (Method::PUT, "/api/v1/users/me/email", with(json!({"email": "eve@example.com"}))),
    ]
    .map(|(method, path, body)| {
        app.request(method, path).header("X-Forwarded-For", "192.0.2.1").bearer_auth(&ada.access).json(&body)
    })
    .into()
}

/// Whoever holds a stolen access token does not find out the password by it.
async fn the_current_password_is_guessed_no_more_often_than_at_a_sign_in(first: App) {
    let settings = [("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1"), ("APP_MAIL__TRANSPORT", "log")];
    let app = first.another_node(&settings).await;
    app.register("ada@example.com").await;
    let ada = login_from(&app, "203.0.113.5", "ada@example.com", PASSWORD).await.tokens();
    let requests = with_wrong_password(&app, &ada);
    for number in 0..10 {
        let request = requests[number % requests.len()].try_clone().unwrap();
        send(request).await.problem(403, "wrong_current_password");
    }
    for request in requests {
        let refused = send(request).await;
        assert!(is_too_many(&refused), "{refused:?}");
    }
    // It is the same secret that is guessed at a sign-in.
    assert!(is_too_many(&login_from(&app, "192.0.2.1", "ada@example.com", PASSWORD).await));
    // The right one is not looked at either, and works from where the user is.
    let change = json!({"current_password": PASSWORD, "new_password": "another good password"});
    let change = |address: &str| {
        let request = app.request(Method::PUT, "/api/v1/users/me/password").header("X-Forwarded-For", address);
        send(request.bearer_auth(&ada.access).json(&change))
    };
    assert!(is_too_many(&change("192.0.2.1").await));
    assert_eq!(change("203.0.113.5").await.status, StatusCode::NO_CONTENT);
}

/// The secret of the second client counts as one that a person chose.
const CHOSEN: &str = "cb3a1c5f9d0e4b7a8c6d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b";

const CLIENTS: [(&str, &str); 3] = [
    ("APP_CLIENTS__GATEWAY", "sha256:4b9d6ba1709e43048d4c28bbf31747c539c1c44541a1adca3c81f7e107ed1d24"),
    (
        "APP_CLIENTS__BACKEND",
        "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$He5ypjbJ5a36vLCS/SqhUcn12sxUYU8grNVWZSJGSpM",
    ),
    ("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
];

async fn whoever_guesses_the_secret_of_a_client_waits_and_not_the_client(first: App) {
    let app = first.another_node(&CLIENTS).await;
    let ask = |path: &str, address: &str, id: &str, secret: &str| {
        let form = [("token", "none"), ("grant_type", "refresh_token"), ("refresh_token", "hxr_none")];
        let form = if path.starts_with("/oauth2") { &form[1..] } else { &form[..1] };
        let request = app.request(Method::POST, path).basic_auth(id, Some(secret)).form(form);
        send(request.header("X-Forwarded-For", address.to_owned()))
    };
    let paths = ["/api/v1/auth/introspect", "/api/v1/auth/revoke", "/oauth2/token"];
    for id in ["gateway", "backend", "nobody"] {
        for number in 0..100 {
            let wrong = ask(paths[number % 3], "192.0.2.1", id, "wrong").await;
            assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{id} {number} {wrong:?}");
        }
        for path in paths {
            let refused = ask(path, "192.0.2.1", id, "wrong").await;
            assert!(is_too_many(&refused), "{id} {path} {refused:?}");
            assert_eq!(refused.json()["error"], "temporarily_unavailable");
            assert_eq!(refused.header("content-type"), "application/json");
        }
    }
    // A random secret is not guessed, and whoever has it waits for nobody.
    assert_eq!(ask(paths[0], "192.0.2.1", "gateway", "a random secret of this client").await.status, StatusCode::OK);
    // One that a person chose is looked at from elsewhere.
    assert_eq!(ask(paths[0], "198.51.100.1", "backend", CHOSEN).await.status, StatusCode::OK);
    assert!(is_too_many(&ask(paths[0], "192.0.2.1", "backend", CHOSEN).await));
}

async fn an_admin_sees_what_is_counted_and_lets_the_owner_try_again(first: App) {
    let app = behind_a_proxy(&first).await;
    let root = app.admin("root@example.com").await;
    let ada = app.sign_up("ada@example.com").await;
    let path = format!("/api/v1/users/{}/attempts", app.id(&ada).await);
    assert_eq!(app.get(&path, &root.access).await.json(), json!([]));
    for _ in 0..10 {
        login_from(&app, "192.0.2.1", "ada@example.com", "wrong").await;
    }
    login_from(&app, "2001:db8::7", "ada@example.com", "wrong").await;
    let listed = app.get(&path, &root.access).await.json();
    let counts: Vec<_> = listed.as_array().unwrap().iter().map(|one| (&one["network"], &one["count"])).collect();
    for expected in [(json!(null), json!(11)), (json!("192.0.2.0/24"), json!(10)), (json!("2001:db8::/64"), json!(1))] {
        assert!(counts.contains(&(&expected.0, &expected.1)), "{expected:?} {listed}");
    }
    assert_eq!(counts.len(), 3);
    let waiting = |one: &&Value| one["wait_until"].is_string();
    assert_eq!(listed.as_array().unwrap().iter().filter(waiting).count(), 1, "{listed}");
    assert!(is_too_many(&login_from(&app, "192.0.2.1", "ada@example.com", PASSWORD).await));
    // For admins only, and of accounts that are there.
    app.get(&path, &ada.access).await.problem(403, "forbidden");
    app.delete(&path, &ada.access).await.problem(403, "forbidden");
    let nobody = format!("/api/v1/users/{}/attempts", uuid::Uuid::nil());
    app.get(&nobody, &root.access).await.problem(404, "not_found");
    app.delete(&nobody, &root.access).await.problem(404, "not_found");
    assert_eq!(app.delete(&path, &root.access).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get(&path, &root.access).await.json(), json!([]));
    login_from(&app, "192.0.2.1", "ada@example.com", PASSWORD).await.tokens();
}

/// Attempts that meet at one row wait for each other, and none fails for it.
async fn many_attempts_at_once_on_one_account_are_never_a_fault(first: App) {
    let (app, other) = (behind_a_proxy(&first).await, behind_a_proxy(&first).await);
    app.register("ada@example.com").await;
    login_from(&app, "192.0.2.1", "ada@example.com", PASSWORD).await.tokens();
    let attempt = |number: usize| {
        let password = if number.is_multiple_of(5) { PASSWORD } else { "wrong" };
        login_from([&app, &other][number % 2], "192.0.2.1", "ada@example.com", password)
    };
    for answer in join_all((0..500).map(attempt)).await {
        assert!([200, 401, 429, 503].contains(&answer.status.as_u16()), "{answer:?}");
    }
}

/// What a node says of itself.
async fn metric(app: &App, name: &str) -> u64 {
    let text = send(app.client.get(app.metrics_url.as_ref().unwrap())).await.text;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap()
}

async fn of_two_hundred_guesses_at_once_over_four_nodes_no_more_are_hashed_than_are_free(first: App) {
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(first.another_node(&[("APP_METRICS__ADDR", "127.0.0.1:0")]).await);
    }
    first.register("ada@example.com").await;
    first.register("eve@example.com").await;
    // One account has a count already, and the other has none.
    assert_eq!(first.login("eve@example.com", "wrong").await.status, StatusCode::UNAUTHORIZED);
    let hashed = async || {
        let each = nodes.iter().map(|node| metric(node, "hexauth_hash_wait_seconds_count"));
        join_all(each).await.into_iter().sum::<u64>()
    };
    for (email, free) in [("ada@example.com", 10), ("eve@example.com", 9)] {
        let before = hashed().await;
        let answers = join_all((0..200).map(|number| nodes[number % 4].login(email, "wrong"))).await;
        let wrong = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
        let refused = answers.iter().filter(|answer| is_too_many(answer)).count();
        // A second may have passed, after which there is one more.
        assert!(wrong <= free + 2 && wrong + refused == 200, "{email}: {wrong} {refused}");
        assert_eq!(hashed().await - before, wrong as u64, "{email}");
    }
}

async fn whoever_is_attacked_from_a_thousand_networks_signs_in_at_the_first_try(first: App) {
    let nodes = [behind_a_proxy(&first).await, behind_a_proxy(&first).await];
    nodes[0].register("ada@example.com").await;
    login_from(&nodes[0], "203.0.113.5", "ada@example.com", PASSWORD).await.tokens();
    let mut wrong = 0;
    for wave in 0..10 {
        let attack = (0..100).map(|number| {
            let address = format!("10.{wave}.{number}.1");
            let node = &nodes[number % 2];
            async move { login_from(node, &address, "ada@example.com", "wrong").await }
        });
        let victim = async {
            let began = std::time::Instant::now();
            login_from(&nodes[wave % 2], "203.0.113.77", "ada@example.com", PASSWORD).await.tokens();
            began.elapsed()
        };
        let (answers, took) = tokio::join!(join_all(attack), victim);
        for answer in answers {
            assert!(answer.status == StatusCode::UNAUTHORIZED || is_too_many(&answer), "{answer:?}");
            wrong += u32::from(answer.status == StatusCode::UNAUTHORIZED);
        }
        assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    }
    assert!(wrong <= 110, "{wrong}");
}

async fn one_password_at_many_accounts_is_seen_and_stops_nobody(first: App) {
    let settings = [("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1"), ("APP_METRICS__ADDR", "127.0.0.1:0")];
    let app = first.another_node(&settings).await;
    let emails: Vec<_> = (0..110).map(|number| format!("user-{number}@example.com")).collect();
    for email in &emails {
        assert_eq!(app.register(email).await.status, StatusCode::CREATED);
    }
    for (number, email) in emails.iter().enumerate() {
        let answer = login_from(&app, &format!("198.18.{number}.1"), email, "123456789").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    }
    assert_eq!(metric(&app, "hexauth_guessed_accounts").await, 110);
    login_from(&app, "192.0.2.1", &emails[0], PASSWORD).await.tokens();
    let told = crate::events::recorded(&app).await;
    assert_eq!(told.iter().filter(|event| *event == "login.sprayed node").count(), 1, "{told:?}");
}
async fn right_passwords_at_once_over_two_nodes_are_no_guesses(first: App) {
    let (app, other) = (behind_a_proxy(&first).await, behind_a_proxy(&first).await);
    app.register("ada@example.com").await;
    let sign_in = |number: usize| login_from([&app, &other][number % 2], "192.0.2.1", "ada@example.com", PASSWORD);
    for answer in join_all((0..40).map(sign_in)).await {
        answer.tokens();
    }
}
