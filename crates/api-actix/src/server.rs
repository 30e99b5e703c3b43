//! The HTTP server of the `hexauth` binary: takes the port, serves, and stops in order.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::App;

use crate::config::Config;
use crate::hexauth::{Hexauth, StartError, bind};
use crate::http1;
use crate::state::AppState;

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
        let address = SocketAddr::new(config.server.host, config.server.port);
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

    /// The state the routes work with.
    pub fn state(&self) -> &AppState {
        self.hexauth.state()
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

/// Waits for SIGTERM, as service managers send it, or for Ctrl-C. Listens from the moment this returns.
///
/// # Errors
/// What the operating system says.
#[cfg(unix)]
pub fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
