//! Which service gets which adapter.

use std::sync::Arc;

use application::Hashing;
use application::attempts::{AttemptCounts, Attempts, Lines};
use application::clients::Clients;
use application::emails::Emails;
use application::events::Journal;
use application::exports::Exports;
use application::factors::{Factors, SecondFactors};
use application::keys::Keys;
use application::mail::{Mail, Observed};
use application::node::Node;
use application::one_time_tokens::OneTimeTokens;
use application::passkeys::{Ceremonies, Passkeys};
use application::passwords::{Outages, Passwords, Screening};
use application::providers::Providers;
use application::sessions::{Activity, Sessions, TokenIssuer};
use application::sign_in::SignIn;
use application::sudo::Sudo;
use application::tasks::Tasks;
use application::users::Users;
use application::{Application, Settings};
use domain::access_tokens::AccessTokens;
use domain::clients::ClientSecrets;
use domain::factors::TotpSecrets;
use domain::keys::SigningKeyFactory;
use domain::mail::Mailer;
use domain::passkeys::WebAuthn;
use domain::passwords::{BreachedPasswords, PasswordHasher, StrengthMeter};
use domain::providers::{CodeChallenges, IdentityProviders, ResponseSeal};
use domain::{Clock, Ids, Mac};
use infra_seaorm::{SqlConnections, Store};

/// What the services need apart from the database.
pub struct Adapters {
    /// Hashes passwords.
    pub password_hasher: Arc<dyn PasswordHasher>,
    /// Tells how hard a password is to guess.
    pub strength_meter: Arc<dyn StrengthMeter>,
    /// Knows passwords that became known. `None` where no list is asked.
    pub breached_passwords: Option<Arc<dyn BreachedPasswords>>,
    /// Signs and reads access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Makes signing keys.
    pub key_factory: Arc<dyn SigningKeyFactory>,
    /// Knows the clients that may introspect.
    pub client_secrets: Arc<dyn ClientSecrets>,
    /// Authenticates what is not stored, such as refresh tokens and links in mails, and names counts of attempts.
    pub mac: Arc<dyn Mac>,
    /// Makes the secrets of authenticator apps, and computes their codes.
    pub totp: Arc<dyn TotpSecrets>,
    /// Checks what browsers send of passkeys. `None` where there are none.
    pub web_authn: Option<Arc<dyn WebAuthn>>,
    /// The identity providers.
    pub providers: Arc<dyn IdentityProviders>,
    /// Computes code challenges.
    pub code_challenges: Arc<dyn CodeChallenges>,
    /// Seals what the forms of identity providers bring.
    pub provider_responses: Arc<dyn ResponseSeal>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Hands mails over. `None` where none are sent.
    pub mailer: Option<Arc<dyn Mailer>>,
}

/// All services on one database. Call it once for each node, since they share what the node remembers.
pub fn services<C: SqlConnections + 'static>(
    store: &Arc<Store<C>>,
    adapters: Adapters,
    settings: Settings,
) -> Application {
    let Adapters {
        password_hasher,
        strength_meter,
        breached_passwords,
        access_tokens,
        key_factory,
        client_secrets,
        mac,
        totp,
        web_authn,
        providers,
        code_challenges,
        provider_responses,
        ids,
        clock,
        mailer,
    } = adapters;
    let (access_token_ttl, policy) = (settings.access_token_ttl, settings.refresh);
    let journal = Journal::new(access_tokens.clone(), ids.clone(), clock.clone(), access_token_ttl);
    let hashing = Hashing::new(password_hasher, settings.sign_in_connections, settings.sign_in_patience);
    let issuer = TokenIssuer {
        access_tokens: access_tokens.clone(),
        mac: mac.clone(),
        ids: ids.clone(),
        client_id: settings.client_id,
        claims: settings.claims,
        access_token_ttl,
    };
    let one_time_tokens = OneTimeTokens {
        tokens: store.clone(),
        attempts: store.clone(),
        mac: mac.clone(),
        ids: ids.clone(),
        clock: clock.clone(),
        sends_mail: mailer.is_some(),
    };
    let attempts = Attempts {
        attempts: store.clone(),
        refresh_tokens: store.clone(),
        mac: mac.clone(),
        clock: clock.clone(),
        lines: Lines::default(),
    };
    let ceremonies = Ceremonies {
        passkeys: store.clone(),
        ceremonies: store.clone(),
        web_authn,
        ids: ids.clone(),
        clock: clock.clone(),
    };
    let second_factors = SecondFactors {
        factors: store.clone(),
        ceremonies: ceremonies.clone(),
        totp,
        attempts: store.clone(),
        mac: mac.clone(),
        clock: clock.clone(),
        policy: settings.second_factor,
    };
    let factors = Factors {
        users: store.clone(),
        second_factors: second_factors.clone(),
        units: store.clone(),
        one_time_tokens: one_time_tokens.clone(),
        ids: ids.clone(),
        clock: clock.clone(),
        journal: journal.clone(),
        sudo_window: settings.sudo_window,
    };
    let sudo =
        Sudo { refresh_tokens: store.clone(), second_factors: second_factors.clone(), window: settings.sudo_window };
    let mail = Mail {
        outbox: store.clone(),
        one_time_tokens: store.clone(),
        mac: mac.clone(),
        mailer,
        ids: ids.clone(),
        clock: clock.clone(),
        observed: Observed::default(),
    };
    let screening = Screening {
        policy: settings.password_policy,
        meter: strength_meter,
        breached: breached_passwords,
        app_name: settings.app_name,
        outages: Outages::default(),
    };
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
        sudo: sudo.clone(),
    };
    let sessions = Sessions {
        refresh_tokens: store.clone(),
        users: store.clone(),
        units: store.clone(),
        issuer: issuer.clone(),
        clock: clock.clone(),
        journal: journal.clone(),
        activity: Activity::default(),
        policy,
    };
    let attempt_counts = AttemptCounts {
        attempts: attempts.clone(),
        users: store.clone(),
        units: store.clone(),
        journal: journal.clone(),
        sudo_window: settings.sudo_window,
    };
    let users = Users {
        users: store.clone(),
        passwords: passwords.clone(),
        ids: ids.clone(),
        registration: settings.registration,
    };
    let sign_in = SignIn {
        passwords: store.clone(),
        units: store.clone(),
        attempts: attempts.clone(),
        one_time_tokens,
        second_factors,
        hashing,
        issuer,
        ids: ids.clone(),
        clock: clock.clone(),
        journal: journal.clone(),
        policy,
        registration: settings.registration,
        email_sign_in: settings.email_sign_in,
    };
    Application {
        emails: Emails { users: users.clone() },
        providers: Providers {
            providers: providers.clone(),
            flows: store.clone(),
            identities: store.clone(),
            challenges: code_challenges,
            responses: provider_responses,
            mac,
            users: users.clone(),
            sign_in: sign_in.clone(),
            sudo_window: settings.sudo_window,
            return_to: settings.return_to.into(),
        },
        passkeys: Passkeys { ceremonies, factors: factors.clone(), providers },
        users,
        sign_in,
        factors,
        keys: Keys {
            signing_keys: store.clone(),
            units: store.clone(),
            factory: key_factory,
            access_tokens,
            ids: ids.clone(),
            clock: clock.clone(),
            journal: journal.clone(),
            algorithm: settings.algorithm,
            rotate_after: settings.rotate_keys_after,
            access_token_ttl,
        },
        clients: Clients { secrets: client_secrets, attempts: attempts.clone(), sessions: sessions.clone() },
        attempts: attempt_counts.clone(),
        exports: Exports {
            passwords: store.clone(),
            sudo,
            identities: store.clone(),
            events: store.clone(),
            one_time_tokens: store.clone(),
            outbox: store.clone(),
            attempts: attempt_counts,
            tasks: store.clone(),
        },
        tasks: Tasks::new(store.clone(), ids.clone(), clock.clone()),
        node: Node { units: store.clone(), clock, journal, events_retention: settings.events_retention },
        mail,
        passwords,
        sessions,
    }
}
