//! The root secret: the configured one, or one that is made for development and kept in a file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use domain::Secret;
use domain::keys::RootSecret;
use infra_sqlite::private_file;

use super::WiringError;
use crate::config::Config;

/// The configured secret, or the one that was made for development before.
pub(super) fn find_secret(config: &Config) -> Result<Option<RootSecret>, WiringError> {
    if let Some(secret) = &config.secret_key {
        return Ok(Some(secret.clone()));
    }
    let file = secret_file(config);
    match fs::read_to_string(&file) {
        Ok(text) => parse_secret(file, &Secret::new(text)).map(Some),
        // If the folder is missing, too, the database reports that.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(WiringError::Secret { file, source }),
    }
}

/// Makes a secret for development and keeps it beside the data, so that tokens outlive a restart. Several processes at
/// once all use the first one. Production does not get here: there the configuration has a secret.
pub(super) fn make_secret(config: &Config) -> Result<RootSecret, WiringError> {
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
    // Left behind by a process with the same number that was killed.
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
