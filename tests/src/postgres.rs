//! Fresh PostgreSQL databases, on the server of `TEST_DATABASE_URL`, or else on a throwaway server that this process
//! starts and that ends with it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use infra_postgres::PostgresSettings;
use migration::Step;
use sea_orm::{ConnectionTrait, Statement};
use tokio::sync::OnceCell;

use crate::cluster::Cluster;
use crate::database::{connect, run_statements};

/// The names of all databases made here begin so, followed by the second they were made in.
const PREFIX: &str = "hexauth_test_";

/// Databases on a server that stays are left for a look at them until they are so old.
const KEPT_SECONDS: u64 = 3600;

/// The URL of the server: its maintenance database. Starts the server when this is the first call and
/// `TEST_DATABASE_URL` is not set.
///
/// # Panics
/// When there is no PostgreSQL on this machine.
pub fn server_url() -> &'static str {
    match given_url() {
        Some(url) => url,
        None => own_server(),
    }
}

/// A new, empty database. Returns its URL.
pub async fn create_database() -> String {
    create_from("template0").await
}

/// An empty database that cannot hold what people write. Returns its URL.
pub async fn create_latin_database() -> String {
    create_from("template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'").await
}

/// A new database with the schema in it. Returns its URL.
pub async fn create_migrated_database() -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    create_from(TEMPLATE.get_or_init(create_template).await).await
}

/// Removes a database that was made here, whoever is connected to it.
pub async fn drop_database(url: &str) {
    run_statements(server_url(), &[format!("DROP DATABASE {} WITH (FORCE)", name_in(url))]).await;
}

async fn create_from(template: &str) -> String {
    remove_old_databases().await;
    let name = unique_name();
    run_statements(server_url(), &[format!("CREATE DATABASE {name} TEMPLATE {template}")]).await;
    url_of(server_url(), &name)
}

/// A migrated database that nobody may connect to any more, since it could not be copied while somebody does.
async fn create_template() -> String {
    let url = create_database().await;
    infra_postgres::migrate(&PostgresSettings::new(url.clone()).unwrap(), Step::Up).await.unwrap();
    let name = name_in(&url).to_owned();
    let close = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
    let end_sessions = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    run_statements(server_url(), &[close, end_sessions]).await;
    name
}

/// Removes what earlier runs left on a server that stays.
async fn remove_old_databases() {
    static ONCE: OnceCell<()> = OnceCell::const_new();
    let Some(url) = given_url() else { return };
    let remove = || async {
        let oldest = seconds_now() - KEPT_SECONDS;
        let names = database_names(url).await.into_iter().filter(|name| made_at(name).is_some_and(|at| at < oldest));
        // Another process may be at it too, hence IF EXISTS.
        let drops = names.map(|name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).collect::<Vec<_>>();
        run_statements(url, &drops).await;
    };
    ONCE.get_or_init(remove).await;
}

async fn database_names(url: &str) -> Vec<String> {
    let connection = connect(url).await;
    let query = Statement::from_string(connection.get_database_backend(), "SELECT datname::text FROM pg_database");
    let rows = connection.query_all_raw(query).await.unwrap();
    connection.close().await.unwrap();
    rows.iter().map(|row| row.try_get("", "datname").unwrap()).collect()
}

fn made_at(database: &str) -> Option<u64> {
    database.strip_prefix(PREFIX)?.split('_').next()?.parse().ok()
}

fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}_{}_{count}", seconds_now(), std::process::id())
}

#[expect(clippy::disallowed_methods, reason = "the age of a leftover database has nothing to do with the Clock port")]
fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The URL of another database of the same server.
fn url_of(server: &str, database: &str) -> String {
    let (address, options) = server.split_once('?').map_or((server, None), |(a, o)| (a, Some(o)));
    let host = address.find("://").expect("a database URL has a scheme") + "://".len();
    let end = address[host..].find('/').map_or(address.len(), |slash| host + slash);
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{}/{database}{options}", &address[..end])
}

/// The name of the database that was made here and has this URL.
fn name_in(url: &str) -> &str {
    let name = &url[url.rfind(PREFIX).expect("the database was made here")..];
    name.split('?').next().unwrap_or(name)
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but this")]
fn given_url() -> Option<&'static str> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    URL.get_or_init(|| std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())).as_deref()
}

/// The server that lives as long as this process.
fn own_server() -> &'static str {
    static SERVER: OnceLock<(Cluster, String)> = OnceLock::new();
    let make = || {
        // Nobody kills it, so it needs no whole pages in its log.
        let cluster = Cluster::with(&["fsync=off", "full_page_writes=off"]);
        let url = cluster.url();
        (cluster, url)
    };
    &SERVER.get_or_init(make).1
}
