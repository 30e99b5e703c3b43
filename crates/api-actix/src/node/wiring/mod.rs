//! Where the adapters are chosen: the one place that names them.

mod connections;
mod mail;
mod migrate;
mod providers;
mod secret;
mod services;
#[cfg(test)]
mod tests;
mod webauthn;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use application::Application;
use domain::keys::RootSecret;
use domain::passwords::{BreachedPasswords, PasswordPolicy};
use domain::sessions::RevocationFeed;
use domain::{Clock, HealthCheck, Ids, Secret};
use infra_mail::MailSetupError;
use infra_postgres::{PostgresError, PostgresRevocationFeed, PostgresSettings};
use infra_seaorm::{SqlConnections, Store};
use infra_security::{
    Argon2Pool, Argon2Settings, BreachedFile, BreachedFileError, ConfiguredClients, HmacSha256, InvalidArgon2Settings,
    KeyRing, SealedKeys, SealedResponses, SealedTotp, Sha256Challenges, SystemClock, SystemIds, ZxcvbnMeter,
};
use infra_sqlite::{SqliteError, SqliteRevocationFeed, SqliteSettings};
use infra_web::{InvalidProvider, InvalidRangeUrl, RangeApi, WebProviders};
use infra_webauthn::InvalidRelyingParty;
use migration::Migrator;
use thiserror::Error;

pub use connections::Connections;
pub use migrate::{bring_up_to_date, migrate, migrate_with, migration_status};
pub use services::{Adapters, services};

use crate::config::{BreachedList, Checks, Config, DatabaseSettings, DatabaseUrl, HashingSettings};
use migrate::require_migrated;
use secret::{find_secret, make_secret};

pub(crate) use mail::pages_url;

pub(crate) use infra_postgres::PoolUsage;
pub(crate) use infra_security::{HashLoad, import_breached};

/// What adapters know about settings, for [`Config::load`].
pub const CHECKS: Checks = Checks {
    check_postgres_url: |url| {
        PostgresSettings::new(url).map(drop).map_err(|error| PostgresError::from(error).to_string())
    },
    check_stored_hash: |hash, hashing| argon2(hashing).check_stored(hash),
    check_range_url: |url| RangeApi::new(url).map(drop).map_err(|error| error.to_string()),
    check_issuer: |url| WebProviders::check_issuer(url).map_err(|error| error.to_string()),
    check_mail: mail::faults,
    check_webauthn: webauthn::faults,
};

/// The parts of a node, put together.
pub struct Parts {
    /// The use cases.
    pub application: Application,
    /// Follows what other nodes revoke.
    pub feed: Box<dyn RevocationFeed>,
    /// What all repositories share.
    pub connections: Connections,
    /// Whether the database responds.
    pub health: Arc<dyn HealthCheck>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells how busy the hasher is. It is not a port, since no use case asks.
    pub(crate) hash_load: HashGauge,
}

pub(crate) type HashGauge = Box<dyn Fn() -> HashLoad + Send + Sync>;

/// Why the parts could not be put together, in words for the operator.
#[derive(Debug, Error)]
pub enum WiringError {
    /// PostgreSQL cannot be used.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// The SQLite file cannot be used.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// The password hasher cannot be made.
    #[error("the password hasher cannot be started: {0}")]
    Hasher(#[from] InvalidArgon2Settings),
    /// Starting the server must not migrate, but something is pending.
    #[error("{} migrations are pending: run 'hexauth migrate up', or set APP_DATABASE__MIGRATE_ON_START=true", .0.len())]
    Pending(Vec<String>),
    /// The list of breached passwords cannot be used.
    #[error(transparent)]
    BreachedFile(#[from] BreachedFileError),
    /// Breached passwords cannot be asked for at this URL.
    #[error("breached passwords cannot be asked for: {0}")]
    RangeApi(#[from] InvalidRangeUrl),
    /// An identity provider cannot be used.
    #[error("an identity provider cannot be used: {0}")]
    Provider(#[from] InvalidProvider),
    /// Mail cannot be sent by these settings.
    #[error("mail cannot be sent: {0}")]
    Mail(#[from] MailSetupError),
    /// Passkeys cannot be made by these settings.
    #[error("passkeys cannot be made: {0}")]
    WebAuthn(#[from] InvalidRelyingParty),
    /// The development secret cannot be kept.
    #[error("cannot keep the development secret in {file}: {source}", file = file.display())]
    Secret {
        /// Where.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The development secret was tampered with.
    #[error("the development secret in {file} is not valid: delete the file to have another made", file = .0.display())]
    BadSecret(PathBuf),
}

/// Brings the database up to date, if so configured, and puts the parts together. `address` is where the server
/// listens.
///
/// # Errors
/// [`WiringError`], every variant.
pub async fn start(config: &Config, address: SocketAddr) -> Result<Parts, WiringError> {
    // Before anything is made: a spoiled secret is found first.
    let secret = find_secret(config)?;
    bring_up_to_date::<Migrator>(&config.database).await?;
    build(config, address, secret).await
}

/// Puts the parts together on a database that must be up to date. Makes no database.
///
/// # Errors
/// [`WiringError`], every variant.
pub(crate) async fn attach(config: &Config) -> Result<Parts, WiringError> {
    let secret = find_secret(config)?;
    require_migrated::<Migrator>(&config.database).await?;
    build(config, config.server.address(), secret).await
}

async fn build(config: &Config, address: SocketAddr, secret: Option<RootSecret>) -> Result<Parts, WiringError> {
    match &config.database.url {
        DatabaseUrl::Postgres(url) => {
            let settings = postgres(&config.database, url)?;
            let store = Arc::new(infra_postgres::connect(&settings).await?);
            let feed = Box::new(PostgresRevocationFeed::new(&settings));
            assemble(config, address, secret, store, feed)
        }
        DatabaseUrl::Sqlite(url) => {
            let store = Arc::new(infra_sqlite::connect(&sqlite(&config.database, url)).await?);
            let feed = Box::new(SqliteRevocationFeed::new(&store));
            assemble(config, address, secret, store, feed)
        }
    }
}

fn assemble<C: SqlConnections + Clone + Into<Connections> + 'static>(
    config: &Config,
    address: SocketAddr,
    secret: Option<RootSecret>,
    store: Arc<Store<C>>,
    feed: Box<dyn RevocationFeed>,
) -> Result<Parts, WiringError> {
    let secret = secret.map_or_else(|| make_secret(config), Ok)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = Arc::new(SystemIds);
    let hashing = argon2(&config.hashing);
    let hasher = Arc::new(Argon2Pool::new(hashing)?);
    let sealer = Arc::new(SealedKeys::new(&secret));
    let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
    let key_ring = KeyRing::new(store.clone(), sealer.clone(), clock.clone(), issuer, audience);
    let adapters = Adapters {
        password_hasher: hasher.clone(),
        strength_meter: Arc::new(ZxcvbnMeter::new(hashing.threads)),
        breached_passwords: config.breached.as_ref().map(breached_passwords).transpose()?,
        access_tokens: Arc::new(key_ring),
        key_factory: sealer,
        client_secrets: Arc::new(ConfiguredClients::new(config.clients.clone(), hasher.clone())),
        mac: Arc::new(HmacSha256::new(&secret)),
        totp: Arc::new(SealedTotp::new(&secret, &config.application.app_name)),
        web_authn: webauthn::web_authn(config)?,
        providers: providers::providers(config, address, &clock)?,
        code_challenges: Arc::new(Sha256Challenges),
        provider_responses: Arc::new(SealedResponses::new(&secret)),
        ids: ids.clone(),
        clock: clock.clone(),
        mailer: mail::mailer(config, address)?,
    };
    let application = services(&store, adapters, config.application.clone());
    let connections = store.connection().clone().into();
    let hash_load = Box::new(move || hasher.load());
    Ok(Parts { application, feed, connections, health: store, ids, clock, hash_load })
}

fn breached_passwords(list: &BreachedList) -> Result<Arc<dyn BreachedPasswords>, WiringError> {
    Ok(match list {
        BreachedList::File(path) => Arc::new(BreachedFile::open(path)?),
        BreachedList::Url(url) => Arc::new(RangeApi::new(url)?),
    })
}

/// A new password that the policy takes, with 160 random bits or more.
pub(crate) fn generate_password(policy: &PasswordPolicy) -> Secret {
    infra_security::generate_password(policy)
}

fn postgres(database: &DatabaseSettings, url: &str) -> Result<PostgresSettings, PostgresError> {
    Ok(PostgresSettings {
        max_connections: database.max_connections,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
        prepared_statements: database.prepared_statements,
        ..PostgresSettings::new(url)?
    })
}

fn sqlite(database: &DatabaseSettings, url: &str) -> SqliteSettings {
    SqliteSettings {
        url: url.to_owned(),
        max_readers: database.max_connections,
        acquire_timeout: database.acquire_timeout,
    }
}

fn argon2(hashing: &HashingSettings) -> Argon2Settings {
    let defaults = Argon2Settings::default();
    Argon2Settings {
        memory_kib: hashing.memory_kib,
        iterations: hashing.iterations,
        parallelism: hashing.parallelism,
        threads: hashing.threads.unwrap_or(defaults.threads),
        queue: hashing.queue,
        max_memory_kib: hashing.max_memory_kib,
        max_iterations: hashing.max_iterations,
    }
}
