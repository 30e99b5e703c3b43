use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tests::client::{Client, Tokens, tokens};
use tests::process::{Node, Workplace};
use tests::run_sql;
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

    /// Sends all of these at once, each to the next node, and asserts that one session begins, and that the others are
    /// refused.
    pub(crate) async fn assert_one_signs_in(&self, path: &str, bodies: impl IntoIterator<Item = Value>) {
        let sent = bodies.into_iter().enumerate().map(|(number, body)| self.client(number).post(path, body));
        let mut signed_in = Vec::new();
        for answer in join_all(sent).await {
            let status = answer.status().as_u16();
            assert!([200, 400, 401, 429].contains(&status), "{answer:?}");
            if status == 200 {
                signed_in.push(tokens(answer).await);
            }
        }
        assert_eq!(signed_in.len(), 1, "{path}");
        let is_good_everywhere = self.verify(&signed_in[0].access).await.iter().all(StatusCode::is_success);
        assert!(is_good_everywhere, "{path}");
        // The next ones are not to wait for those who lost.
        run_sql(&self.workplace.database_url(), "DELETE FROM attempts").await;
    }

    /// Removes both of these at once, over two nodes, in the session of these tokens. Asserts that one is removed, that
    /// the other is refused, and that it stays for this reason.
    pub(crate) async fn assert_one_is_removed(&self, tokens: &Tokens, paths: [&str; 2], reason: &str) {
        let remove = |number: usize, tokens: &Tokens| {
            let (client, access) = (self.client(number).clone(), tokens.access.clone());
            async move { client.send(Method::DELETE, paths[number], Some(&access), None).await }
        };
        let both = join_all([0, 1].map(|number| remove(number, tokens))).await;
        let mut statuses: Vec<_> = both.iter().map(|answer| answer.status().as_u16()).collect();
        statuses.sort_unstable();
        // Whoever comes second may find that the access token says less than is so by now.
        assert!([[204, 401], [204, 409]].contains(&[statuses[0], statuses[1]]), "{both:?}");
        let tokens = self.client(0).refresh(&tokens.refresh).await;
        let tokens = tests::client::tokens(tokens).await;
        let mut codes = Vec::new();
        for number in [0, 1] {
            let problem: Value = remove(number, &tokens).await.json().await.unwrap();
            codes.push(problem["code"].as_str().unwrap().to_owned());
        }
        codes.sort_unstable();
        assert_eq!(codes, [reason, "not_found"]);
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
