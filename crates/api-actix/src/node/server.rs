//! The HTTP server of the `hexauth` binary: takes the port, serves, and stops in order.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::App;
use application::Application;

use crate::config::Config;
use crate::http1;
use crate::node::hexauth::{Hexauth, StartError, bind};

/// Exit code of a process that a second Ctrl-C ended, as shells have it: 128 plus the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// The HTTP server, ready to run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    hexauth: Hexauth,
    settings: http1::Settings,
}

impl Server {
    /// Takes the port, migrates the database if so configured, and puts the parts together. The port comes first, so
    /// that a second server started by mistake changes nothing.
    ///
    /// # Errors
    /// [`StartError`], every variant.
    pub async fn build(config: &Config) -> Result<Self, StartError> {
        let address = config.server.address();
        let listener = bind(address)?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address, source })?;
        let hexauth = Hexauth::start(config, address).await?;
        Ok(Self { listener, address, hexauth, settings: http1::Settings::of(config) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are served, if they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.hexauth.metrics_address()
    }

    /// The use cases.
    pub fn application(&self) -> &Application {
        self.hexauth.application()
    }

    /// Serves until `shutdown` is done, then lets requests in flight finish, for as long as is configured.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let mount = self.hexauth.mount();
        let server = self.settings.serve(self.listener, move || mount.onto(App::new()))?;
        self.hexauth.run_until(server, shutdown).await
    }
}

/// Waits for SIGTERM, as service managers send it, for SIGHUP, as the end of a terminal sends it, or for Ctrl-C.
/// Listens from the moment this returns. A second Ctrl-C ends the process at once, with exit code 130. SIGHUP stays
/// ignored in a process that was started with it ignored, as `nohup` does.
///
/// Call it in a runtime of tokio, and once.
///
/// # Errors
/// What the operating system says.
#[cfg(unix)]
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    async fn next(signal: &mut Option<Signal>) -> Option<()> {
        signal.as_mut()?.recv().await
    }

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = match ignores_hang_up() {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    let mut every_interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        every_interrupt.recv().await;
        every_interrupt.recv().await;
        std::process::exit(INTERRUPTED);
    });
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            Some(()) = next(&mut hang_up) => {}
        }
    })
}

/// Whether the process was started with SIGHUP ignored. Listening to it would end that. Only Linux tells this without
/// `unsafe`; elsewhere it is assumed not to be ignored.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    /// The bit of SIGHUP, which is signal 1 (proc_pid_status(5)).
    const HANG_UP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & HANG_UP != 0)
}

/// Waits for Ctrl-C. A second one ends the process at once, with exit code 130.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        drop(tokio::signal::ctrl_c().await);
        tokio::spawn(async {
            drop(tokio::signal::ctrl_c().await);
            std::process::exit(INTERRUPTED);
        });
    })
}
