//! Where the adapters are chosen: the one place that names them.

mod connections;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use application::{Application, Ports};
use domain::keys::{RootSecret, SigningKeyRepository};
use domain::passwords::{HashError, PasswordHash, PasswordPolicy, PasswordRepository};
use domain::sessions::{RefreshTokenRepository, RevocationFeed, RevocationRepository};
use domain::tasks::TaskRepository;
use domain::units::UnitOfWorkFactory;
use domain::users::UserRepository;
use domain::{Clock, HealthCheck, IdGenerator, Secret};
use infra_postgres::{PostgresError, PostgresRevocationFeed, PostgresSettings};
use infra_security::{
    Argon2Pool, Argon2Settings, ConfiguredClients, HmacSha256, InvalidArgon2Settings, KeyRing, SealedKeys, SystemClock,
    SystemIds,
};
use infra_sqlite::{SqliteError, SqliteRevocationFeed, SqliteSettings, private_file};
use migration::{Migrator, MigratorTrait, Status, Step};
use thiserror::Error;

pub use connections::Connections;

use crate::config::{Config, Database, DatabaseUrl, Hashing};

pub(crate) use infra_postgres::PoolUsage;
pub(crate) use infra_security::HashLoad;

/// The parts of a node, put together.
pub struct Parts {
    /// The use cases.
    pub application: Application,
    /// Follows what other nodes revoke.
    pub feed: Box<dyn RevocationFeed>,
    /// What all repositories share.
    pub connections: Connections,
    /// Whether the database answers.
    pub health: Arc<dyn HealthCheck>,
    /// Makes ids.
    pub ids: Arc<dyn IdGenerator>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells how busy the hasher is. No port, since no use case asks.
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
    /// Starting the server is not to migrate, but something is pending.
    #[error("{} migrations are pending: run 'hexauth migrate up', or set APP_DATABASE__MIGRATE_ON_START=true", .0.len())]
    Pending(Vec<String>),
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

/// Brings the database up to date, if so configured, and puts the parts together.
///
/// # Errors
/// [`WiringError`], every variant.
pub async fn start(config: &Config) -> Result<Parts, WiringError> {
    // Before anything is made: a spoiled secret is found first.
    let secret = find_secret(config)?;
    bring_up_to_date::<Migrator>(&config.database).await?;
    build(config, secret).await
}

/// Applies what is pending of the migrator `M`, one process at a time. Where starting the server is not to migrate,
/// nothing may be pending. Hexauth's own tables come with [`start`]; call this for tables of your own, whose migrator
/// names a table of its own in `migration_table_name`.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`], [`WiringError::Pending`].
pub async fn bring_up_to_date<M: MigratorTrait>(database: &Database) -> Result<(), WiringError> {
    if !database.migrate_on_start {
        return require_migrated::<M>(database).await;
    }
    for name in migrate_with::<M>(database, Step::Up).await? {
        tracing::info!(name, "migrated");
    }
    Ok(())
}

/// Puts the parts together on a database that must be up to date. Makes no database.
///
/// # Errors
/// [`WiringError`], every variant.
pub(crate) async fn attach(config: &Config) -> Result<Parts, WiringError> {
    let secret = find_secret(config)?;
    require_migrated::<Migrator>(&config.database).await?;
    build(config, secret).await
}

async fn require_migrated<M: MigratorTrait>(database: &Database) -> Result<(), WiringError> {
    let pending = migration_status_with::<M>(database).await?.into_iter().filter(|status| !status.is_applied);
    let pending: Vec<String> = pending.map(|status| status.name).collect();
    if pending.is_empty() { Ok(()) } else { Err(WiringError::Pending(pending)) }
}

async fn build(config: &Config, secret: Option<RootSecret>) -> Result<Parts, WiringError> {
    match &config.database.url {
        DatabaseUrl::Postgres(url) => {
            let settings = postgres(&config.database, url);
            let store = Arc::new(infra_postgres::connect(&settings).await?);
            let feed = Box::new(PostgresRevocationFeed::new(&settings)?);
            let connections = Connections::Postgres(store.connection().clone());
            assemble(config, secret, store, feed, connections)
        }
        DatabaseUrl::Sqlite(url) => {
            let store = Arc::new(infra_sqlite::connect(&sqlite(&config.database, url)).await?);
            let feed = Box::new(SqliteRevocationFeed::new(&store));
            let connections = Connections::Sqlite(store.connection().clone());
            assemble(config, secret, store, feed, connections)
        }
    }
}

/// Applies or reverts migrations of Hexauth's own tables, and answers their names.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`].
pub async fn migrate(database: &Database, step: Step) -> Result<Vec<String>, WiringError> {
    migrate_with::<Migrator>(database, step).await
}

/// Applies or reverts migrations of `M`, one process at a time, and answers their names.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`].
pub async fn migrate_with<M: MigratorTrait>(database: &Database, step: Step) -> Result<Vec<String>, WiringError> {
    Ok(match &database.url {
        DatabaseUrl::Postgres(url) => infra_postgres::migrate_with::<M>(&postgres(database, url), step).await?,
        DatabaseUrl::Sqlite(url) => infra_sqlite::migrate_with::<M>(&sqlite(database, url), step).await?,
    })
}

/// Every migration of Hexauth's own tables, and whether it is applied.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`].
pub async fn migration_status(database: &Database) -> Result<Vec<Status>, WiringError> {
    migration_status_with::<Migrator>(database).await
}

async fn migration_status_with<M: MigratorTrait>(database: &Database) -> Result<Vec<Status>, WiringError> {
    Ok(match &database.url {
        DatabaseUrl::Postgres(url) => infra_postgres::migration_status_with::<M>(&postgres(database, url)).await?,
        DatabaseUrl::Sqlite(url) => infra_sqlite::migration_status_with::<M>(&sqlite(database, url)).await?,
    })
}

fn assemble<S>(
    config: &Config,
    secret: Option<RootSecret>,
    store: Arc<S>,
    feed: Box<dyn RevocationFeed>,
    connections: Connections,
) -> Result<Parts, WiringError>
where
    S: UserRepository
        + PasswordRepository
        + RefreshTokenRepository
        + RevocationRepository
        + SigningKeyRepository
        + TaskRepository
        + UnitOfWorkFactory
        + HealthCheck
        + 'static,
{
    let secret = secret.map_or_else(|| make_secret(config), Ok)?;
    let clock = Arc::new(SystemClock);
    let ids = Arc::new(SystemIds);
    let hasher = Arc::new(Argon2Pool::new(argon2(&config.hashing))?);
    let sealer = Arc::new(SealedKeys::new(&secret));
    let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
    let key_ring = KeyRing::new(store.clone(), sealer.clone(), clock.clone(), issuer, audience);
    let ports = Ports {
        users: store.clone(),
        passwords: store.clone(),
        refresh_tokens: store.clone(),
        revocations: store.clone(),
        signing_keys: store.clone(),
        tasks: store.clone(),
        units_of_work: store.clone(),
        password_hasher: hasher.clone(),
        access_tokens: Arc::new(key_ring),
        key_factory: sealer,
        client_secrets: Arc::new(ConfiguredClients::new(config.clients.clone(), hasher.clone())),
        mac: Arc::new(HmacSha256::new(&secret)),
        ids: ids.clone(),
        clock: clock.clone(),
    };
    let application = Application::new(ports, config.application);
    let hash_load = Box::new(move || hasher.load());
    Ok(Parts { application, feed, connections, health: store, ids, clock, hash_load })
}

/// A new password that the policy takes, with 160 random bits or more.
pub(crate) fn generate_password(policy: &PasswordPolicy) -> Secret {
    infra_security::generate_password(policy)
}

/// Finds out whether the password hasher could compare a password with this hash.
///
/// # Errors
/// [`HashError::Unusable`].
pub(crate) fn check_stored_hash(hash: &PasswordHash, hashing: &Hashing) -> Result<(), HashError> {
    argon2(hashing).check_stored(hash)
}

/// Whether the driver can read this URL.
pub(crate) fn is_postgres_url(url: &str) -> bool {
    PostgresSettings::new(url).check().is_ok()
}

fn postgres(database: &Database, url: &str) -> PostgresSettings {
    PostgresSettings {
        url: url.to_owned(),
        max_connections: database.max_connections,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
        prepared_statements: database.prepared_statements,
    }
}

fn sqlite(database: &Database, url: &str) -> SqliteSettings {
    SqliteSettings {
        url: url.to_owned(),
        max_readers: database.max_connections,
        acquire_timeout: database.acquire_timeout,
    }
}

fn argon2(hashing: &Hashing) -> Argon2Settings {
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

/// The configured secret, or the one that was made for development before.
fn find_secret(config: &Config) -> Result<Option<RootSecret>, WiringError> {
    if let Some(secret) = &config.secret_key {
        return Ok(Some(secret.clone()));
    }
    let file = secret_file(config);
    match fs::read_to_string(&file) {
        Ok(text) => parse_secret(file, &Secret::new(text)).map(Some),
        // Where there is no folder, either, it is for the database to say so.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(WiringError::Secret { file, source }),
    }
}

/// Makes a secret for development and keeps it beside the data, so that tokens outlive a restart. Of several processes
/// at once, all use the one that came first. Production does not get here: there the configuration has a secret.
fn make_secret(config: &Config) -> Result<RootSecret, WiringError> {
    let file = secret_file(config);
    let text = keep_secret(&file).map_err(|source| WiringError::Secret { file: file.clone(), source })?;
    parse_secret(file, &text)
}

fn secret_file(config: &Config) -> PathBuf {
    config.database.url.data_folder().join("hexauth.secret")
}

fn parse_secret(file: PathBuf, text: &Secret) -> Result<RootSecret, WiringError> {
    let Ok(secret) = RootSecret::parse(text.expose().trim()) else { return Err(WiringError::BadSecret(file)) };
    tracing::warn!(file = %file.display(), "APP_SECRET_KEY is not set: using a secret made for development");
    Ok(secret)
}

/// Writes the secret whole under a name of its own, and then gives it its real name if nobody else has it: a reader
/// never sees half of it.
fn keep_secret(file: &Path) -> io::Result<Secret> {
    let folder = private_file::folder_of(file);
    private_file::create_folder(folder)?;
    let own = file.with_extension(format!("secret.{}", std::process::id()));
    // Left behind by one with the same number that was killed.
    let _ = fs::remove_file(&own);
    let secret = infra_security::generate_secret();
    let mut written = private_file::create(&own, folder)?;
    written.write_all(secret.expose().as_bytes())?;
    written.sync_all()?;
    let linked = fs::hard_link(&own, file);
    fs::remove_file(&own)?;
    match linked {
        Ok(()) => Ok(secret),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::read_to_string(file).map(Secret::new),
        Err(error) => Err(error),
    }
}
