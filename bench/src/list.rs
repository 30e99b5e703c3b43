use std::time::Instant;

use tests::client::{Client, EMAIL};
use tests::cluster::Cluster;
use tests::process::Node;
use tests::{population, run_sql};

use crate::pgbench::query;
use crate::refresh::serve;
use crate::table::Table;

const USERS: u32 = 1_000_000;
const DEPTH: u32 = 500_000;
const ROUNDS: usize = 7;
/// Requests in a round.
const PAGES: usize = 100;
/// A page at depth takes at most 1.2 times as long as the first one.
const TARGET: f64 = 1.0 / 1.2;
/// Most users on a page.
const MOST: u32 = 100;

/// Pages of a million users, from the start and from the middle on. For comparison also searches, and pages by number.
pub(crate) async fn measure(table: &mut Table) {
    let cluster = Cluster::with(&[]);
    let (_workplace, node) = serve(&cluster.url()).await;
    let lists = Lists::of(&node, &cluster).await;
    run_sql(&cluster.url(), &population::insert_users(USERS)).await;
    run_sql(&cluster.url(), "VACUUM ANALYZE users").await;
    for sort in ["created_at", "email", "last_login"] {
        let deep = lists.cursor_at(sort, DEPTH).await;
        let (mut at_start, mut at_depth) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            at_start.push(lists.follow(sort, None).await);
            at_depth.push(lists.follow(sort, Some(&deep)).await);
        }
        table.add(format!("GET /users?sort={sort}, behind {DEPTH}"), &at_depth, "the first pages", &at_start, TARGET);
    }
    let rare = query(&cluster, "SELECT split_part(full_name, ' ', 2) FROM users WHERE full_name IS NOT NULL LIMIT 1");
    for parameters in [&format!("limit=50&q={rare}"), "limit=50&q=a", "limit=50&q=name", "page=10000&size=50"] {
        let (mut plain, mut measured) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            plain.push(lists.repeat("limit=50", PAGES).await);
            measured.push(lists.repeat(parameters, PAGES / 20).await);
        }
        table.add(format!("GET /users?{parameters}"), &measured, "the first page", &plain, None);
    }
}

/// An admin who lists users.
struct Lists {
    client: Client,
    token: String,
}

impl Lists {
    async fn of(node: &Node, cluster: &Cluster) -> Self {
        let client = Client::of(node);
        client.register(EMAIL).await;
        run_sql(&cluster.url(), "UPDATE users SET role = 'admin'").await;
        let token = client.sign_in(EMAIL).await.access;
        Self { client, token }
    }

    /// Goes from page to page, as clients do.
    async fn cursor_at(&self, sort: &str, depth: u32) -> String {
        let mut cursor = None;
        for _ in 0..depth / MOST {
            cursor = Some(self.page(&format!("limit={MOST}&sort={sort}"), cursor.as_deref()).await);
        }
        cursor.unwrap()
    }

    /// Pages per second, each after the previous one.
    async fn follow(&self, sort: &str, from: Option<&str>) -> f64 {
        let begun = Instant::now();
        let mut cursor = from.map(str::to_owned);
        for _ in 0..PAGES {
            cursor = Some(self.page(&format!("limit=50&sort={sort}"), cursor.as_deref()).await);
        }
        PAGES as f64 / begun.elapsed().as_secs_f64()
    }

    /// Responses per second to the same request.
    async fn repeat(&self, parameters: &str, count: usize) -> f64 {
        let begun = Instant::now();
        for _ in 0..count {
            self.answer(parameters).await;
        }
        count as f64 / begun.elapsed().as_secs_f64()
    }

    /// The cursor of the page after this one.
    async fn page(&self, parameters: &str, cursor: Option<&str>) -> String {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let answer = self.answer(&format!("{parameters}{cursor}")).await;
        let (_, next) = answer.split_once("\"next_cursor\":\"").expect("it is not the last page");
        next.split('"').next().unwrap().to_owned()
    }

    async fn answer(&self, parameters: &str) -> String {
        let answer = self.client.list_users(parameters, &self.token).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{text}");
        text
    }
}
