//! Servers of others: how they are started, found and ended.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, ToSocketAddrs};

/// It does not listen after so long: the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that runs, and is killed when this is dropped.
#[derive(Debug)]
pub struct Program(Child);

impl Program {
    /// Starts it. Nobody sees what it writes.
    ///
    /// # Panics
    /// When there is no such program: `package` says how to get it.
    pub fn start(mut command: Command, package: &str) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("the test needs {package}: {error}")))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Caddy with this configuration. It keeps what it was told in the folder `home`.
pub fn caddy(configuration: &Path, home: &Path) -> Command {
    let mut caddy = Command::new("caddy");
    caddy.arg("run").arg("--config").arg(configuration);
    caddy.env("HOME", home).env("XDG_CONFIG_HOME", home).env("XDG_DATA_HOME", home);
    caddy
}

/// What the tests that start Caddy need.
pub const CADDY: &str = "caddy (Debian: apt-get install caddy)";

/// An address of this machine on which nobody listens.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Waits for a server that was just started.
///
/// # Panics
/// When it does not listen in time.
pub async fn wait_until_it_listens(address: impl ToSocketAddrs + Copy) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).await.is_err() {
        assert!(Instant::now() < deadline, "the server does not listen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
