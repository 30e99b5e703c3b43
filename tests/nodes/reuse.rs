use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;
use tests::client::{Client, EMAIL, Tokens, status, tokens};
use tests::process::Workplace;
use tests::{OnDatabase, on_each_database};

use crate::figures::percentile_99;
use crate::nodes::Nodes;

on_each_database!(reuses_that_race_are_one_event);

const NODES: usize = 4;
/// Reuses of one token that race.
const COPIES: usize = 20;
/// A node that was not woken asks by itself within this time.
const BOUND: Duration = Duration::from_secs(5);

/// A session whose first token has a grandchild.
struct Family {
    generations: [Tokens; 3],
}

impl Family {
    /// Grows up on one node, and is known to all.
    async fn grow(nodes: &Nodes, number: usize) -> Self {
        let client = nodes.client(number);
        let first = client.sign_in(EMAIL).await;
        let second = tokens(client.refresh(&first.refresh).await).await;
        let third = tokens(client.refresh(&second.refresh).await).await;
        assert_eq!(nodes.verify(&third.access).await, [StatusCode::OK; NODES]);
        Self { generations: [first, second, third] }
    }

    /// Presents the first token again, to a node.
    async fn reuse(&self, client: &Client) {
        assert_eq!(status(client.refresh(&self.generations[0].refresh).await).await, StatusCode::UNAUTHORIZED);
    }

    /// Asks all nodes until each refuses the access tokens, and returns how long the last one took.
    async fn wait_for_death(&self, nodes: &Nodes) -> Duration {
        let begun = Instant::now();
        let youngest = &self.generations[2];
        let dying = nodes.clients().iter().map(|client| wait_until_refused(client, &youngest.access));
        join_all(dying).await;
        let took = begun.elapsed();
        for tokens in &self.generations {
            assert_eq!(nodes.verify(&tokens.access).await, [StatusCode::UNAUTHORIZED; NODES]);
        }
        took
    }

    /// No refresh token may be good on any node, from the moment the reuse was answered.
    async fn assert_not_refreshed(&self, nodes: &Nodes) {
        for client in nodes.clients() {
            for tokens in &self.generations {
                let answer = client.refresh(&tokens.refresh).await;
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
            }
        }
    }
}

async fn wait_until_refused(client: &Client, access_token: &str) {
    let begun = Instant::now();
    while client.verify(access_token).await != StatusCode::UNAUTHORIZED {
        assert!(begun.elapsed() < BOUND, "it is still good after {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Each session must have exactly one event, whatever the number of reuses.
#[track_caller]
fn assert_one_event_each(nodes: Nodes, families: usize) {
    let records = nodes.stop();
    let events = records.iter().filter(|record| record["event"] == "refresh_token.reused");
    let mut sessions: Vec<&Value> = events.map(|event| &event["session"]).collect();
    assert_eq!(sessions.len(), families);
    sessions.sort_by_key(|session| session.to_string());
    sessions.dedup();
    assert_eq!(sessions.len(), families);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_reuse_ends_the_family_on_every_node_within_100_ms() {
    const FAMILIES: usize = 100;
    let nodes = Nodes::start_alone(Workplace::postgres().await, NODES).await;
    nodes.client(0).register(EMAIL).await;
    let mut times = Vec::new();
    for number in 0..FAMILIES {
        let family = Family::grow(&nodes, number).await;
        family.reuse(nodes.client(number)).await;
        times.push(family.wait_for_death(&nodes).await);
        family.assert_not_refreshed(&nodes).await;
    }
    let longest = percentile_99("a family is dead on every node after", times);
    assert!(longest < Duration::from_millis(100), "{longest:?}");
    assert_one_event_each(nodes, FAMILIES);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_reuse_ends_the_family_on_every_node_within_the_bound() {
    const FAMILIES: usize = 10;
    let nodes = Nodes::start(Workplace::sqlite().await, NODES).await;
    nodes.client(0).register(EMAIL).await;
    let die = async |number: usize| {
        let family = Family::grow(&nodes, number).await;
        family.reuse(nodes.client(number)).await;
        family.assert_not_refreshed(&nodes).await;
        family.wait_for_death(&nodes).await
    };
    let times = join_all((0..FAMILIES).map(die)).await;
    percentile_99("a family is dead on every node of SQLite after", times);
    assert_one_event_each(nodes, FAMILIES);
}

async fn reuses_that_race_are_one_event(workplace: Workplace) {
    const FAMILIES: usize = 10;
    let nodes = Nodes::start(workplace, NODES).await;
    nodes.client(0).register(EMAIL).await;
    for number in 0..FAMILIES {
        let family = Family::grow(&nodes, number).await;
        join_all((0..COPIES).map(|copy| family.reuse(nodes.client(copy)))).await;
        family.assert_not_refreshed(&nodes).await;
    }
    assert_one_event_each(nodes, FAMILIES);
}
