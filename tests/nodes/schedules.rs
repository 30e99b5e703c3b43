use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use domain::sessions::PresentedRefreshToken;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tests::client::Tokens;
use tests::process::Workplace;
use tests::{OnDatabase, postgres, sqlite};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::interleave::interleave;
use crate::nodes::{Nodes, share_the_machine};
use crate::services::{ADMIN, InProcess, OverHttp, Service};

/// To run the schedules of an earlier run again, set this variable to the seed that it printed.
const SEED_VARIABLE: &str = "SCHEDULES_SEED";
const NODES: usize = 2;
const ON_SQLITE: u32 = 4_000;
const ON_POSTGRES: u32 = 6_000;
const OVER_HTTP: u32 = 200;

/// What happens to one session at the same time, and in which order the nodes get to work.
#[derive(Clone, Debug)]
struct Schedule {
    steps: Vec<Step>,
    order: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    action: Action,
    node: usize,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    /// With the token of the sign-in.
    RefreshFirst,
    /// With the youngest token that anybody has.
    RefreshYoungest,
    Logout,
    LogoutHolder,
    /// By another session of the user.
    LogoutOthers,
    Disable,
    /// By another session of the user.
    ChangePassword,
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let action = prop_oneof![
        2 => Just(Action::RefreshFirst),
        3 => Just(Action::RefreshYoungest),
        1 => Just(Action::Logout),
        1 => Just(Action::LogoutHolder),
        1 => Just(Action::LogoutOthers),
        1 => Just(Action::Disable),
        1 => Just(Action::ChangePassword),
    ];
    let step = (action, 0..NODES).prop_map(|(action, node)| Step { action, node });
    (vec(step, 2..=5), vec(any::<u8>(), 1..=24)).prop_map(|(steps, order)| Schedule { steps, order })
}

/// A session, and what is known of it.
struct Session<'a, S> {
    nodes: &'a [S],
    user: Uuid,
    /// Another session of the user.
    other: Tokens,
    pairs: Mutex<Vec<Tokens>>,
    /// The nodes that acknowledged its end.
    ended_by: Mutex<Vec<usize>>,
    /// Whether it must have ended at last: a refresh was refused, or the session was one of several to be ended.
    must_be_over: AtomicBool,
}

impl<'a, S: Service> Session<'a, S> {
    async fn begin(nodes: &'a [S]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let email = format!("user{}@example.com", COUNT.fetch_add(1, Ordering::Relaxed));
        let user = nodes[0].register(&email).await;
        let (first, other) = (nodes[0].sign_in(&email).await, nodes[0].sign_in(&email).await);
        Self {
            nodes,
            user,
            other,
            pairs: Mutex::new(vec![first]),
            ended_by: Mutex::default(),
            must_be_over: AtomicBool::new(false),
        }
    }

    async fn run(&self, step: Step) {
        let node = &self.nodes[step.node];
        let has_ended = match step.action {
            Action::RefreshFirst => self.refresh(node, self.pairs()[0].clone()).await,
            Action::RefreshYoungest => self.refresh(node, self.youngest()).await,
            Action::Logout => node.logout(&self.youngest().access).await,
            Action::LogoutHolder => node.logout_holder(&self.youngest().refresh).await,
            Action::LogoutOthers => {
                // Another node may have ended the session a moment ago. This one then hears of it like the rest.
                let has_ended = node.logout_others(&self.other.access).await;
                self.must_be_over.fetch_or(has_ended, Ordering::Relaxed);
                false
            }
            Action::Disable => node.disable(self.user).await,
            Action::ChangePassword => node.change_password(&self.other.access, "another good password").await,
        };
        if has_ended {
            self.ended_by.lock().unwrap().push(step.node);
            self.assert_refused_at_once(step.node).await;
        }
    }

    /// Does not end the session, as far as the caller can tell.
    async fn refresh(&self, node: &S, presented: Tokens) -> bool {
        let was_over = !self.ended_by().is_empty();
        match node.refresh(&presented.refresh).await {
            Some(_) if was_over => panic!("a session was refreshed after its end was acknowledged"),
            Some(pair) => self.pairs.lock().unwrap().push(pair),
            None => self.must_be_over.store(true, Ordering::Relaxed),
        }
        false
    }

    fn pairs(&self) -> Vec<Tokens> {
        self.pairs.lock().unwrap().clone()
    }

    fn ended_by(&self) -> Vec<usize> {
        self.ended_by.lock().unwrap().clone()
    }

    fn youngest(&self) -> Tokens {
        let generation = |pair: &Tokens| PresentedRefreshToken::parse(&pair.refresh).unwrap().generation;
        self.pairs().into_iter().max_by_key(generation).unwrap()
    }

    /// The node that acknowledged the end of the session must know of it.
    async fn assert_refused_at_once(&self, node: usize) {
        for pair in self.pairs() {
            assert!(!self.nodes[node].accepts(&pair.access).await, "who ended the session accepts its token");
        }
    }

    /// When everything has come to its end.
    async fn check(&self) {
        let ended_by = self.ended_by();
        if ended_by.is_empty() && !self.must_be_over.load(Ordering::Relaxed) {
            return self.assert_alive().await;
        }
        for node in ended_by {
            self.assert_refused_at_once(node).await;
        }
        for node in self.nodes {
            for pair in self.pairs() {
                assert!(node.refresh(&pair.refresh).await.is_none(), "a session that is over was refreshed");
            }
            node.catch_up().await;
            for pair in self.pairs() {
                assert_refused_in_time(node, &pair.access).await;
            }
        }
    }

    async fn assert_alive(&self) {
        for node in self.nodes {
            assert!(node.accepts(&self.youngest().access).await, "nobody ended the session");
        }
        assert!(self.nodes[0].refresh(&self.youngest().refresh).await.is_some(), "nobody ended the session");
    }
}

async fn assert_refused_in_time<S: Service>(node: &S, access_token: &str) {
    let begun = Instant::now();
    while node.accepts(access_token).await {
        assert!(begun.elapsed() < S::BOUND, "the token of a session that is over is accepted");
    }
}

async fn run<S: Service>(nodes: &[S], schedule: &Schedule) {
    let session = Session::begin(nodes).await;
    for node in nodes {
        node.catch_up().await;
    }
    let steps = schedule.steps.iter().map(|step| Box::pin(session.run(*step)) as _);
    interleave(&schedule.order, steps.collect()).await;
    session.check().await;
}

fn run_many<S: Service>(runtime: &Runtime, nodes: &[S], cases: u32) {
    let seed = seed();
    println!("{SEED_VARIABLE}={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let begun = Instant::now();
    let result = runner.run(&schedules(), |schedule| {
        runtime.block_on(run(nodes, &schedule));
        Ok(())
    });
    println!("{cases} schedules in {:?}", begun.elapsed());
    result.unwrap_or_else(|error| panic!("{error}\n{SEED_VARIABLE}={seed}"));
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration")]
fn seed() -> u64 {
    let given = std::env::var(SEED_VARIABLE).ok();
    given.map_or_else(|| RandomState::new().hash_one(()), |seed| seed.parse().unwrap())
}

fn run_on(runtime: &Runtime, database_url: &str, cases: u32) {
    let nodes = runtime.block_on(async { [InProcess::on(database_url).await, InProcess::on(database_url).await] });
    run_many(runtime, &nodes, cases);
}

#[test]
fn in_no_schedule_on_sqlite_a_token_outlives_its_session() {
    let _turn = share_the_machine();
    let runtime = Runtime::new().unwrap();
    let (_folder, url) = runtime.block_on(sqlite::create_migrated_database());
    run_on(&runtime, &url, ON_SQLITE);
}

#[test]
fn in_no_schedule_on_postgres_a_token_outlives_its_session() {
    let _turn = share_the_machine();
    let runtime = Runtime::new().unwrap();
    let url = runtime.block_on(postgres::create_migrated_database());
    run_on(&runtime, &url, ON_POSTGRES);
}

#[test]
fn in_no_schedule_over_http_a_token_outlives_its_session() {
    let runtime = Runtime::new().unwrap();
    let nodes = runtime.block_on(async {
        let nodes = Nodes::start(Workplace::postgres().await, NODES).await;
        nodes.create_admin(ADMIN);
        nodes
    });
    let services =
        runtime.block_on(async { [OverHttp::to(nodes.client(0)).await, OverHttp::to(nodes.client(1)).await] });
    run_many(&runtime, &services, OVER_HTTP);
}
