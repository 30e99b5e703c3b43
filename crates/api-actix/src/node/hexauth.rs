//! Hexauth without a server of its own, for a binary that has one. The `hexauth` binary is also one.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, Error};
use application::keys::Prepared;
use application::users::AdminAccount;
use application::{Application, ApplicationError};
use domain::factors::RequiredOf;
use thiserror::Error;
use tokio::time::timeout;

use super::metrics_server;
use crate::config::{Bootstrap, Config, MailSettings, MailTransport};
use crate::http::AppData;
use crate::http::{ApiError, Cors, Draining, HttpSettings, RateLimits, TokenParties, chain, surround};
use crate::node::background::Background;
use crate::observe::metrics::{Metrics, RequestMeter};
use crate::observe::traces::AcceptParents;
use crate::pages::PageSettings;
use crate::wiring::{self, Connections, Parts, WiringError};
use crate::{docs, features};

/// Longest wait for connections that are in use when the server is to stop.
const MOVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Longest wait for the key ring. A change of the algorithm takes some seconds.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(30);

/// A year, as ASVS 5 asks for. Browsers heed it on https only.
const HSTS: &str = "max-age=31536000";
const HSTS_WITH_SUBDOMAINS: &str = "max-age=31536000; includeSubDomains";

/// Why the server did not start, in words for the operator.
#[derive(Debug, Error)]
pub enum StartError {
    /// Somebody else has the port, or we may not take it.
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
         keys, which voids every access token and every sign-in, with 'hexauth keys rotate --replace --yes'"
    )]
    ForeignKeys,
    /// The signing keys or the revocations could not be read.
    #[error("the signing keys and revocations cannot be read: {0}")]
    Prepare(String),
    /// The admin of the configuration could not be made.
    #[error("the admin of APP_BOOTSTRAP__ADMIN_EMAIL cannot be made: {0}")]
    Bootstrap(String),
}

/// Hexauth, started: the use cases on the configured database, and what a node does in the background.
///
/// ```
/// use actix_web::{App, HttpResponse, test, web};
/// use api_actix::config::{Config, Environment};
/// use api_actix::hexauth::Hexauth;
/// use api_actix::{ApiError, Guarded, wiring};
///
/// // A handler of yours. It cannot be reached without a valid access token.
/// async fn whoami(guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
///     Ok(HttpResponse::Ok().body(guarded.actor.user_id.to_string()))
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite://{}/hexauth.db", folder.path().display());
/// // A program reads Environment::of_process() instead.
/// let config = Config::load(None, Environment::new([("DATABASE_URL", url)]), wiring::CHECKS)?;
/// let hexauth = Hexauth::start(&config, "127.0.0.1:8080".parse()?).await?;
///
/// // In a program this is in http1::Settings::of(&config).serve(listener, move || …), and then comes
/// // hexauth.run_until(server, shutdown).
/// let mount = hexauth.mount();
/// let app = mount.onto(App::new().route("/api/v1/whoami", web::get().to(whoami)));
///
/// let app = test::init_service(app).await;
/// let request = test::TestRequest::get().uri("/api/v1/whoami").to_request();
/// assert_eq!(test::call_service(&app, request).await.status(), 401);
/// let request = test::TestRequest::get().uri("/health/ready").to_request();
/// assert_eq!(test::call_service(&app, request).await.status(), 200);
/// # Ok(())
/// # }
/// ```
pub struct Hexauth {
    application: Application,
    mount: Mount,
    connections: Connections,
    metrics: Option<(TcpListener, Metrics)>,
    background: Background,
    draining: Data<Draining>,
    shutdown_delay: Duration,
}

impl Hexauth {
    /// Migrates the database if so configured, puts the parts together, makes the first admin if the configuration has
    /// one, and begins to follow the other nodes and to clean up.
    ///
    /// `address` is where the server listens; it is the public URL if neither a public URL nor an issuer that is a URL
    /// is configured. Take the port before you call this, so that a second program started by mistake changes nothing.
    ///
    /// # Errors
    /// [`StartError`], every variant.
    pub async fn start(config: &Config, address: SocketAddr) -> Result<Self, StartError> {
        let metrics = config.metrics_address.map(bind).transpose()?;
        let mut parts = wiring::start(config, address).await?;
        warn_of_missing_links(config, address);
        warn_of_sender(config);
        warn_of_lockout(config);
        prepare(&mut parts).await?;
        if let Some(bootstrap) = &config.bootstrap {
            create_first_admin(&parts.application, bootstrap.clone()).await?;
        }
        let meter = metrics.is_some().then(RequestMeter::on).unwrap_or_default();
        let accepts_parents = config.traces.as_ref().is_some_and(|traces| traces.accept_parent);
        let draining = Data::new(Draining::default());
        let data = app_data(config, address, &parts).with(meter.clone()).with(AcceptParents(accepts_parents));
        let mount = Mount { data: data.with(Data::clone(&draining)), docs: config.server.docs };
        let Parts { application, feed, connections, ids, clock, hash_load, .. } = parts;
        let metrics = metrics.map(|listener| {
            let (application, connections) = (application.clone(), connections.clone());
            (listener, Metrics::new(application, connections, hash_load, &meter, clock.now()))
        });
        let mut background = Background::start(application.clone(), feed);
        if let Some(interval) = config.cleanup_interval {
            background.clean_up_every(interval, ids.as_ref());
        }
        let shutdown_delay = config.server.shutdown_delay;
        Ok(Self { application, mount, connections, metrics, background, draining, shutdown_delay })
    }

    /// The use cases. Handlers take the service that they call, such as `web::Data<Users>`, and likewise
    /// `web::Data<dyn Clock>` and `web::Data<dyn Ids>`, in an app that [`Mount::onto`] was given.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// The connections to the database, for tables of your own.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Where metrics are served, if they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// What each worker of a server needs to mount the routes.
    pub fn mount(&self) -> Mount {
        self.mount.clone()
    }

    /// Runs a server until `shutdown` is done, and for the configured delay after that, in which it is not ready and
    /// each response ends its connection. Then lets requests in flight finish, and writes what is left to write. Make
    /// the server with [`http1::Settings::serve`](crate::http1::Settings::serve). A server of actix's own must have its
    /// signals disabled, or it stops before it is told to; it lacks Hexauth's limits on connections. Metrics are served
    /// meanwhile, if they are configured.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn run_until(mut self, server: Server, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        if let Some((listener, metrics)) = self.metrics.take() {
            self.background.serve_metrics(metrics_server::serve(listener, metrics)?);
        }
        let handle = server.handle();
        let mut serving = tokio::spawn(server);
        let served = tokio::select! {
            // It ended by itself, which it should not.
            served = &mut serving => served,
            () = self.drained_after(shutdown) => {
                // The workers end one by one, while requests are in flight in others. Nobody waits for a late one: it
                // fails.
                let _ = timeout(MOVE_TIMEOUT, self.connections.move_here()).await;
                handle.stop(true).await;
                serving.await
            }
        };
        self.background.stop().await;
        served.map_err(io::Error::other)?
    }

    /// Load balancers take some time to notice that a server is not ready, and send it requests meanwhile.
    async fn drained_after(&self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        if !self.shutdown_delay.is_zero() {
            self.draining.begin();
            tokio::time::sleep(self.shutdown_delay).await;
        }
    }
}

/// Mounts Hexauth's routes onto an app of actix.
#[derive(Clone)]
pub struct Mount {
    data: AppData,
    docs: bool,
}

impl Mount {
    /// Adds the routes after those of `app`, and puts around all of them what surrounds every request: its id and log
    /// record, the limit on its time, the net for panics, the headers, and the form of errors, also for actix's own
    /// refusals and unknown paths.
    ///
    /// Register your routes before: after Hexauth's, those under `/api/v1` would not be found. A middleware that `app`
    /// wraps is inside of all this, and what wraps the result is outside.
    pub fn onto<T, B>(
        &self,
        app: App<T>,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<T, B>>,
            Error = Error,
            InitError = (),
        > + use<T, B>,
    >
    where
        T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
            + 'static,
        B: MessageBody + 'static,
    {
        let has_docs = self.docs;
        app.configure(|app| self.data.put(app))
            .configure(features::routes)
            .configure(move |app| {
                if has_docs {
                    docs::routes(app)
                }
            })
            .default_service(web::to(not_found))
            .wrap(from_fn(surround))
    }
}

/// Refuses every path that is not mounted.
async fn not_found() -> Result<(), ApiError> {
    Err(ApiError::NotFound)
}

pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })
}

/// Waits until the key ring is whole, and reads what has been revoked: nobody is served before.
async fn prepare(parts: &mut Parts) -> Result<(), StartError> {
    let failed = |error: ApplicationError| match error {
        ApplicationError::ForeignKeys => StartError::ForeignKeys,
        error => StartError::Prepare(chain(&error)),
    };
    let started = Instant::now();
    while let Prepared::Again(wait) = parts.application.keys.prepare().await.map_err(failed)? {
        if started.elapsed() > PREPARE_TIMEOUT {
            return Err(StartError::Prepare("the key ring did not get ready in time".to_owned()));
        }
        tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
    }
    parts.application.sessions.follow_revocations(parts.feed.as_mut()).await.map_err(failed)
}

/// Makes the admin of the configuration while there is no active admin and nobody has the email. An existing account is
/// never changed.
async fn create_first_admin(application: &Application, bootstrap: Bootstrap) -> Result<(), StartError> {
    let found = application.users.bootstrap_admin(bootstrap.email, bootstrap.password).await;
    match found.map_err(|error| StartError::Bootstrap(chain(&error)))? {
        Some(AdminAccount::Created(user)) => tracing::info!(user = %user.id, "made the admin of the configuration"),
        // Another server may have made it a moment ago.
        None | Some(AdminAccount::AlreadyAdmin(_)) => {
            tracing::info!("an active admin is there already: nothing was changed");
        }
        Some(AdminAccount::NotAdmin(user)) => tracing::warn!(
            user = %user.id,
            "the account with the email of APP_BOOTSTRAP__ADMIN_EMAIL is not an active admin: nothing was changed",
        ),
    }
    Ok(())
}

/// Where clients reach a server that was not told where.
fn own_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        tracing::warn!(%address, "the metadata name an address that no client reaches: set APP_SERVER__PUBLIC_URL");
    }
    format!("http://{address}")
}

/// Relays refuse mails of such a sender, or lose them.
fn warn_of_sender(config: &Config) {
    let sends = |mail: &MailSettings| matches!(mail.transport, MailTransport::Smtp(_));
    if config.mail.as_ref().is_some_and(|mail| sends(mail) && mail.from.contains("hexauth@localhost")) {
        tracing::warn!("mails are from hexauth@localhost, which relays refuse: set APP_MAIL__FROM");
    }
}

/// Mails go without links to pages that nobody would reach.
fn warn_of_missing_links(config: &Config, address: SocketAddr) {
    let has_pages = config.mail.as_ref().is_some_and(|mail| mail.own_links().any(|link| link.page.is_some()));
    if has_pages && wiring::pages_url(config, address).is_none() {
        tracing::warn!("mails have codes and no links to pages: set APP_SERVER__PUBLIC_URL");
    }
}

/// A code that is mailed is what is left to whoever has no second factor in time.
fn warn_of_lockout(config: &Config) {
    if config.mail.is_none() && config.application.second_factor.required_of != RequiredOf::Nobody {
        tracing::warn!(
            "no mail is sent, so whoever sets up no second factor in time is locked out: \
             set APP_MAIL__TRANSPORT, or APP_AUTH__SECOND_FACTOR=optional"
        );
    }
}

/// What handlers and extractors find, each part by itself.
fn app_data(config: &Config, address: SocketAddr, parts: &Parts) -> AppData {
    let public_url = config.public_url().unwrap_or_else(|| own_url(address));
    let hsts = if config.server.hsts_include_subdomains { HSTS_WITH_SUBDOMAINS } else { HSTS };
    let settings = HttpSettings {
        hsts: public_url.starts_with("https://").then_some(hsts),
        public_url,
        request_timeout: config.server.request_timeout,
        proxies: config.server.proxies.clone(),
        cors: Cors::new(&config.cors),
    };
    let description = docs::ServedDocument::at(settings.public_path(), config.application.registration);
    let parties = TokenParties { issuer: config.issuer.clone(), audience: config.audience.clone() };
    features::data(&parts.application)
        .with(Data::from(Arc::clone(&parts.health)))
        .with(Data::from(Arc::clone(&parts.ids)))
        .with(Data::from(Arc::clone(&parts.clock)))
        .with(Data::new(config.application.password_policy))
        .with(Data::new(settings))
        .with(Data::new(description))
        .with(Data::new(parties))
        .with(Data::new(PageSettings::of(config.mail.as_ref())))
        .with(Data::new(RateLimits::new(&config.rate_limits)))
}
