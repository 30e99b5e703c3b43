//! PostgreSQL servers of one's own, started with the machine's own programs, which may be killed and have standbys.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::database::run_statements;
use crate::programs::{Account, command, postgres_programs};

/// Longest wait for a server to start.
const START_LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);

/// Starts the server once for each line of standard input, and says its process id. When the process that holds the
/// other end is gone, however it went, it stops the server and removes its folder. `QUIT` is PostgreSQL's immediate
/// shutdown.
const WATCHDOG: &str = r#"
bin=$1 folder=$2; shift 2
server=
while read -r _; do
    # Until it is waited for, one that was killed counts as running.
    [ -z "$server" ] || { kill -QUIT "$server"; wait "$server"; }
    : >"$folder/log"
    "$bin/postgres" "$@" >>"$folder/log" 2>&1 &
    server=$!
    echo "$server"
done
kill -QUIT "$server"
wait "$server"
rm -rf "$folder"
"#;

/// A PostgreSQL server. It and its folder go when this is dropped, or when this process ends.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    /// Its standard input is the pipe whose end tells it that this process is gone.
    watchdog: Child,
    process_ids: BufReader<ChildStdout>,
    process_id: String,
}

impl Cluster {
    /// A new server, empty and running.
    ///
    /// # Panics
    /// When there is no PostgreSQL on this machine, or it does not start.
    pub fn create() -> Self {
        Self::with(&["fsync=off"])
    }

    /// A new server with these settings, such as `log_statement=all`.
    ///
    /// # Panics
    /// As [`Cluster::create`].
    pub fn with(settings: &[&str]) -> Self {
        Self::launch(settings, init_database)
    }

    /// A new server that speaks TLS as `localhost`, with a certificate of the authority in [`Cluster::authority`].
    ///
    /// # Panics
    /// As [`Cluster::create`], and when there is no `openssl` on this machine.
    pub fn with_tls() -> Self {
        let settings = ["fsync=off", "ssl=on", "ssl_cert_file=../server.pem", "ssl_key_file=../server.key"];
        Self::launch(&settings, |folder, account| {
            init_database(folder, account)?;
            make_certificates(folder, account)
        })
    }

    /// The certificate of the authority that knows this server, or of another one, of a server with TLS.
    pub fn authority(&self, knows_it: bool) -> PathBuf {
        self.folder.join(if knows_it { "authority.pem" } else { "stranger.pem" })
    }

    /// Where it has its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The port of it, which is also in the name of its socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A new standby that follows this server. A commit here waits for it from now on.
    pub async fn standby(&self) -> Self {
        let url = self.url();
        let standby = Self::launch(&["fsync=off"], |folder, account| back_up(&url, folder, account));
        let wait_for_it = "ALTER SYSTEM SET synchronous_standby_names = '*'".to_owned();
        run_statements(&url, &[wait_for_it, "SELECT pg_reload_conf()".to_owned()]).await;
        standby
    }

    /// Makes a standby a server that can be written to, and waits until it is.
    pub async fn promote(&self) {
        run_statements(&self.url(), &["SELECT pg_promote()".to_owned()]).await;
    }

    /// The URL of its maintenance database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// What it logged since it was started last.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Another of PostgreSQL's programs, such as `pgbench`, ready to run in the server's folder.
    pub fn program(&self, name: &str) -> Command {
        command(&postgres_programs().join(name), &self.folder, Account::to_run_as())
    }

    /// Kills all of its processes, as running out of memory or electricity would.
    pub fn kill(&mut self) {
        let children = Command::new("pgrep").args(["-P", &self.process_id]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        // Some may have ended by themselves.
        Command::new("kill").args(["-KILL", &self.process_id]).args(children.lines()).output().unwrap();
    }

    /// Starts it again after [`Cluster::kill`], with the same folder and port, and waits until it takes connections.
    pub fn start(&mut self) {
        let deadline = Instant::now() + START_LIMIT;
        // A process of the server before may still be about to go.
        while let Err(log) = self.try_start() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start again:\n{log}");
            sleep(PAUSE);
        }
    }

    fn launch(settings: &[&str], make: impl Fn(&Path, Option<Account>) -> Result<(), String>) -> Self {
        let attempt = || Self::try_launch(settings, &make);
        // Somebody else may take the port between choosing and using it.
        attempt().or_else(|_| attempt()).unwrap_or_else(|log| panic!("PostgreSQL did not start:\n{log}"))
    }

    fn try_launch(
        settings: &[&str],
        make: impl Fn(&Path, Option<Account>) -> Result<(), String>,
    ) -> Result<Self, String> {
        let account = Account::to_run_as();
        let folder = tempfile::Builder::new().prefix("hexauth-postgres-").tempdir().unwrap();
        if let Some(Account { uid, gid }) = account {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        make(folder.path(), account)?;
        // From here on the watchdog removes it.
        let folder = folder.keep();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut watchdog = start_watchdog(&folder, port, settings, account);
        let process_ids = BufReader::new(watchdog.stdout.take().unwrap());
        let mut cluster = Self { folder, port, watchdog, process_ids, process_id: String::new() };
        cluster.try_start().map(|()| cluster)
    }

    fn try_start(&mut self) -> Result<(), String> {
        self.watchdog.stdin.as_mut().unwrap().write_all(b"start\n").unwrap();
        self.process_id.clear();
        self.process_ids.read_line(&mut self.process_id).unwrap();
        self.process_id.truncate(self.process_id.trim_end().len());
        self.wait_until_ready()
    }

    /// Waits until the server itself says so, since another program may listen on the port.
    fn wait_until_ready(&self) -> Result<(), String> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let state = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
            let mut lines = state.lines().map(str::trim);
            if lines.next() == Some(&self.process_id) && lines.any(|line| ["ready", "standby"].contains(&line)) {
                return Ok(());
            }
            let log = self.log();
            if log.contains(&format!("[{}] FATAL", self.process_id)) || Instant::now() > deadline {
                return Err(log);
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Waiting closes the pipe first, so the watchdog cleans up.
        let _ = self.watchdog.wait();
    }
}

fn init_database(folder: &Path, account: Option<Account>) -> Result<(), String> {
    let make = |locale: &[&str]| {
        let mut initdb = command(&postgres_programs().join("initdb"), folder, account);
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
        run(initdb.args(locale).arg("--pgdata").arg(folder.join("data")))
    };
    // Most servers sort by the rules of a language. Only on such a one does it show when a column that must be
    // compared byte by byte is not. Servers older than 15 do not know the option.
    make(&["--locale-provider=icu", "--icu-locale=en-US", "--locale=C"]).or_else(|_| make(&["--locale=C"]))
}

/// Copies a running server, and says in the copy whom to follow.
fn back_up(url: &str, folder: &Path, account: Option<Account>) -> Result<(), String> {
    let mut backup = command(&postgres_programs().join("pg_basebackup"), folder, account);
    backup.args(["--checkpoint=fast", "--write-recovery-conf", "--no-sync", "--dbname", url]);
    run(backup.arg("--pgdata").arg(folder.join("data")))
}

/// Two authorities, and a certificate of the first for `localhost`.
fn make_certificates(folder: &Path, account: Option<Account>) -> Result<(), String> {
    let openssl = |arguments: &str| {
        run(command(Path::new("openssl"), folder, account).args(arguments.split_whitespace()))
            .map_err(|error| format!("openssl {arguments}: {error}"))
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout";
    for authority in ["authority", "stranger"] {
        openssl(&format!("req -x509 -days 2 -subj /CN={authority} {key} {authority}.key -out {authority}.pem"))?;
    }
    openssl(&format!("req -subj /CN=localhost {key} server.key -out server.csr"))?;
    fs::write(folder.join("server.ext"), "subjectAltName = DNS:localhost\n").map_err(|error| error.to_string())?;
    openssl(
        "x509 -req -days 2 -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -extfile server.ext \
         -out server.pem",
    )
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn start_watchdog(folder: &Path, port: u16, settings: &[&str], account: Option<Account>) -> Child {
    let mut watchdog = command(Path::new("sh"), folder, account);
    watchdog.args(["-c", WATCHDOG, "watchdog"]).args([postgres_programs(), folder]);
    watchdog.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
    watchdog.arg("-k").arg(folder);
    for setting in ["max_connections=400", "shared_buffers=64MB"].iter().chain(settings) {
        watchdog.args(["-c", setting]);
    }
    // In a process group of its own it outlives a Ctrl-C, and without our output open `cargo test | tee` ends.
    watchdog.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    watchdog.spawn().unwrap()
}
