use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use tests::client::{Client, EMAIL, PASSWORD, status};
use tests::cluster::Cluster;
use tests::process::Workplace;
use tests::proxy::Proxy;

use crate::figures::percentile_99;
use crate::load::Load;
use crate::nodes::Nodes;

/// From the moment the database takes connections again.
const BACK_IN: Duration = Duration::from_secs(2);
/// For people to do something in.
const WHILE: Duration = Duration::from_millis(400);

/// Signs in on every node until it works, and returns how long the last one took.
async fn time_to_serve(nodes: &Nodes) -> Duration {
    let begun = Instant::now();
    join_all(nodes.clients().iter().map(sign_in_until_it_works)).await;
    begun.elapsed()
}

async fn sign_in_until_it_works(client: &Client) {
    let begun = Instant::now();
    while status(client.login(EMAIL, PASSWORD).await).await != StatusCode::OK {
        assert!(begun.elapsed() < Duration::from_secs(30), "the database is back, but the node is not");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_killed_ten_times_nothing_acknowledged_is_lost_and_service_is_back_within_2_s() {
    let mut cluster = Cluster::create();
    let nodes = Nodes::start_alone(Workplace::default().with("DATABASE_URL", cluster.url()), 2).await;
    let load = Load::begin(&nodes).await;
    let mut times = Vec::new();
    for _ in 0..10 {
        tokio::time::sleep(WHILE).await;
        cluster.kill();
        tokio::task::block_in_place(|| cluster.start());
        times.push(time_to_serve(&nodes).await);
    }
    load.end().await.assert_kept(&nodes).await;
    nodes.assert_no_fault_was_logged();
    let longest = *times.iter().max().unwrap();
    percentile_99("after a kill both nodes serve in", times);
    assert!(longest < BACK_IN, "{longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_standby_takes_over_nothing_acknowledged_is_lost_and_the_nodes_follow() {
    let mut primary = Cluster::create();
    let proxy = Proxy::to(&primary.url()).await;
    let workplace = Workplace::default().with("DATABASE_URL", proxy.url_of(&primary.url()));
    let nodes = Nodes::start_alone(workplace, 2).await;
    let standby = primary.standby().await;
    let load = Load::begin(&nodes).await;
    tokio::time::sleep(WHILE).await;
    primary.kill();
    standby.promote().await;
    proxy.lead_to(&standby.url());
    let took = time_to_serve(&nodes).await;
    println!("after a fail-over both nodes serve in {took:?}");
    tokio::time::sleep(WHILE).await;
    load.end().await.assert_kept(&nodes).await;
    nodes.assert_no_fault_was_logged();
    assert!(took < BACK_IN, "{took:?}");
}
