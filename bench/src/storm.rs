use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::client::{Client, EMAIL};
use tests::postgres;
use tests::process::{Node, Workplace};

use crate::refresh::address_of;
use crate::sign_ins::{Outcome, SignIns};
use crate::table::Table;
use crate::wrk::{Speed, read};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
/// Connections that sign in during the storm, and when there is none: few enough for all to be served.
const STORM: usize = 400;
const PEAK: usize = 16;
/// Connections that read.
const READERS: usize = 4;
const PEOPLE: usize = 16;

/// Of the rate that readers have alone.
const RATE_TARGET: f64 = 0.4;
/// The slowest hundredth of what is read takes at most three times as long.
const P99_TARGET: f64 = 1.0 / 3.0;
/// The slowest hundredth of the refusals takes at most a tenth of a second.
const REFUSAL_LIMIT: Duration = Duration::from_millis(100);
/// Of the sign-ins that are accepted per second without a storm.
const ACCEPTED_TARGET: f64 = 0.9;

/// What a storm of sign-ins leaves to those who read, and to those who sign in. Where a duration is promised, its
/// inverse is in the table: the more, the better.
pub(crate) async fn measure(table: &mut Table) {
    for database in ["SQLite", "PostgreSQL"] {
        let storm = Storm::on(database).await;
        storm.measure_reading(table, "GET /users/me", "users/me").await;
        storm.measure_reading(table, "GET /auth/verify", "auth/verify").await;
        storm.measure_signing_in(table).await;
    }
}

struct Storm {
    database: &'static str,
    node: Node,
    people: Vec<String>,
    tokens: PathBuf,
    _workplace: Workplace,
}

impl Storm {
    async fn on(database: &'static str) -> Self {
        let mut workplace = Workplace::default()
            .without("APP_PASSWORD__MEMORY_KIB")
            .without("APP_PASSWORD__ITERATIONS")
            .with("APP_SERVER__WORKERS", "2")
            // All come from one address.
            .with("APP_SERVER__CONNECTIONS_PER_CLIENT", "0")
            // The address is logged at the level info.
            .with("APP_LOG__LEVEL", "warn,api_actix::cli=info");
        if database == "PostgreSQL" {
            workplace.set("DATABASE_URL", postgres::create_database().await);
        }
        let node = workplace.serve().await;
        let client = Client::of(&node);
        let people: Vec<_> = (0..PEOPLE).map(|number| format!("{number}-{EMAIL}")).collect();
        for email in &people {
            client.register(email).await;
        }
        let tokens = workplace.path("tokens");
        fs::write(&tokens, client.sign_in(&people[0]).await.access).unwrap();
        Self { database, node, people, tokens, _workplace: workplace }
    }

    async fn measure_reading(&self, table: &mut Table, name: &str, path: &str) {
        let url = format!("{}/api/v1/{path}", self.node.url());
        let (mut alone, mut stormed) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            alone.push(read_for_a_round(&url, &self.tokens).await);
            let sign_ins = self.sign_in_on(STORM).await;
            stormed.push(read_for_a_round(&url, &self.tokens).await);
            let Outcome { accepted, refused, refusal_p99 } = sign_ins.end().await;
            println!("{name}: {accepted:.0} sign-ins accepted, {refused:.0} refused (p99 {refusal_p99:?})");
        }
        let rates = |all: &[Speed]| all.iter().map(|speed| speed.per_second).collect::<Vec<_>>();
        let name = format!("{name}, {}", self.database);
        table.add(name.clone(), &rates(&stormed), "alone", &rates(&alone), RATE_TARGET);
        let p99s = |all: &[Speed]| all.iter().map(|speed| inverse(speed.p99)).collect::<Vec<_>>();
        table.add(format!("{name}, 1/p99"), &p99s(&stormed), "alone", &p99s(&alone), P99_TARGET);
    }

    async fn measure_signing_in(&self, table: &mut Table) {
        let (mut peak, mut accepted, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            peak.push(self.sign_in_for_a_round(PEAK).await.accepted);
            let stormed = self.sign_in_for_a_round(STORM).await;
            accepted.push(stormed.accepted);
            refused.push(inverse(stormed.refusal_p99.expect("some are refused")));
        }
        let name = format!("sign-ins accepted, {}", self.database);
        table.add(name, &accepted, "without a storm", &peak, ACCEPTED_TARGET);
        let name = format!("sign-ins refused, {}, 1/p99", self.database);
        table.add(name, &refused, "100 ms", &[inverse(REFUSAL_LIMIT); ROUNDS], 1.0);
    }

    async fn sign_in_for_a_round(&self, connections: usize) -> Outcome {
        let sign_ins = self.sign_in_on(connections).await;
        tokio::time::sleep(ROUND).await;
        sign_ins.end().await
    }

    async fn sign_in_on(&self, connections: usize) -> SignIns {
        SignIns::begin(&address_of(&self.node), &self.people, connections).await
    }
}

async fn read_for_a_round(url: &str, tokens: &Path) -> Speed {
    let (url, tokens) = (url.to_owned(), tokens.to_owned());
    tokio::task::spawn_blocking(move || read(&url, &tokens, READERS, ROUND)).await.unwrap()
}

fn inverse(duration: Duration) -> f64 {
    1.0 / duration.as_secs_f64()
}
