use domain::StoreError;
use migration::MigrateError;
use sea_orm::{DbErr, RuntimeErr};
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

use crate::UrlError;

/// Why PostgreSQL cannot be used, in words for the operator. No password is in them.
#[derive(Debug, Error)]
pub enum PostgresError {
    /// The URL cannot be read.
    #[error("the PostgreSQL URL cannot be read: {0}")]
    Url(#[from] UrlError),
    /// The server rejects the connection.
    #[error("cannot connect to PostgreSQL at {host}:{port}, database '{database}': {source}{}", advice(source))]
    Connect {
        /// Where.
        host: String,
        /// Where.
        port: u16,
        /// Which.
        database: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The server is too old.
    #[error("the server is PostgreSQL {0}: Hexauth needs 13 or later")]
    Version(String),
    /// There is no schema to find tables in.
    #[error(
        "none of the schemas in the search_path of the role is there, or it may not use them: make one with CREATE \
         SCHEMA, or GRANT USAGE on it"
    )]
    NoSchema,
    /// The database cannot hold what people write.
    #[error("the database has the encoding {0}: make one with the encoding UTF8")]
    Encoding(String),
    /// Another node holds the lock for too long.
    #[error("another node has been migrating the database for over {0} seconds")]
    Locked(u64),
    /// A migration failed, or cannot be reverted before one that this program does not know.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] MigrateError),
}

impl From<DbErr> for PostgresError {
    fn from(error: DbErr) -> Self {
        MigrateError::from(error).into()
    }
}

impl PostgresError {
    pub(crate) fn connect(options: &PgConnectOptions, source: sqlx::Error) -> Self {
        Self::Connect {
            host: match options.get_socket() {
                Some(folder) => folder.display().to_string(),
                None => options.get_host().to_owned(),
            },
            port: options.get_port(),
            database: options.get_database().unwrap_or(options.get_username()).to_owned(),
            source,
        }
    }
}

/// What the driver's words about TLS leave open.
fn advice(error: &sqlx::Error) -> &'static str {
    match error.to_string() {
        text if text.contains("UnknownIssuer") => ": no authority of sslrootcert has signed the server's certificate",
        text if text.contains("not support TLS") => ": turn it on there (ssl = on), or choose another sslmode",
        _ => "",
    }
}

/// An error of the driver, as all others come.
pub(crate) fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// What an error that does not concern a single row means to a use case.
pub fn unavailable_or_internal(error: DbErr) -> StoreError {
    infra_seaorm::unavailable_or_internal(error, is_transient)
}

/// Whether trying again after this error may succeed.
pub(crate) fn is_transient(error: &DbErr) -> bool {
    infra_seaorm::is_transient(error, is_transient_code)
}

/// By SQLSTATE (PostgreSQL manual, appendix A).
fn is_transient_code(code: &str) -> bool {
    const CLASSES: [&str; 3] = [
        "08", // connection exception
        "53", // insufficient resources
        "57", // operator intervention: shut down, starting up, statement timeout
    ];
    const CODES: [&str; 6] = [
        "25006", // read-only: a standby after a fail-over
        "25P03", // idle in transaction for too long
        "40001", // serialization failure
        "40P01", // deadlock
        "55006", // object in use
        "55P03", // lock not available
    ];
    CLASSES.iter().any(|class| code.starts_with(class)) || CODES.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::is_transient_code;

    #[test]
    fn faults_that_pass_are_told_from_faults_that_stay() {
        for code in ["08006", "53300", "57P01", "57014", "40P01", "25006"] {
            assert!(is_transient_code(code), "{code}");
        }
        for code in ["23505", "42P01", "42601", "22021"] {
            assert!(!is_transient_code(code), "{code}");
        }
    }
}
