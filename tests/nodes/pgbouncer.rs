use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::client::{Client, PASSWORD, Tokens, status, tokens};
use tests::process::Workplace;
use tests::{pgbouncer, postgres};

use crate::nodes::Nodes;

/// More than PgBouncer has connections to the server.
const PEOPLE: usize = 16;
/// There are no notifications through PgBouncer.
const BOUND: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn through_pgbouncer_in_transaction_mode_two_nodes_serve_all_there_is() {
    let url = postgres::create_database().await;
    let workplace = Workplace::default()
        .with("DATABASE_URL", pgbouncer::url_of(&url))
        .with("APP_DATABASE__PREPARED_STATEMENTS", "false");
    let nodes = Nodes::start(workplace, 2).await;
    nodes.create_admin("admin@example.com");
    let admin = nodes.client(0).sign_in("admin@example.com").await.access;
    join_all((0..PEOPLE).map(|number| live(&nodes, number, &admin))).await;
    nodes.assert_no_fault_was_logged();
}

/// A whole life, each step on the other node.
async fn live(nodes: &Nodes, number: usize, admin: &str) {
    let (here, there) = (nodes.client(number), nodes.client(number + 1));
    let email = format!("user{number}@example.com");
    let mut pair = here.sign_up(&email).await;
    for _ in 0..10 {
        pair = tokens(there.refresh(&pair.refresh).await).await;
        assert_eq!(here.verify(&pair.access).await, StatusCode::OK);
        assert_eq!(there.me(&pair.access).await.status(), StatusCode::OK);
    }
    let change = json!({"full_name": "Ada"});
    assert_eq!(send(here, Method::PATCH, "/users/me", &pair.access, Some(change)).await, StatusCode::OK);
    assert_eq!(send(there, Method::GET, "/auth/sessions", &pair.access, None).await, StatusCode::OK);
    assert_eq!(send(there, Method::GET, "/users?limit=10&count=true", admin, None).await, StatusCode::OK);

    let change = json!({"current_password": PASSWORD, "new_password": "another good password"});
    assert_eq!(send(here, Method::PUT, "/users/me/password", &pair.access, Some(change)).await, StatusCode::NO_CONTENT);
    wait_until_refused(there, &pair).await;
    let pair = tokens(there.refresh(&pair.refresh).await).await;
    let user: Value = here.me(&pair.access).await.json().await.unwrap();
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    assert_eq!(send(here, Method::PATCH, &path, admin, Some(json!({"is_active": false}))).await, StatusCode::OK);
    assert_eq!(status(there.refresh(&pair.refresh).await).await, StatusCode::UNAUTHORIZED);
    wait_until_refused(there, &pair).await;
    assert_eq!(send(there, Method::DELETE, &path, admin, None).await, StatusCode::NO_CONTENT);
}

async fn send(client: &Client, method: Method, path: &str, token: &str, body: Option<Value>) -> StatusCode {
    status(client.send(method, path, Some(token), body).await).await
}

async fn wait_until_refused(client: &Client, pair: &Tokens) {
    let begun = Instant::now();
    while client.verify(&pair.access).await == StatusCode::OK {
        assert!(begun.elapsed() < BOUND);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
