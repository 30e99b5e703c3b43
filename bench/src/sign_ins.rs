use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tests::client::PASSWORD;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection::Connection;

/// The time that is not counted: until all have connected, and the first few have been served at once.
const WARM_UP: Duration = Duration::from_secs(1);

/// Clients that sign in, each again and again on its connection, and at once when it was refused.
pub(crate) struct SignIns {
    clients: JoinSet<Vec<Seen>>,
    is_over: Arc<AtomicBool>,
    counted_from: Instant,
}

/// One response.
struct Seen {
    at: Instant,
    is_accepted: bool,
    took: Duration,
}

/// What came of it.
pub(crate) struct Outcome {
    /// Per second.
    pub(crate) accepted: f64,
    /// Per second.
    pub(crate) refused: f64,
    /// Of 100 refusals, 99 took no longer.
    pub(crate) refusal_p99: Option<Duration>,
}

impl SignIns {
    /// This many clients, which sign in as these people in turn. Returns when they are at full speed.
    pub(crate) async fn begin(address: &str, people: &[String], connections: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for email in people.iter().cycle().take(connections) {
            let body = format!(r#"{{"username":"{email}","password":"{PASSWORD}"}}"#);
            clients.spawn(sign_in(Connection::open(address).await, body, Arc::clone(&is_over)));
        }
        sleep(WARM_UP).await;
        Self { clients, is_over, counted_from: Instant::now() }
    }

    /// Ends them, each when its last response has come.
    pub(crate) async fn end(self) -> Outcome {
        let (from, until) = (self.counted_from, Instant::now());
        self.is_over.store(true, Ordering::Relaxed);
        let seen = self.clients.join_all().await.into_iter().flatten();
        let counted = seen.filter(|seen| (from..until).contains(&seen.at));
        let (accepted, refused): (Vec<Seen>, Vec<Seen>) = counted.partition(|seen| seen.is_accepted);
        let a_second = |seen: &[Seen]| seen.len() as f64 / (until - from).as_secs_f64();
        Outcome { accepted: a_second(&accepted), refused: a_second(&refused), refusal_p99: p99(&refused) }
    }
}

async fn sign_in(mut connection: Connection, body: String, is_over: Arc<AtomicBool>) -> Vec<Seen> {
    let mut seen = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = connection.post("/auth/login", &body).await;
        let is_refusal = answer.status == 503 && answer.head.contains("\r\nretry-after: ");
        assert!(answer.status == 200 || is_refusal, "{} {}", answer.status, answer.body);
        seen.push(Seen { at: Instant::now(), is_accepted: !is_refusal, took: begun.elapsed() });
    }
    seen
}

fn p99(seen: &[Seen]) -> Option<Duration> {
    let mut took: Vec<_> = seen.iter().map(|seen| seen.took).collect();
    took.sort_unstable();
    took.get(took.len() * 99 / 100).copied()
}
