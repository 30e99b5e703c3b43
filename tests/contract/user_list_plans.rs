//! How PostgreSQL carries out the lists of users, as it says itself (`auto_explain`): the very statements that the
//! repository sends, on a server of their own with many users.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::users::{
    Direction, Role, SearchText, SortKey, User, UserFilter, UserPosition, UserQuery, UserSort, UserSortField,
};
use infra_postgres::PostgresSettings;
use migration::Step;
use serde_json::Value;
use tests::cluster::Cluster;
use tests::{TestDatabase, population, run_sql};

const USERS: u32 = 30_000;
/// How many users a search may look at before it goes by the indexes.
const WINDOW: f64 = 1000.0;
const LIMIT: u64 = 51;
/// The same statement on the same connection: from the sixth time on the plan may be one for any parameters.
const TIMES: usize = 8;

const SETTINGS: [&str; 6] = [
    "fsync=off",
    "shared_preload_libraries=auto_explain",
    "auto_explain.log_analyze=on",
    "auto_explain.log_buffers=on",
    "auto_explain.log_timing=off",
    "auto_explain.log_format=json",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_its_own_users_and_no_others() {
    let explained = Explained::create().await;
    a_page_at_depth_costs_what_the_first_one_costs(&explained).await;
    a_rare_text_is_looked_up_in_every_index(&explained).await;
    a_frequent_text_fills_the_page_from_the_first_that_come(&explained).await;
    rare_users_are_not_searched_for_among_all(&explained).await;
    the_admins_and_an_account_are_locked_by_their_indexes(&explained).await;
}

async fn a_page_at_depth_costs_what_the_first_one_costs(explained: &Explained) {
    for (field, index) in [
        (UserSortField::CreatedAt, "ix_users_created_at"),
        (UserSortField::Email, "uq_users_email_key"),
        (UserSortField::LastLogin, "ix_users_last_login"),
    ] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let sort = UserSort { field, direction };
            let first = query(UserFilter::default(), sort);
            let cost_of_first = explained.cost_of_page(&first, index).await;
            // In the order by last sign-in the first tenth never signed in: among these, and behind them.
            for depth in [USERS / 20, USERS / 2, USERS - USERS / 20] {
                let last = explained.user_at(depth, sort).await;
                let page = UserQuery { after: Some(position(&last, sort)), ..first.clone() };
                let cost = explained.cost_of_page(&page, index).await;
                // A page of the table may hold several users; that is for chance to decide.
                assert!(cost <= cost_of_first * 1.2 + 5.0, "{cost} blocks, the first page {cost_of_first}: {page:?}");
            }
        }
    }
}

async fn a_rare_text_is_looked_up_in_every_index(explained: &Explained) {
    let sort = UserSort { field: UserSortField::CreatedAt, direction: Direction::Ascending };
    let one = explained.user_at(USERS / 2, sort).await;
    let (name, username) = (one.profile.full_name.as_ref().unwrap(), one.profile.username.as_ref().unwrap());
    let word = name.as_str().split_once(' ').unwrap().1;
    for text in
        [&one.email.key()[..10], username.as_str(), word, &name.as_str()[..10], "nobody", "@nobody", "nobody.example"]
    {
        let query = query(searching(text), sort);
        for plans in explained.plans_of(&query).await {
            let [window, by_index] = &plans[..] else { panic!("{} plans for {text}", plans.len()) };
            assert!(window.index_names() == ["ix_users_created_at"] && window.rows_read() <= WINDOW, "{window:?}");
            let mut indexes = by_index.index_names();
            indexes.sort_unstable();
            let has_domain = query.filter.q.as_ref().is_some_and(|q| q.domain_key().is_some());
            let domain = has_domain.then_some("ix_users_email_domain").into_iter();
            let others = ["ix_users_full_name_words", "uq_users_email_key", "uq_users_username"];
            assert_eq!(indexes, domain.chain(others).collect::<Vec<_>>());
            assert!(!by_index.has("Seq Scan") && by_index.rows_read() <= 20.0, "{by_index:?}");
        }
        let total = explained.database.users.count(&query.filter).await.unwrap();
        let [plan] = &explained.plans_since_last().await[..] else { panic!("a count is one statement") };
        assert!(total < 20 && !plan.has("Seq Scan") && plan.rows_read() <= 20.0, "{plan:?}");
    }
}

async fn a_frequent_text_fills_the_page_from_the_first_that_come(explained: &Explained) {
    for field in [UserSortField::CreatedAt, UserSortField::Email] {
        let query = query(searching("a"), UserSort { field, direction: Direction::Descending });
        for plans in explained.plans_of(&query).await {
            let [plan] = &plans[..] else { panic!("{plans:?}") };
            assert!(!plan.has("Sort") && !plan.has("Seq Scan") && plan.rows_read() <= WINDOW, "{plan:?}");
        }
    }
}

async fn rare_users_are_not_searched_for_among_all(explained: &Explained) {
    let admins = UserFilter { role: Some(Role::Admin), ..UserFilter::default() };
    let disabled = UserFilter { is_active: Some(false), ..UserFilter::default() };
    for (filter, index) in [(admins, "ix_users_admins"), (disabled, "ix_users_disabled")] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let query = query(filter.clone(), UserSort { field: UserSortField::CreatedAt, direction });
            explained.cost_of_page(&query, index).await;
        }
    }
}

async fn the_admins_and_an_account_are_locked_by_their_indexes(explained: &Explained) {
    let sort = UserSort { field: UserSortField::CreatedAt, direction: Direction::Ascending };
    let one = explained.user_at(USERS / 2, sort).await.id;
    explained.plans_since_last().await;
    for _ in 0..TIMES {
        let admins = explained.database.users.lock_active_admins(Some(one)).await.unwrap().len() as f64;
        let [plan] = &explained.plans_since_last().await[..] else { panic!("one statement") };
        assert!(!plan.has("Seq Scan") && plan.rows_read() <= 2.0 * (admins + 1.0), "{plan:?}");
    }
}

fn query(filter: UserFilter, sort: UserSort) -> UserQuery {
    UserQuery { filter, sort, after: None, offset: 0, limit: LIMIT }
}

fn searching(text: &str) -> UserFilter {
    UserFilter { q: Some(SearchText::parse(text).unwrap()), ..UserFilter::default() }
}

fn position(user: &User, sort: UserSort) -> UserPosition {
    let key = match sort.field {
        UserSortField::CreatedAt => SortKey::CreatedAt(user.created_at),
        UserSortField::Email => SortKey::Email(user.email.key().to_owned()),
        UserSortField::LastLogin => SortKey::LastLogin(user.last_login),
    };
    UserPosition { key, id: user.id }
}

/// A database whose server tells the plan of each statement.
struct Explained {
    cluster: Cluster,
    /// On one connection.
    database: TestDatabase,
    /// How much of the log was read.
    seen: AtomicUsize,
}

impl Explained {
    async fn create() -> Self {
        let cluster = Cluster::with(&SETTINGS);
        let settings = PostgresSettings { max_connections: 1, ..PostgresSettings::new(cluster.url()).unwrap() };
        infra_postgres::migrate(&settings, Step::Up).await.unwrap();
        for sql in [
            &population::insert_users(USERS),
            "VACUUM ANALYZE users",
            "ALTER DATABASE postgres SET auto_explain.log_min_duration = 0",
        ] {
            run_sql(&cluster.url(), sql).await;
        }
        let database = TestDatabase::with_settings(cluster.url(), settings).await;
        Self { cluster, database, seen: AtomicUsize::default() }
    }

    async fn user_at(&self, depth: u32, sort: UserSort) -> User {
        let query = UserQuery { offset: depth.into(), limit: 1, ..query(UserFilter::default(), sort) };
        self.database.users.list(&query).await.unwrap().remove(0)
    }

    /// The plans of the statements for a list, each of the times that it is asked for.
    async fn plans_of(&self, query: &UserQuery) -> Vec<Vec<Plan>> {
        self.plans_since_last().await;
        let mut plans = Vec::new();
        for _ in 0..TIMES {
            self.database.users.list(query).await.unwrap();
            plans.push(self.plans_since_last().await);
        }
        plans
    }

    /// The blocks that a page takes, having seen that it reads its own users from this index and no others.
    async fn cost_of_page(&self, query: &UserQuery, index: &str) -> f64 {
        let mut cost: f64 = 0.0;
        for plans in self.plans_of(query).await {
            let [plan] = &plans[..] else { panic!("{plans:?}") };
            assert_eq!(plan.nodes().iter().map(|node| &node["Node Type"]).collect::<Vec<_>>(), ["Limit", "Index Scan"]);
            assert!(plan.index_names() == [index] && plan.rows_read() <= LIMIT as f64, "{plan:?}");
            cost = cost.max(plan.blocks());
        }
        cost
    }

    /// The plans of the lists and counts since the last call.
    async fn plans_since_last(&self) -> Vec<Plan> {
        // The plan of a statement is written before the next one on the same connection is read.
        self.database.health.check().await.unwrap();
        let log = self.cluster.log();
        let seen = self.seen.swap(log.len(), Ordering::Relaxed);
        let plans = log[seen..].split("plan:\n").skip(1).map(|text| {
            // Further lines of a record begin with a tab.
            let json: String = text.lines().take_while(|line| line.starts_with('\t')).collect();
            Plan(serde_json::from_str(&json).unwrap())
        });
        plans.filter(|plan| plan.0["Query Text"].as_str().unwrap().contains("users")).collect()
    }
}

#[derive(Debug)]
struct Plan(Value);

impl Plan {
    fn nodes(&self) -> Vec<&Value> {
        let mut nodes = vec![&self.0["Plan"]];
        let mut next = 0;
        while let Some(node) = nodes.get(next) {
            nodes.extend(node["Plans"].as_array().into_iter().flatten());
            next += 1;
        }
        nodes
    }

    fn has(&self, node_type: &str) -> bool {
        self.nodes().iter().any(|node| node["Node Type"].as_str().unwrap().contains(node_type))
    }

    fn index_names(&self) -> Vec<&str> {
        self.nodes().iter().filter_map(|node| node["Index Name"].as_str()).collect()
    }

    /// Rows that were read from the table, also those that did not fit.
    fn rows_read(&self) -> f64 {
        let scans = self.nodes().into_iter().filter(|node| node["Relation Name"] == "users");
        scans
            .map(|scan| {
                let names = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"];
                names.iter().filter_map(|name| scan[name].as_f64()).sum::<f64>()
            })
            .sum()
    }

    fn blocks(&self) -> f64 {
        ["Shared Hit Blocks", "Shared Read Blocks"].iter().map(|name| self.0["Plan"][name].as_f64().unwrap()).sum()
    }
}
