//! Whoever guesses passwords waits, from wherever they come, and the owner does not.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use tests::on_each_database;

use crate::app::{Answer, App, PASSWORD, send};

on_each_database!(
    after_ten_attempts_from_a_network_one_waits_whether_or_not_there_is_an_account,
    guesses_at_once_over_two_nodes_are_no_more_than_one_after_the_other,
    guesses_from_many_networks_make_a_stranger_wait_and_not_the_owner,
    names_of_one_account_share_its_attempts,
    right_passwords_at_once_over_two_nodes_are_no_guesses,
);

/// A node that believes a proxy about the address.
async fn behind_a_proxy(app: &App) -> App {
    app.another_node(&[("APP_SERVER__TRUSTED_PROXIES", "127.0.0.1")]).await
}

async fn login_from(app: &App, address: &str, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    let request = app.request(reqwest::Method::POST, "/api/v1/auth/login").header("X-Forwarded-For", address);
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
    for name in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..10 {
            assert_eq!(login_from(&app, "192.0.2.1", name, "wrong").await.status, StatusCode::UNAUTHORIZED);
        }
        let refused = login_from(&app, "192.0.2.77", name, "wrong").await;
        assert!(is_too_many(&refused), "{refused:?}");
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

async fn right_passwords_at_once_over_two_nodes_are_no_guesses(first: App) {
    let (app, other) = (behind_a_proxy(&first).await, behind_a_proxy(&first).await);
    app.register("ada@example.com").await;
    let sign_in = |number: usize| login_from([&app, &other][number % 2], "192.0.2.1", "ada@example.com", PASSWORD);
    for answer in join_all((0..40).map(sign_in)).await {
        answer.tokens();
    }
}
