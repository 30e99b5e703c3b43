//! The HTTP server: takes the port, builds the parts, serves, and stops in order.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use application::{ApplicationError, Prepared};
use thiserror::Error;

use crate::background::Background;
use crate::config::{self, Config};
use crate::error::chain;
use crate::metrics::{self, Metrics, RequestMeter};
use crate::state::AppState;
use crate::traces::AcceptParents;
use crate::wiring::{self, Parts, WiringError};
use crate::{request_context, routes};

/// Longest wait for the headers of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest idle time of a connection between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Most connections for each worker.
const MAX_CONNECTIONS: usize = 10_000;

/// Longest wait for the key ring. A change of the algorithm takes some seconds.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(30);

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
    /// The signing keys are not ours.
    #[error(
        "the signing keys in the database were sealed with another APP_SECRET_KEY: start with that one, or make new \
         keys, which voids every access token, with 'hexauth keys rotate --replace'"
    )]
    ForeignKeys,
    /// The signing keys or the revocations could not be read.
    #[error("the signing keys and revocations cannot be read: {0}")]
    Prepare(String),
}

/// The HTTP server, ready to run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: AppState,
    metrics: Option<(TcpListener, Metrics)>,
    meter: RequestMeter,
    parents: AcceptParents,
    background: Background,
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
        let listener = bind(address)?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address, source })?;
        let metrics = config.metrics_address.map(bind).transpose()?;
        let mut parts = wiring::start(config).await?;
        prepare(&mut parts).await?;
        let state = state(config, address, &parts);
        let background = Background::start(parts.application.clone(), parts.feed);
        let parents = AcceptParents(config.traces.as_ref().is_some_and(|traces| traces.accept_parent));
        let meter = metrics.is_some().then(RequestMeter::on).unwrap_or_default();
        let metrics = metrics
            .map(|listener| (listener, Metrics::new(parts.application, parts.gauges, &meter, state.clock.now())));
        Ok(Self { listener, address, state, metrics, meter, parents, background, config: config.server.clone() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are served, if they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// The state the routes work with.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Serves until `shutdown` is done, then lets requests in flight finish, for as long as is configured.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn run_until(mut self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let mut background = std::mem::take(&mut self.background);
        if let Some((listener, metrics)) = self.metrics.take() {
            background.add(metrics::serve(listener, metrics)?);
        }
        let server = self.launch()?;
        let handle = server.handle();
        let mut serving = tokio::spawn(server);
        tokio::select! {
            // It ended by itself, which it should not.
            result = &mut serving => return result.map_err(io::Error::other)?,
            () = shutdown => {}
        }
        handle.stop(true).await;
        let served = serving.await.map_err(io::Error::other)?;
        background.stop().await;
        served
    }

    /// Starts the workers.
    fn launch(self) -> io::Result<actix_web::dev::Server> {
        let state = web::Data::new(self.state);
        let (docs, meter, parents) = (self.config.docs, self.meter, self.parents);
        let mut server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(meter.clone())
                .app_data(parents)
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

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })
}

/// Waits until the key ring is whole, and reads what has been revoked: nobody is answered before.
async fn prepare(parts: &mut Parts) -> Result<(), StartError> {
    let failed = |error: ApplicationError| match error {
        ApplicationError::ForeignKeys => StartError::ForeignKeys,
        error => StartError::Prepare(chain(&error)),
    };
    let started = Instant::now();
    while let Prepared::Again(wait) = parts.application.prepare_keys().await.map_err(failed)? {
        if started.elapsed() > PREPARE_TIMEOUT {
            return Err(StartError::Prepare("the key ring did not get ready in time".to_owned()));
        }
        tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
    }
    parts.application.follow_revocations(parts.feed.as_mut()).await.map_err(failed)
}

fn state(config: &Config, address: SocketAddr, parts: &Parts) -> AppState {
    let is_url = config.issuer.starts_with("https://") || config.issuer.starts_with("http://");
    let issuer = is_url.then(|| config.issuer.trim_end_matches('/').to_owned());
    let public_url = config.server.public_url.clone().or(issuer);
    AppState {
        application: parts.application.clone(),
        health: Arc::clone(&parts.health),
        ids: Arc::clone(&parts.ids),
        clock: Arc::clone(&parts.clock),
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        public_url: public_url.unwrap_or_else(|| format!("http://{address}")),
        password_policy: config.password_policy,
        runtime: tokio::runtime::Handle::current(),
        request_timeout: config.server.request_timeout,
    }
}
