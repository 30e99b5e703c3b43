//! Fresh PostgreSQL databases, on the server of `TEST_DATABASE_URL`, or else on a throwaway server that this process
//! starts with the machine's own `initdb` and `postgres` and that ends with it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use infra_postgres::PostgresSettings;
use migration::Step;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, Statement};
use tokio::sync::OnceCell;

use crate::database::run_statements;

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
        None => &own_server().url,
    }
}

/// A new, empty database. Returns its URL.
pub async fn create_database() -> String {
    create_from("template0").await
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
    infra_postgres::migrate(&PostgresSettings::new(url.clone()), Step::Up).await.unwrap();
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
    let connection = Database::connect(ConnectOptions::new(url)).await.unwrap();
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

/// A server that lives as long as this process.
struct Server {
    url: String,
    /// Its standard input is the pipe whose end tells it that this process is gone.
    _watchdog: Child,
}

/// Runs the server, and when the process that holds the other end of standard input is gone, however it went, stops
/// the server and removes its folder. `QUIT` is PostgreSQL's immediate shutdown.
const WATCHDOG: &str = r#"
bin=$1 folder=$2; shift 2
"$bin/postgres" "$@" >"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT "$server"
wait "$server"
rm -rf "$folder"
"#;

fn own_server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let bin = find_programs().expect(
            "The tests need PostgreSQL. Install it (Debian: apt-get install postgresql, macOS: brew install \
             postgresql), or set TEST_DATABASE_URL to a server where databases may be created, such as \
             postgres://postgres:password@localhost/postgres.",
        );
        let account = Account::to_run_as();
        // Somebody else may take the port between choosing and using it.
        let attempt = || start(&bin, account);
        attempt().or_else(|_| attempt()).unwrap_or_else(|log| panic!("PostgreSQL did not start:\n{log}"))
    })
}

fn start(bin: &Path, account: Option<Account>) -> Result<Server, String> {
    let folder = tempfile::Builder::new().prefix("hexauth-postgres-").tempdir().unwrap().keep();
    if let Some(Account { uid, gid }) = account {
        chown(&folder, Some(uid), Some(gid)).unwrap();
    }
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    if let Err(log) = make_cluster(bin, &folder, account) {
        fs::remove_dir_all(&folder).unwrap();
        return Err(log);
    }
    let mut watchdog = start_watchdog(bin, &folder, port, account);
    if let Err(log) = wait_until_ready(&folder) {
        // Waiting closes the pipe first, so the watchdog cleans up.
        watchdog.wait().unwrap();
        return Err(log);
    }
    Ok(Server { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), _watchdog: watchdog })
}

fn make_cluster(bin: &Path, folder: &Path, account: Option<Account>) -> Result<(), String> {
    let make = |locale: &[&str]| {
        let mut initdb = command(&bin.join("initdb"), folder, account);
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
        let output = initdb.args(locale).arg("--pgdata").arg(folder.join("data")).output().unwrap();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    };
    // Most servers sort by the rules of a language. Only on such a one does it show when a column that must be
    // compared byte by byte is not. Servers older than 15 do not know the option.
    make(&["--locale-provider=icu", "--icu-locale=en-US", "--locale=C"]).or_else(|_| make(&["--locale=C"]))
}

fn start_watchdog(bin: &Path, folder: &Path, port: u16, account: Option<Account>) -> Child {
    let mut watchdog = command(Path::new("sh"), folder, account);
    watchdog.args(["-c", WATCHDOG, "watchdog"]).args([bin, folder]);
    watchdog.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
    watchdog.arg("-k").arg(folder);
    for setting in ["fsync=off", "full_page_writes=off", "max_connections=400", "shared_buffers=64MB"] {
        watchdog.args(["-c", setting]);
    }
    // In a process group of its own it outlives a Ctrl-C, and without our output open `cargo test | tee` ends.
    watchdog.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    watchdog.spawn().unwrap()
}

/// Waits for the server's own word, since whoever answers on the port may be another.
fn wait_until_ready(folder: &Path) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let state = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if state.lines().any(|line| line.trim() == "ready") {
            return Ok(());
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        if log.contains("FATAL") || Instant::now() > deadline {
            return Err(log);
        }
        sleep(Duration::from_millis(20));
    }
}

fn command(program: &Path, folder: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

/// An account of the machine.
#[derive(Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// PostgreSQL refuses to run as root: then another account that every machine has. `None`: as ourselves.
    fn to_run_as() -> Option<Self> {
        if id(&["-u"]) != Some(0) {
            return None;
        }
        let account = ["postgres", "nobody"].into_iter().find_map(Self::named);
        Some(account.expect("root needs the account postgres or nobody to run PostgreSQL as"))
    }

    fn named(name: &str) -> Option<Self> {
        Some(Self { uid: id(&["-u", name])?, gid: id(&["-g", name])? })
    }
}

/// What the program `id` says.
fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The folder with PostgreSQL's programs in it.
fn find_programs() -> Option<PathBuf> {
    let homebrew = ["/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"].into_iter().flat_map(|prefix| {
        let mut folders = versions(&format!("{prefix}/opt"), "postgresql@");
        folders.push(format!("{prefix}/opt/postgresql").into());
        folders
    });
    let folders = versions("/usr/lib/postgresql", "").into_iter().chain(homebrew).map(|folder| folder.join("bin"));
    let has_programs = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file());
    search_path().into_iter().chain(folders).find(has_programs)
}

/// The folders in `parent` that are named `prefix` and a version, the highest first.
fn versions(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix(prefix)?.parse::<f32>().ok();
    let mut found: Vec<_> = entries.filter_map(|e| Some((version(&e.path())?, e.path()))).collect();
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

#[expect(clippy::disallowed_methods, reason = "where programs are is told by the environment only")]
fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}
