//! Where the adapters are chosen: the one place that names them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use application::{Application, Ports};
use domain::ports::{HealthCheck, RefreshTokenRepository, UnitOfWorkFactory, UserRepository};
use domain::{RootSecret, Secret};
use infra_postgres::{PostgresError, PostgresSettings};
use infra_security::{
    Argon2Pool, Argon2Settings, HmacSha256, Hs256AccessTokens, InvalidArgon2Settings, SystemClock, SystemIds,
};
use infra_sqlite::{SqliteError, SqliteSettings};
use migration::{Status, Step};
use thiserror::Error;

use crate::config::{Config, Database, DatabaseUrl, Hashing};
use crate::state::AppState;

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

/// Brings the database up to date, if so configured, and puts the parts of the server together.
///
/// # Errors
/// [`WiringError`], every variant.
pub async fn start(config: &Config) -> Result<AppState, WiringError> {
    if config.database.migrate_on_start {
        for name in migrate(&config.database, Step::Up).await? {
            tracing::info!(name, "migrated");
        }
    } else {
        let pending = migration_status(&config.database).await?.into_iter().filter(|status| !status.is_applied);
        let pending: Vec<String> = pending.map(|status| status.name).collect();
        if !pending.is_empty() {
            return Err(WiringError::Pending(pending));
        }
    }
    build(config).await
}

/// Puts the parts together on a database that is up to date.
///
/// # Errors
/// [`WiringError`], every variant but `Pending`.
pub async fn build(config: &Config) -> Result<AppState, WiringError> {
    match &config.database.url {
        DatabaseUrl::Postgres(url) => {
            let store = infra_postgres::connect(&postgres(&config.database, url)).await?;
            assemble(config, Arc::new(store))
        }
        DatabaseUrl::Sqlite(url) => {
            let store = infra_sqlite::connect(&sqlite(&config.database, url)).await?;
            assemble(config, Arc::new(store))
        }
    }
}

/// Applies or reverts migrations, and answers their names.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`].
pub async fn migrate(database: &Database, step: Step) -> Result<Vec<String>, WiringError> {
    Ok(match &database.url {
        DatabaseUrl::Postgres(url) => infra_postgres::migrate(&postgres(database, url), step).await?,
        DatabaseUrl::Sqlite(url) => infra_sqlite::migrate(&sqlite(database, url), step).await?,
    })
}

/// Every migration and whether it is applied.
///
/// # Errors
/// [`WiringError::Postgres`], [`WiringError::Sqlite`].
pub async fn migration_status(database: &Database) -> Result<Vec<Status>, WiringError> {
    Ok(match &database.url {
        DatabaseUrl::Postgres(url) => infra_postgres::migration_status(&postgres(database, url)).await?,
        DatabaseUrl::Sqlite(url) => infra_sqlite::migration_status(&sqlite(database, url)).await?,
    })
}

fn assemble<S>(config: &Config, store: Arc<S>) -> Result<AppState, WiringError>
where
    S: UserRepository + RefreshTokenRepository + UnitOfWorkFactory + HealthCheck + 'static,
{
    let secret = root_secret(config)?;
    let clock = Arc::new(SystemClock);
    let ids = Arc::new(SystemIds);
    let ports = Ports {
        users: store.clone(),
        refresh_tokens: store.clone(),
        units_of_work: store.clone(),
        password_hasher: Arc::new(Argon2Pool::new(argon2(&config.hashing))?),
        access_tokens: Arc::new(Hs256AccessTokens::new(&secret, config.issuer.clone(), config.audience.clone())),
        mac: Arc::new(HmacSha256::new(&secret)),
        ids: ids.clone(),
        clock: clock.clone(),
    };
    Ok(AppState {
        application: Application::new(ports, config.application),
        health: store,
        ids,
        clock,
        password_policy: config.password_policy,
        request_timeout: config.server.request_timeout,
    })
}

fn postgres(database: &Database, url: &str) -> PostgresSettings {
    PostgresSettings {
        url: url.to_owned(),
        max_connections: database.max_connections,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
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

/// The configured secret. In development without one, it is made once and kept beside the data, so that tokens
/// outlive a restart; production does not get here without one.
fn root_secret(config: &Config) -> Result<RootSecret, WiringError> {
    if let Some(secret) = &config.secret_key {
        return Ok(secret.clone());
    }
    let file = config.database.url.data_folder().join("hexauth.secret");
    let text = read_or_make_secret(&file).map_err(|source| WiringError::Secret { file: file.clone(), source })?;
    tracing::warn!(file = %file.display(), "APP_SECRET_KEY is not set: using a secret made for development");
    RootSecret::parse(text.expose().trim()).map_err(|_| WiringError::BadSecret(file))
}

fn read_or_make_secret(file: &Path) -> io::Result<Secret> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Ok(mut new) => {
            let secret = infra_security::generate_secret();
            new.write_all(secret.expose().as_bytes())?;
            Ok(secret)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::read_to_string(file).map(Secret::new),
        Err(error) => Err(error),
    }
}
