use std::ops::Sub;

use tests::client::{Client, EMAIL};
use tests::cluster::Cluster;

use crate::chain::Chain;
use crate::pgbench;
use crate::refresh::{address_of, serve};
use crate::relay::Relay;

const REFRESHES: usize = 1000;

/// What refreshes cost the database, as the database sees it.
#[derive(Clone, Copy, Debug)]
struct Traffic {
    round_trips: usize,
    statements: usize,
    /// A transaction gets a number when it writes.
    writing_transactions: usize,
}

/// Prints what one refresh costs, and ends the bench if it is more than promised.
pub(crate) async fn measure() {
    let cluster = Cluster::with(&["log_statement=all"]);
    let relay = Relay::to(&cluster.url()).await;
    let (_workplace, node) = serve(&relay.url_of(&cluster.url())).await;
    let mut chain = Chain::begin(&address_of(&node), Client::of(&node).sign_up(EMAIL).await.refresh).await;
    for _ in 0..REFRESHES / 10 {
        chain.refresh().await;
    }
    let before = Traffic::now(&cluster, &relay);
    for _ in 0..REFRESHES {
        chain.refresh().await;
    }
    let spent = Traffic::now(&cluster, &relay) - before;
    // Polls of the feed and the keys, once a second, are among them.
    let of_one = |count: usize| (count as f64 / REFRESHES as f64 * 100.0).round() / 100.0;
    let [round_trips, statements, writes] =
        [spent.round_trips, spent.statements, spent.writing_transactions].map(of_one);
    println!("one refresh: {round_trips} round trips, {statements} statements, {writes} transactions that write");
    assert!(round_trips < 2.1 && statements < 2.1 && writes < 1.1, "more than promised");
    pgbench::assert_same_statements(&cluster.log());
}

impl Traffic {
    fn now(cluster: &Cluster, relay: &Relay) -> Self {
        let transaction = pgbench::query(cluster, "SELECT pg_snapshot_xmax(pg_current_snapshot())");
        let log = cluster.log();
        let statements =
            log.lines().filter(|line| line.contains("LOG:  execute ") || line.contains("LOG:  statement:"));
        Self {
            round_trips: relay.sends(),
            statements: statements.count(),
            writing_transactions: transaction.parse().unwrap(),
        }
    }
}

impl Sub for Traffic {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            round_trips: self.round_trips - before.round_trips,
            statements: self.statements - before.statements,
            writing_transactions: self.writing_transactions - before.writing_transactions,
        }
    }
}
