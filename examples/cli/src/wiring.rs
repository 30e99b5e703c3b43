//! Where the adapters are chosen: a SQLite file, and the cryptography of the operating system. This program has the
//! services that it needs, and no others.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use application::Hashing;
use application::Settings;
use application::attempts::{Attempts, Lines};
use application::events::Journal;
use application::factors::SecondFactors;
use application::keys::Keys;
use application::one_time_tokens::OneTimeTokens;
use application::passkeys::Ceremonies;
use application::passwords::{Outages, Passwords, Screening};
use application::sessions::{Activity, Sessions, TokenIssuer};
use application::sign_in::SignIn;
use application::sudo::Sudo;
use application::users::Users;
use domain::keys::RootSecret;
use domain::users::UserRepository;
use infra_security::{
    Argon2Pool, Argon2Settings, HmacSha256, KeyRing, SealedKeys, SealedTotp, SystemClock, SystemIds, ZxcvbnMeter,
};
use infra_sqlite::SqliteSettings;
use migration::Step;

/// `iss` and `aud` of the tokens, which do not leave this program.
const NAME: &str = "example-cli";

/// What the commands use.
pub(crate) struct Services {
    pub(crate) users: Users,
    pub(crate) sign_in: SignIn,
    pub(crate) sessions: Sessions,
    pub(crate) keys: Keys,
    pub(crate) accounts: Arc<dyn UserRepository>,
}

/// Migrates the database, creating it if there is none, and puts the services on it.
pub(crate) async fn open(url: &str, secret_file: &Path) -> Result<Services, Box<dyn Error>> {
    let secret = fs::read_to_string(secret_file).map_err(|error| format!("{}: {error}", secret_file.display()))?;
    let secret = RootSecret::parse(secret.trim())?;
    let database = SqliteSettings::new(url);
    infra_sqlite::migrate(&database, Step::Up).await?;

    let settings = Settings::default();
    let access_token_ttl = settings.access_token_ttl;
    let store = Arc::new(infra_sqlite::connect(&database).await?);
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let hasher = Arc::new(Argon2Pool::new(Argon2Settings::default())?);
    let sealer = Arc::new(SealedKeys::new(&secret));
    let access_tokens =
        Arc::new(KeyRing::new(store.clone(), sealer.clone(), clock.clone(), NAME.to_owned(), NAME.to_owned()));

    let journal = Journal::new(access_tokens.clone(), ids.clone(), clock.clone(), access_token_ttl);
    let hashing = Hashing::new(hasher, settings.sign_in_connections, settings.sign_in_patience);
    let mac = Arc::new(HmacSha256::new(&secret));
    let issuer = TokenIssuer {
        access_tokens: access_tokens.clone(),
        mac: mac.clone(),
        ids: ids.clone(),
        client_id: settings.client_id,
        claims: settings.claims,
        access_token_ttl,
    };
    let attempts = Attempts {
        attempts: store.clone(),
        refresh_tokens: store.clone(),
        mac: mac.clone(),
        clock: clock.clone(),
        lines: Lines::default(),
    };
    // This program sends no mail.
    let one_time_tokens = OneTimeTokens {
        tokens: store.clone(),
        attempts: store.clone(),
        mac: mac.clone(),
        ids: ids.clone(),
        clock: clock.clone(),
        sends_mail: false,
    };
    let screening = Screening {
        policy: settings.password_policy,
        meter: Arc::new(ZxcvbnMeter::new(1)),
        breached: None,
        app_name: NAME.to_owned(),
        outages: Outages::default(),
    };
    // Nor does it have passkeys.
    let ceremonies = Ceremonies {
        passkeys: store.clone(),
        ceremonies: store.clone(),
        web_authn: None,
        ids: ids.clone(),
        clock: clock.clone(),
    };
    let second_factors = SecondFactors {
        factors: store.clone(),
        ceremonies,
        totp: Arc::new(SealedTotp::new(&secret, NAME)),
        attempts: store.clone(),
        mac,
        clock: clock.clone(),
        policy: settings.second_factor,
    };
    let sudo =
        Sudo { refresh_tokens: store.clone(), second_factors: second_factors.clone(), window: settings.sudo_window };
    let passwords = Passwords {
        users: store.clone(),
        one_time_tokens: one_time_tokens.clone(),
        passwords: store.clone(),
        units: store.clone(),
        attempts: attempts.clone(),
        hashing: hashing.clone(),
        clock: clock.clone(),
        journal: journal.clone(),
        screening,
        sudo,
    };
    Ok(Services {
        users: Users { users: store.clone(), passwords, ids: ids.clone(), registration: settings.registration },
        sign_in: SignIn {
            passwords: store.clone(),
            units: store.clone(),
            attempts,
            one_time_tokens,
            second_factors,
            hashing,
            issuer: issuer.clone(),
            ids: ids.clone(),
            clock: clock.clone(),
            journal: journal.clone(),
            policy: settings.refresh,
            registration: settings.registration,
            email_sign_in: settings.email_sign_in,
        },
        sessions: Sessions {
            refresh_tokens: store.clone(),
            users: store.clone(),
            units: store.clone(),
            issuer,
            clock: clock.clone(),
            journal: journal.clone(),
            activity: Activity::default(),
            policy: settings.refresh,
        },
        keys: Keys {
            signing_keys: store.clone(),
            units: store.clone(),
            factory: sealer,
            access_tokens,
            ids,
            clock,
            journal,
            algorithm: settings.algorithm,
            rotate_after: settings.rotate_keys_after,
            access_token_ttl,
        },
        accounts: store,
    })
}
