use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;
use tests::client::Client;
use tests::process::{Node, Workplace};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Held by all tests: by those that measure time, alone.
static MACHINE: RwLock<()> = RwLock::const_new(());

/// Several servers on one database, with a client for each.
pub(crate) struct Nodes {
    pub(crate) workplace: Workplace,
    nodes: Vec<Node>,
    clients: Vec<Client>,
    _machine: Turn,
}

/// The right to use the machine. A test that waits for a second one may wait for ever.
enum Turn {
    Shared { _guard: RwLockReadGuard<'static, ()> },
    Alone { _guard: RwLockWriteGuard<'static, ()> },
}

/// For a test without servers.
pub(crate) fn share_the_machine() -> RwLockReadGuard<'static, ()> {
    MACHINE.blocking_read()
}

impl Nodes {
    pub(crate) async fn start(workplace: Workplace, count: usize) -> Self {
        Self::start_on(Turn::Shared { _guard: MACHINE.read().await }, workplace, count).await
    }

    /// For a test that measures time: no other test runs meanwhile.
    pub(crate) async fn start_alone(workplace: Workplace, count: usize) -> Self {
        Self::start_on(Turn::Alone { _guard: MACHINE.write().await }, workplace, count).await
    }

    async fn start_on(machine: Turn, workplace: Workplace, count: usize) -> Self {
        let workplace = workplace.with("APP_PASSWORD__QUEUE", "1000");
        let nodes: Vec<_> = (0..count).map(|_| workplace.start(&["serve"])).collect();
        join_all(nodes.iter().map(Node::wait_until_ready)).await;
        let clients = nodes.iter().map(Client::of).collect();
        Self { workplace, nodes, clients, _machine: machine }
    }

    /// One more.
    pub(crate) async fn add(&mut self) {
        let node = self.workplace.serve().await;
        self.clients.push(Client::of(&node));
        self.nodes.push(node);
    }

    /// The client of the node that has this number, counted round and round.
    pub(crate) fn client(&self, number: usize) -> &Client {
        &self.clients[number % self.clients.len()]
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.clients
    }

    pub(crate) fn node(&self, number: usize) -> &Node {
        &self.nodes[number]
    }

    /// Makes an admin by the command line.
    pub(crate) fn create_admin(&self, email: &str) {
        let command = ["create-admin", "--email", email, "--password-stdin"];
        self.workplace.run_with_input(&command, tests::client::PASSWORD).success();
    }

    /// What every node says of an access token.
    pub(crate) async fn verify(&self, access_token: &str) -> Vec<StatusCode> {
        join_all(self.clients.iter().map(|client| client.verify(access_token))).await
    }

    #[track_caller]
    pub(crate) fn assert_no_fault_was_logged(&self) {
        for line in self.nodes.iter().map(Node::logs).collect::<String>().lines() {
            assert!(!line.contains("\"ERROR\"") && !line.contains("panicked"), "{line}");
        }
    }

    /// Stops all, and returns what they logged.
    pub(crate) fn stop(self) -> Vec<Value> {
        let logs: Vec<String> = self.nodes.into_iter().map(|node| node.stop().logs()).collect();
        logs.iter().flat_map(|log| log.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
