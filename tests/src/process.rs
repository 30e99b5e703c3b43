//! The `hexauth` binary as an operator meets it: a process with arguments, an environment and a working directory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::{OnDatabase, postgres};

/// Longest wait for what is expected to happen at once.
const SOON: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Where the binary is. Built by the first call, so that it is never older than the sources.
///
/// # Panics
/// When it does not build.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build(&["--package", "api-actix", "--bin", "hexauth"]).remove("hexauth").unwrap())
}

/// Where an example is, by the name of its folder. All are built by the first call.
///
/// # Panics
/// When they do not build.
pub fn example(name: &str) -> &'static Path {
    static PROGRAMS: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    // With the features of the whole workspace, in which everything that they need has been built for the tests.
    let build = || build(&["--workspace", "--bin", "example-*"]);
    &PROGRAMS.get_or_init(build)[&format!("example-{name}")]
}

/// Builds programs, and returns their paths by their names.
fn build(what: &[&str]) -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    cargo.args(["build", "--locked", "--message-format=json"]).args(what);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{what:?} do not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let program = |message: Value| {
        let path = PathBuf::from(message["executable"].as_str()?);
        Some((message["target"]["name"].as_str()?.to_owned(), path))
    };
    messages.filter_map(program).collect()
}

/// A folder to run the binary in, and the variables it gets, besides which there is only `PATH`.
#[derive(Debug)]
pub struct Workplace {
    folder: Arc<TempDir>,
    variables: BTreeMap<String, String>,
}

impl Default for Workplace {
    fn default() -> Self {
        let folder = Arc::new(tempfile::Builder::new().prefix("hexauth-process-").tempdir().unwrap());
        let variables = BTreeMap::new();
        Self { folder, variables }
            .with("APP_SERVER__PORT", "0")
            .with("APP_LOG__FORMAT", "json")
            // Hashes of the usual cost would take most of the time of the tests.
            .with("APP_PASSWORD__MEMORY_KIB", "64")
            .with("APP_PASSWORD__ITERATIONS", "1")
            .with("APP_MAIL__TRANSPORT", "off")
            // All tests come from one address.
            .with("APP_RATE_LIMIT__ENABLED", "false")
    }
}

impl OnDatabase for Workplace {
    async fn sqlite() -> Self {
        Self::default()
    }

    async fn postgres() -> Self {
        Self::default().with("DATABASE_URL", postgres::create_database().await)
    }
}

impl Workplace {
    /// With one more variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a variable for programs that are started from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// With this relay for its mails, on this machine, without encryption.
    pub fn with_relay(self, port: u16) -> Self {
        self.with("APP_MAIL__TRANSPORT", "smtp")
            .with("APP_MAIL__SMTP__HOST", "127.0.0.1")
            .with("APP_MAIL__SMTP__PORT", port.to_string())
            .with("APP_MAIL__SMTP__SECURITY", "none")
            .with("APP_MAIL__LINKS__RESET", "https://app.example.com/reset#token={token}")
    }

    /// With one variable less.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Where its database is, for SQL past the binary.
    pub fn database_url(&self) -> String {
        let file = || format!("sqlite://{}", self.path("data/hexauth.db").display());
        self.variables.get("DATABASE_URL").cloned().unwrap_or_else(file)
    }

    /// With a file in the folder.
    pub fn with_file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The place of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// All that is in the folder, and what is in the files.
    pub fn content(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut content = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                content.insert(path.clone(), path.is_file().then(|| fs::read(&path).unwrap()));
                folders.extend(path.is_dir().then_some(path));
            }
        }
        content
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with_input(arguments, "")
    }

    /// Runs the binary to its end, with this on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        self.run_program(binary(), arguments, input)
    }

    /// Runs any program to its end, with this on its standard input.
    pub fn run_program(&self, program: &Path, arguments: &[&str], input: &str) -> Finished {
        let mut node = self.start_program(program, arguments);
        let mut stdin = node.process.stdin.take().unwrap();
        // A process that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        node.wait_for_exit(SOON)
    }

    /// Starts the binary.
    pub fn start(&self, arguments: &[&str]) -> Node {
        self.start_program(binary(), arguments)
    }

    /// Starts any program.
    pub fn start_program(&self, program: &Path, arguments: &[&str]) -> Node {
        self.spawn(Command::new(program), arguments)
    }

    /// Starts any program as the account with this number. For root only.
    pub fn start_as(&self, account: u32, program: &Path, arguments: &[&str]) -> Node {
        let mut command = Command::new(program);
        command.uid(account).gid(account);
        self.spawn(command, arguments)
    }

    fn spawn(&self, mut command: Command, arguments: &[&str]) -> Node {
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(search_path()).envs(&self.variables);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut process = command.spawn().unwrap();
        let stdout = Lines::of(process.stdout.take().unwrap());
        let stderr = Lines::of(process.stderr.take().unwrap());
        Node { process, stdout, stderr, started, _folder: Arc::clone(&self.folder) }
    }

    /// Starts the binary as a server, and waits until it is ready.
    pub async fn serve(&self) -> Node {
        let node = self.start(&["serve"]);
        node.wait_until_ready().await;
        node
    }
}

#[expect(clippy::disallowed_methods, reason = "the environment of the tests is nobody's configuration")]
fn search_path() -> Option<(&'static str, std::ffi::OsString)> {
    std::env::var_os("PATH").map(|path| ("PATH", path))
}

/// A running binary. Killed when dropped.
#[derive(Debug)]
pub struct Node {
    process: Child,
    stdout: Lines,
    stderr: Lines,
    started: Instant,
    /// It works there, also when its workplace is dropped before.
    _folder: Arc<TempDir>,
}

impl Node {
    /// Where it listens, such as `http://127.0.0.1:40123`. Waits until it says so.
    pub fn url(&self) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(address) = self.logs().lines().find_map(address_in) {
                return format!("http://{address}");
            }
            assert!(Instant::now() < deadline, "it does not listen:\n{}", self.logs());
            thread::sleep(PAUSE);
        }
    }

    /// Asks until it is ready.
    pub async fn wait_until_ready(&self) {
        let url = format!("{}/health/ready", self.url());
        let deadline = Instant::now() + SOON;
        while reqwest::get(&url).await.map(|answer| answer.status().as_u16()).ok() != Some(200) {
            assert!(Instant::now() < deadline, "it does not get ready:\n{}", self.logs());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What it wrote so far: a server logs to its standard output, and a command to its standard error stream.
    pub fn logs(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }

    /// Its number at the operating system.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// How long it runs.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits for its end.
    pub fn wait_for_exit(&mut self, limit: Duration) -> Finished {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < limit, "it still runs after {limit:?}:\n{}", self.logs());
            thread::sleep(PAUSE);
        };
        Finished {
            status,
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
            waited: begun.elapsed(),
            ran: self.started.elapsed(),
        }
    }

    /// Asks it to stop, and waits for its end.
    pub fn stop(mut self) -> Finished {
        self.signal("TERM");
        self.wait_for_exit(SOON)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In both forms of the log.
fn address_in(line: &str) -> Option<&str> {
    let line = line.contains("listening").then_some(line)?;
    let (_, rest) = line.split_once("address=").or_else(|| line.split_once("\"address\":\""))?;
    rest.split(['"', ' ']).next()
}

/// What a binary that ran to its end leaves.
#[derive(Debug)]
pub struct Finished {
    status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error stream.
    pub stderr: String,
    /// How long its end was waited for.
    pub waited: Duration,
    /// How long it ran.
    pub ran: Duration,
}

impl Finished {
    /// The exit code; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// All that it wrote, for whatever does not ask by which stream.
    pub fn logs(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The standard output of a command that must not fail.
    pub fn success(self) -> String {
        assert_eq!(self.code(), Some(0), "{}", self.stderr);
        self.stdout
    }
}

/// What comes from a stream, read by a thread of its own.
#[derive(Debug)]
struct Lines {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                into.lock().unwrap().append(&mut line);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    /// Waits for the end of the stream.
    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.text()
    }
}
