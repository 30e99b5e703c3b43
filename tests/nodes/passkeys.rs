use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tests::client::{EMAIL, ORIGIN, PASSWORD, tokens};
use tests::process::Workplace;
use tests::soft_passkey::SoftPasskey;
use tests::{count, on_each_database, run_sql};

use crate::nodes::Nodes;

on_each_database!(
    of_a_hundred_at_once_with_one_response_over_four_nodes_one_signs_in,
    a_passkey_that_many_accounts_register_at_once_is_of_one,
    of_two_removals_at_once_over_two_nodes_the_last_way_in_stays,
);

const NODES: usize = 4;
const CALLERS: usize = 100;

/// Alone, and after a password.
async fn of_a_hundred_at_once_with_one_response_over_four_nodes_one_signs_in(workplace: Workplace) {
    let nodes = Nodes::start(workplace, NODES).await;
    let client = nodes.client(0);
    let ada = client.add_passkey(&client.sign_up(EMAIL).await, "Phone").await;
    let respond = async |path: &str, body: &serde_json::Value| {
        let asked: serde_json::Value = client.post(path, body.clone()).await.json().await.unwrap();
        json!({"ceremony": asked["ceremony"], "credential": ada.passkey.assert(&asked["public_key"])})
    };
    let response = respond("/auth/passkeys/options", &json!({})).await;
    nodes.assert_one_signs_in("/auth/passkeys", vec![response; CALLERS]).await;

    let asked: serde_json::Value = client.login(EMAIL, PASSWORD).await.json().await.unwrap();
    let challenge = json!({"challenge": asked["challenge"]});
    let mut response = respond("/auth/challenge/passkey/options", &challenge).await;
    response["challenge"] = asked["challenge"].clone();
    nodes.assert_one_signs_in("/auth/challenge/passkey", vec![response; CALLERS]).await;
    nodes.assert_no_fault_was_logged();
}

/// The same credential for each account, as a device would have it that lies, or was copied.
async fn a_passkey_that_many_accounts_register_at_once_is_of_one(workplace: Workplace) {
    let nodes = Nodes::start(workplace, NODES).await;
    let mut passkey: Option<SoftPasskey> = None;
    let mut registrations = Vec::new();
    for number in 0..20 {
        let tokens = nodes.client(number).sign_up(&format!("user-{number}@example.com")).await;
        let asked = nodes.client(number).post_as(&tokens, "/users/me/passkeys/options", json!({})).await;
        let options = &asked["public_key"];
        let credential = passkey.get_or_insert_with(|| SoftPasskey::for_options(options, ORIGIN)).register(options);
        let body = json!({"ceremony": asked["ceremony"], "name": "Phone", "credential": credential});
        registrations.push((tokens, body));
    }
    let registering = registrations.into_iter().enumerate().map(|(number, (tokens, body))| {
        let client = nodes.client(number);
        async move { client.send(Method::POST, "/users/me/passkeys", Some(&tokens.access), Some(body)).await.status() }
    });
    let (registered, refused): (Vec<_>, Vec<_>) =
        join_all(registering).await.into_iter().partition(|status| *status == StatusCode::CREATED);
    assert_eq!(registered.len(), 1);
    assert!(refused.iter().all(|status| *status == StatusCode::CONFLICT), "{refused:?}");
    assert_eq!(count(&nodes.workplace.database_url(), "SELECT count(*) AS n FROM passkeys").await, 1);
    nodes.assert_no_fault_was_logged();
}

async fn of_two_removals_at_once_over_two_nodes_the_last_way_in_stays(workplace: Workplace) {
    let nodes = Nodes::start(workplace, 2).await;
    let client = nodes.client(0);
    for number in 0..10 {
        let mut session = client.sign_up(&format!("user-{number}@example.com")).await;
        let mut paths = Vec::new();
        for name in ["Phone", "Key"] {
            paths.push(client.add_passkey(&session, name).await.path);
            session = tokens(client.refresh(&session.refresh).await).await;
        }
        run_sql(&nodes.workplace.database_url(), "DELETE FROM passwords").await;
        nodes.assert_one_is_removed(&session, [&paths[0], &paths[1]], "last_way_in").await;
    }
    nodes.assert_no_fault_was_logged();
}
