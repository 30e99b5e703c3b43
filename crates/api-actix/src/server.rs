//! The HTTP server: takes the port, builds the parts, serves, and stops in order.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use thiserror::Error;

use crate::config::{self, Config};
use crate::state::AppState;
use crate::wiring::{self, WiringError};
use crate::{request_context, routes};

/// Longest wait for the headers of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest idle time of a connection between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Most connections for each worker.
const MAX_CONNECTIONS: usize = 10_000;

/// Why the server did not start, in words for the operator.
#[derive(Debug, Error)]
pub enum StartError {
    /// Somebody else has the port, or it is not ours to take.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The parts could not be put together.
    #[error(transparent)]
    Wiring(#[from] WiringError),
}

/// The HTTP server, ready to run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: AppState,
    config: config::Server,
}

impl Server {
    /// Takes the port, migrates the database if so configured, and puts the parts together. The port comes first, so
    /// that a second server started by mistake changes nothing.
    ///
    /// # Errors
    /// [`StartError`], every variant.
    pub async fn build(config: &Config) -> Result<Self, StartError> {
        let address = SocketAddr::new(config.server.host, config.server.port);
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let state = wiring::start(config).await?;
        Ok(Self { listener, address, state, config: config.server.clone() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The state the routes work with.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Serves until `shutdown` is done, then lets requests in flight finish, for as long as is configured.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let server = self.launch()?;
        let handle = server.handle();
        let mut serving = tokio::spawn(server);
        tokio::select! {
            // It ended by itself, which it should not.
            result = &mut serving => return result.map_err(io::Error::other)?,
            () = shutdown => {}
        }
        handle.stop(true).await;
        serving.await.map_err(io::Error::other)?
    }

    /// Starts the workers.
    fn launch(self) -> io::Result<actix_web::dev::Server> {
        let state = web::Data::new(self.state);
        let docs = self.config.docs;
        let mut server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .wrap(from_fn(request_context::wrap))
                .configure(routes::configure)
                .configure(move |config| {
                    if docs {
                        routes::configure_docs(config)
                    }
                })
                .default_service(web::to(routes::not_found))
        })
        .client_request_timeout(HEADER_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .max_connections(MAX_CONNECTIONS)
        .shutdown_timeout(whole_seconds(self.config.shutdown_timeout))
        .disable_signals();
        if let Some(workers) = self.config.workers {
            server = server.workers(workers);
        }
        Ok(server.listen(self.listener)?.run())
    }
}

/// The server counts in seconds: a part of one is one more.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
