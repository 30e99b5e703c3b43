//! A PgBouncer in transaction mode in front of the server of [`crate::postgres`], which ends with this process.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use reqwest::Url;

use crate::postgres;
use crate::programs::{Account, command};

/// Longest wait for it to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Runs PgBouncer, and ends it when the process that holds the other end of standard input is gone, however it went.
const WATCHDOG: &str = r#"
"$1" --quiet "$2/pgbouncer.ini" >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -TERM "$server"
wait "$server"
rm -rf "$2"
"#;

/// The URL through PgBouncer of a database on the server of [`postgres::server_url`].
///
/// # Panics
/// When there is no PgBouncer on this machine, or it does not start.
pub fn url_of(url: &str) -> String {
    static PORT: OnceLock<(u16, Child)> = OnceLock::new();
    let (port, _) = PORT.get_or_init(|| start().or_else(|_| start()).expect("PgBouncer starts"));
    let mut url = Url::parse(url).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(*port)).unwrap();
    url.into()
}

fn start() -> Result<(u16, Child), String> {
    let account = Account::to_run_as();
    let folder = tempfile::Builder::new().prefix("hexauth-pgbouncer-").tempdir().unwrap().keep();
    if let Some(Account { uid, gid }) = account {
        chown(&folder, Some(uid), Some(gid)).unwrap();
    }
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    fs::write(folder.join("pgbouncer.ini"), configuration(port)).unwrap();
    let mut watchdog = command(Path::new("sh"), &folder, account);
    watchdog.args(["-c", WATCHDOG, "watchdog"]).args([&program(), &folder]);
    // As for PostgreSQL, it outlives a Ctrl-C to clean up, and holds none of our output open.
    watchdog.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut watchdog = watchdog.spawn().unwrap();
    let deadline = Instant::now() + START_LIMIT;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > deadline {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            // Waiting closes the pipe first, so the watchdog cleans up.
            watchdog.wait().unwrap();
            return Err(log);
        }
        sleep(Duration::from_millis(20));
    }
    Ok((port, watchdog))
}

/// Few connections to each database, so that transactions do change between them, but as many as one test needs.
fn configuration(port: u16) -> String {
    let server = Url::parse(postgres::server_url()).unwrap();
    let password = server.password().map(|password| format!(" password={password}")).unwrap_or_default();
    format!(
        "[databases]
         * = host={host} port={server_port} user={user}{password}
         [pgbouncer]
         listen_addr = 127.0.0.1
         listen_port = {port}
         unix_socket_dir =
         auth_type = any
         pool_mode = transaction
         default_pool_size = 4
         max_client_conn = 5000
         server_idle_timeout = 2
        ",
        host = server.host_str().unwrap(),
        server_port = server.port().unwrap_or(5432),
        user = server.username(),
    )
}

fn program() -> PathBuf {
    let places =
        ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
    places.into_iter().map(PathBuf::from).find(|place| place.is_file()).expect(
        "The tests need PgBouncer. Install it (Debian: apt-get install pgbouncer, macOS: brew install pgbouncer).",
    )
}
