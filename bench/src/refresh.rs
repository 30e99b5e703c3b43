use std::time::{Duration, Instant};

use tests::client::{Client, EMAIL};
use tests::cluster::Cluster;
use tests::process::{Node, Workplace};
use tokio::task::JoinSet;

use crate::chain::Chain;
use crate::pgbench;
use crate::table::Table;

const CONNECTIONS: usize = 16;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(2);
const TARGET: f64 = 0.6;

/// Refreshes over HTTP, and pgbench with the same statements on the same database and as many connections.
pub(crate) async fn measure(table: &mut Table) {
    // As operators run it: a commit is on the disk.
    let cluster = Cluster::with(&[]);
    let (_workplace, node) = serve(&cluster.url()).await;
    let mut chains = begin_chains(&node).await;
    prepare_pgbench(&Client::of(&node)).await;
    let (mut refreshed, mut benched) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        benched.push(pgbench::transactions_per_second(&cluster, CONNECTIONS, ROUND));
        refreshed.push(refreshes_per_second(&mut chains).await);
    }
    table.add("POST /auth/refresh".to_owned(), &refreshed, "pgbench, the same statements", &benched, TARGET);
}

pub(crate) async fn serve(database_url: &str) -> (Workplace, Node) {
    let workplace = Workplace::default()
        .with("DATABASE_URL", database_url)
        .with("APP_DATABASE__MAX_CONNECTIONS", CONNECTIONS.to_string())
        .with("APP_SERVER__WORKERS", "2")
        // The address is logged at the level info.
        .with("APP_LOG__LEVEL", "warn,api_actix::cli=info");
    let node = workplace.serve().await;
    (workplace, node)
}

/// `host:port`.
pub(crate) fn address_of(node: &Node) -> String {
    node.url().strip_prefix("http://").unwrap().to_owned()
}

async fn begin_chains(node: &Node) -> Vec<Chain> {
    let client = Client::of(node);
    client.register(EMAIL).await;
    let mut chains = Vec::new();
    for _ in 0..CONNECTIONS {
        chains.push(Chain::begin(&address_of(node), client.sign_in(EMAIL).await.refresh).await);
    }
    chains
}

/// Sessions that no chain depends on.
async fn prepare_pgbench(client: &Client) {
    client.register(pgbench::EMAIL).await;
    for _ in 0..CONNECTIONS {
        client.sign_in(pgbench::EMAIL).await;
    }
}

async fn refreshes_per_second(chains: &mut Vec<Chain>) -> f64 {
    let begun = Instant::now();
    let mut following = JoinSet::new();
    for mut chain in chains.drain(..) {
        following.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < ROUND {
                chain.refresh().await;
                count += 1;
            }
            (chain, count)
        });
    }
    let mut total = 0;
    for (chain, count) in following.join_all().await {
        chains.push(chain);
        total += count;
    }
    f64::from(total) / begun.elapsed().as_secs_f64()
}
