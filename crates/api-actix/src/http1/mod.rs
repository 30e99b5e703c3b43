//! How HTTP/1.1 is spoken on a connection, and with whom: one request at a time, each step within its limit.
//!
//! actix-http's own dispatcher decodes every pipelined request that it has read, limits the time of a connection's
//! first head only, limits no time of writing, and tells clients to go on with a body before anybody wants it. So the
//! loop over a connection's requests is ours. Parsing and encoding are actix-http's, workers are actix-server's, and
//! the app is actix-web's. See `docs/adr/0009-connections.md`.

mod body;
mod clients;
mod connection;
mod descriptors;
mod sockets;
mod watch;
mod wire;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_http::{Request, ServiceConfig};
use actix_service::{IntoServiceFactory, ServiceFactory, fn_factory, fn_service};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Response, Server};
use actix_web::{Error, rt};
use tokio::net::TcpStream;

use crate::config::{Config, Proxies};

use clients::Clients;
use connection::Connection;

/// Most connections of all clients together, if as many descriptors may be open.
const MAX_CONNECTIONS: usize = 10_000;
/// Most connections to what is for operators only.
const OPERATORS_CONNECTIONS: usize = 16;
/// Longest idle time of such a connection. Longer than the usual minute between two scrapes.
const OPERATORS_KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How an app is served.
pub struct Settings {
    workers: usize,
    connections: usize,
    connections_per_client: usize,
    keep_alive: Duration,
    shutdown_timeout: Duration,
    proxies: Proxies,
}

impl Settings {
    /// As configured. Raises the number of descriptors that this process may have open to the highest that the system
    /// allows, and accepts no more connections than these suffice for, apart from those to the database.
    pub fn of(config: &Config) -> Self {
        let server = &config.server;
        let workers = server.workers.unwrap_or_else(|| available_parallelism().map_or(1, NonZero::get));
        let connections = descriptors::connections_that_fit(&config.database, workers).min(MAX_CONNECTIONS);
        Self {
            workers,
            connections,
            connections_per_client: server.connections_per_client.unwrap_or(connections),
            keep_alive: server.keep_alive,
            shutdown_timeout: server.shutdown_timeout,
            proxies: server.proxies.clone(),
        }
    }

    /// For an app that is for operators only.
    pub(crate) fn for_operators() -> Self {
        Self {
            workers: 1,
            connections: OPERATORS_CONNECTIONS,
            connections_per_client: OPERATORS_CONNECTIONS,
            keep_alive: OPERATORS_KEEP_ALIVE,
            shutdown_timeout: Duration::ZERO,
            proxies: Proxies::default(),
        }
    }

    /// Serves an app on a port, within Hexauth's limits on connections: 10 s for each head, the configured time between
    /// requests, 30 s in which a client takes nothing of its response, and this many connections at a time. It ends by
    /// the server's handle, and not by signals: [`Hexauth::run_until`](crate::node::hexauth::Hexauth::run_until) sees
    /// to that.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn serve<F, I, S, B>(self, listener: TcpListener, app: F) -> io::Result<Server>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request> + 'static,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<Error>,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>>,
        B: MessageBody + 'static,
    {
        sockets::bound(&listener);
        let clients = Arc::new(Clients::new(self.connections_per_client, self.connections, self.proxies));
        let builder = Server::build()
            .workers(self.workers)
            .max_concurrent_connections((self.connections / self.workers).max(1))
            .shutdown_timeout(whole_seconds(self.shutdown_timeout))
            .disable_signals();
        let keep_alive = self.keep_alive;
        let stopping = builder.graceful_shutdown_signal();
        let each_worker = move || {
            let (app, clients, stopping) = (app.clone(), Arc::clone(&clients), stopping.clone());
            fn_factory(move || {
                let (app, clients, stopping) = (app(), Arc::clone(&clients), stopping.clone());
                async move {
                    let app = app.into_factory().new_service(AppConfig::default()).await;
                    let app = Rc::new(app.map_err(|error| tracing::error!(?error, "a worker cannot start"))?);
                    // One for all connections of a worker, which share the text of the Date header.
                    let codec = ServiceConfig::default();
                    let is_stopping = Rc::new(Cell::new(false));
                    let (signal, flag) = (stopping.clone(), Rc::clone(&is_stopping));
                    rt::spawn(async move {
                        signal.notified().await;
                        flag.set(true);
                    });
                    Ok::<_, ()>(fn_service(move |stream: TcpStream| {
                        let (app, clients, stopping) = (Rc::clone(&app), Arc::clone(&clients), stopping.clone());
                        let (codec, is_stopping) = (codec.clone(), Rc::clone(&is_stopping));
                        async move {
                            match clients.admit(&stream) {
                                Some(place) => {
                                    let connection = Connection::new(stream, place, codec, keep_alive, is_stopping);
                                    connection.serve(app.as_ref(), stopping.notified()).await;
                                }
                                None => clients.refuse(stream).await,
                            }
                            Ok::<(), ()>(())
                        }
                    }))
                }
            })
        };
        Ok(builder.listen("hexauth", listener, each_worker)?.run())
    }
}

/// The server counts in seconds: a part of a second is rounded up.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
