//! Where the adapters are chosen: a SQLite file, and the cryptography of the operating system.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use application::{Application, Ports, Settings};
use domain::keys::RootSecret;
use domain::users::UserRepository;
use infra_security::{
    Argon2Pool, Argon2Settings, ConfiguredClients, HmacSha256, KeyRing, SealedKeys, SystemClock, SystemIds,
};
use infra_sqlite::SqliteSettings;
use migration::Step;

/// `iss` and `aud` of the tokens, which do not leave this program.
const NAME: &str = "example-cli";

/// Migrates the database, creating it if there is none, and puts the use cases on it.
pub(crate) async fn open(
    url: &str,
    secret_file: &Path,
) -> Result<(Application, Arc<dyn UserRepository>), Box<dyn Error>> {
    let secret = fs::read_to_string(secret_file).map_err(|error| format!("{}: {error}", secret_file.display()))?;
    let secret = RootSecret::parse(secret.trim())?;
    let database = SqliteSettings::new(url);
    infra_sqlite::migrate(&database, Step::Up).await?;

    let store = Arc::new(infra_sqlite::connect(&database).await?);
    let clock = Arc::new(SystemClock);
    let hasher = Arc::new(Argon2Pool::new(Argon2Settings::default())?);
    let sealer = Arc::new(SealedKeys::new(&secret));
    let key_ring = KeyRing::new(store.clone(), sealer.clone(), clock.clone(), NAME.to_owned(), NAME.to_owned());
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
        client_secrets: Arc::new(ConfiguredClients::new(BTreeMap::new(), hasher)),
        mac: Arc::new(HmacSha256::new(&secret)),
        ids: Arc::new(SystemIds),
        clock,
    };
    Ok((Application::new(ports, Settings::default()), store))
}
