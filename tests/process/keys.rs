use std::time::Duration;

use reqwest::StatusCode;
use tests::client::{Client, EMAIL, tokens};
use tests::process::{Finished, Node, Workplace};
use tests::{on_each_database, run_sql};

on_each_database!(
    a_rotation_with_another_secret_changes_nothing_and_the_server_goes_on,
    a_next_key_that_cannot_be_opened_never_signs,
    without_a_yes_no_key_of_another_secret_is_replaced,
    keys_of_the_same_secret_are_replaced_without_a_question,
);

const SECRET: &str = "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T";
const OTHER_SECRET: &str = "T0hG4fS9dL6bN5cX2rZ8pJk3m0w1tV7q";

#[track_caller]
fn assert_refused(finished: &Finished, words: &str) {
    assert_eq!(finished.code(), Some(1), "{finished:?}");
    let message = finished.stderr.lines().last().unwrap_or_default();
    assert!(message.starts_with("hexauth: ") && message.contains(words), "{finished:?}");
}

fn keys(workplace: &Workplace) -> String {
    workplace.run(&["keys", "list"]).success()
}

async fn assert_ready(node: &Node) {
    let answer = reqwest::get(format!("{}/health/ready", node.url())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{}", node.logs());
}

/// Rotates, and signs in after each rotation.
async fn assert_goes_on(workplace: &Workplace, node: &Node, token: &str) {
    let client = Client::of(node);
    for _ in 0..3 {
        assert_eq!(workplace.run(&["keys", "rotate"]).success(), "rotated\n");
        let later = client.sign_in(EMAIL).await.access;
        for token in [token, &later] {
            assert_eq!(client.verify(token).await, StatusCode::OK, "{}", node.logs());
        }
        assert_ready(node).await;
    }
}

async fn a_rotation_with_another_secret_changes_nothing_and_the_server_goes_on(workplace: Workplace) {
    let mut workplace = workplace.with("APP_SECRET_KEY", SECRET);
    let node = workplace.serve().await;
    let token = Client::of(&node).sign_up(EMAIL).await.access;
    let before = keys(&workplace);
    workplace.set("APP_SECRET_KEY", OTHER_SECRET);
    for _ in 0..2 {
        assert_refused(&workplace.run(&["keys", "rotate"]), "APP_SECRET_KEY");
        assert_eq!(keys(&workplace), before);
    }
    let mut workplace = workplace.without("APP_SECRET_KEY");
    assert_refused(&workplace.run(&["keys", "rotate"]), "APP_SECRET_KEY");
    assert_eq!(keys(&workplace), before);
    workplace.set("APP_SECRET_KEY", SECRET);
    assert_goes_on(&workplace, &node, &token).await;
}

/// An earlier version left such a ring behind, after a rotation with another secret.
async fn a_next_key_that_cannot_be_opened_never_signs(workplace: Workplace) {
    let workplace = workplace.with("APP_SECRET_KEY", SECRET);
    let node = workplace.serve().await;
    let token = Client::of(&node).sign_up(EMAIL).await.access;
    let spoil = "UPDATE signing_keys SET sealed = (SELECT sealed FROM signing_keys WHERE state = 'active')
                 WHERE state = 'next'";
    run_sql(&workplace.database_url(), spoil).await;
    assert_goes_on(&workplace, &node, &token).await;
}

async fn without_a_yes_no_key_of_another_secret_is_replaced(workplace: Workplace) {
    let mut workplace = workplace.with("APP_SECRET_KEY", SECRET);
    let node = workplace.serve().await;
    let pair = Client::of(&node).sign_up(EMAIL).await;
    let before = keys(&workplace);
    workplace.set("APP_SECRET_KEY", OTHER_SECRET);
    assert_refused(&workplace.run(&["keys", "rotate", "--replace"]), "--yes");
    assert_eq!(keys(&workplace), before);
    let pair = tokens(Client::of(&node).refresh(&pair.refresh).await).await;
    node.stop().success();
    let refused = workplace.run(&["serve"]);
    assert_refused(&refused, "hexauth keys rotate --replace --yes");

    workplace.run(&["keys", "rotate", "--replace", "--yes"]).success();
    let node = workplace.serve().await;
    let client = Client::of(&node);
    assert_eq!(client.verify(&pair.access).await, StatusCode::UNAUTHORIZED);
    assert_eq!(client.refresh(&pair.refresh).await.status(), StatusCode::UNAUTHORIZED);
    assert_goes_on(&workplace, &node, &client.sign_in(EMAIL).await.access).await;
}

async fn keys_of_the_same_secret_are_replaced_without_a_question(workplace: Workplace) {
    let workplace = workplace.with("APP_SECRET_KEY", SECRET);
    let node = workplace.serve().await;
    let client = Client::of(&node);
    let pair = client.sign_up(EMAIL).await;
    let before = keys(&workplace);
    workplace.run(&["keys", "rotate", "--replace"]).success();
    let after = keys(&workplace);
    assert!(before.lines().all(|key| !after.contains(key)), "{after}");
    while client.verify(&pair.access).await == StatusCode::OK {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokens(client.refresh(&pair.refresh).await).await;
    assert_goes_on(&workplace, &node, &client.sign_in(EMAIL).await.access).await;
}
