use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tests::client::{Client, EMAIL, tokens};
use tests::on_each_database;
use tests::process::Workplace;

use crate::nodes::Nodes;

on_each_database!(
    a_hundred_refreshes_at_once_on_one_node_have_one_child,
    a_hundred_refreshes_at_once_on_four_nodes_have_one_child,
);

const CALLERS: usize = 100;
const ROUNDS: usize = 50;

async fn a_hundred_refreshes_at_once_on_one_node_have_one_child(workplace: Workplace) {
    assert_one_child(&Nodes::start(workplace, 1).await).await;
}

async fn a_hundred_refreshes_at_once_on_four_nodes_have_one_child(workplace: Workplace) {
    assert_one_child(&Nodes::start(workplace, 4).await).await;
}

async fn assert_one_child(nodes: &Nodes) {
    nodes.client(0).register(EMAIL).await;
    for round in 0..ROUNDS {
        let client = nodes.client(round);
        let first = client.sign_in(EMAIL).await;
        let answers = join_all((0..CALLERS).map(|caller| nodes.client(caller).refresh(&first.refresh))).await;
        let children: BTreeSet<_> = join_all(answers.into_iter().map(tokens)).await.into_iter().collect();
        let children: BTreeSet<_> = children.iter().map(|pair| &pair.refresh).collect();
        assert_eq!(children.len(), 1, "in round {round}");
        let child = children.first().unwrap();
        assert_ne!(**child, first.refresh);

        let next = tokens(nodes.client(round + 1).refresh(child).await).await;
        assert_eq!(live_sessions(client, &next.access).await, 1, "in round {round}");
        assert_eq!(client.logout(&next.access).await, StatusCode::NO_CONTENT);
    }
    nodes.assert_no_fault_was_logged();
}

async fn live_sessions(client: &Client, access_token: &str) -> usize {
    let sessions = client.send(Method::GET, "/auth/sessions", Some(access_token), None).await;
    sessions.json::<Value>().await.unwrap().as_array().unwrap().len()
}
