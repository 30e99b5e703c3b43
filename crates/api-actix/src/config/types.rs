use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use application::Settings;
use domain::Secret;
use domain::clients::ClientSecretHash;
use domain::identities::ProviderName;
use domain::keys::RootSecret;
use domain::one_time_tokens::Purpose;
use domain::passwords::{HashError, Password, PasswordHash};
use domain::users::Email;
use ipnet::IpNet;

use super::database_url::DatabaseUrl;
use super::mail_links::{MAIL_LINKS, MailLink};

/// A configuration that was read and found valid.
#[derive(Clone)]
pub struct Config {
    /// Development or production.
    pub mode: Mode,
    /// The root secret. Always there in production.
    pub secret_key: Option<RootSecret>,
    /// The database.
    pub database: DatabaseSettings,
    /// The HTTP server.
    pub server: ServerSettings,
    /// What the use cases are told.
    pub application: Settings,
    /// How passwords are hashed.
    pub hashing: HashingSettings,
    /// `iss` of access tokens.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// The clients that may introspect and revoke tokens, by id.
    pub clients: BTreeMap<String, ClientSecretHash>,
    /// The identity providers, in the order of their names.
    pub providers: Vec<ProviderSettings>,
    /// Logging.
    pub log: LogSettings,
    /// Where traces go, if they are made.
    pub traces: Option<TraceSettings>,
    /// Where metrics are served, if they are.
    pub metrics_address: Option<SocketAddr>,
    /// The admin that the server makes when it starts, if that is configured.
    pub bootstrap: Option<Bootstrap>,
    /// How often the server removes what has ended, if it does.
    pub cleanup_interval: Option<Duration>,
    /// The list of breached passwords, if one is asked.
    pub breached: Option<BreachedList>,
    /// How mail leaves, if it does.
    pub mail: Option<MailSettings>,
    /// Who passkeys are made for, if they are.
    pub webauthn: Option<WebAuthnSettings>,
    /// How often a client may make some requests.
    pub rate_limits: RateLimitSettings,
    /// Which web pages may read responses.
    pub cors: CorsSettings,
    /// The names of environment variables that begin with `APP_` and are not settings, which were ignored.
    pub ignored_variables: Vec<String>,
    /// Whether the variable `APP_ENV` is there and empty, and the mode therefore that for development.
    pub has_empty_mode: bool,
    /// Every setting as text, secrets left out.
    pub(super) shown: BTreeMap<String, String>,
}

impl Config {
    /// Where clients reach the service, without a slash at the end, as far as that is configured: by the issuer, if it
    /// is a URL.
    pub(crate) fn public_url(&self) -> Option<String> {
        let is_url = self.issuer.starts_with("https://") || self.issuer.starts_with("http://");
        let issuer = || is_url.then(|| self.issuer.trim_end_matches('/').to_owned());
        self.server.public_url.clone().or_else(issuer)
    }
}

/// What the process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Convenient: a secret is made where none is given.
    Development,
    /// Strict.
    Production,
}

/// Who passkeys are made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAuthnSettings {
    /// The domain that they are bound to.
    pub rp_id: String,
    /// The origins of the pages and apps that use them.
    pub origins: Vec<String>,
    /// Whether these pages may be at any port: in development.
    pub any_port: bool,
}

/// Where the database is and how to use it.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// What kind, and its URL.
    pub url: DatabaseUrl,
    /// Most connections.
    pub max_connections: u32,
    /// Longest wait for one.
    pub acquire_timeout: Duration,
    /// Longest run of a statement.
    pub statement_timeout: Duration,
    /// Whether statements are prepared under a name.
    pub prepared_statements: bool,
    /// Whether starting the server migrates.
    pub migrate_on_start: bool,
}

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on.
    pub port: u16,
    /// Threads; `None` is one per processor.
    pub workers: Option<usize>,
    /// Most connections of one client at a time; `None` is half of all connections.
    pub connections_per_client: Option<usize>,
    /// Where clients reach it, without a slash at the end, if that is configured.
    pub public_url: Option<String>,
    /// Whether `Strict-Transport-Security` holds for subdomains, too.
    pub hsts_include_subdomains: bool,
    /// Longest time for one request.
    pub request_timeout: Duration,
    /// Longest idle time of a connection between requests.
    pub keep_alive: Duration,
    /// How long to serve on, without being ready, when asked to stop.
    pub shutdown_delay: Duration,
    /// Longest wait for requests in flight at the end.
    pub shutdown_timeout: Duration,
    /// Whether `/docs` and `/openapi.json` are served.
    pub docs: bool,
    /// The proxies in front.
    pub proxies: Proxies,
}

impl ServerSettings {
    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

/// The proxies that are believed about the client's address.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Their networks.
    pub trusted: Vec<IpNet>,
    /// Where they write it.
    pub header: ForwardedHeader,
}

impl Proxies {
    /// Whether an address is that of a trusted proxy. IPv4 in the form of IPv6 is not IPv4 here.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// The header in which proxies say for whom they speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, and for a request without it `Forwarded`.
    #[default]
    Either,
    /// `X-Forwarded-For` only.
    XForwardedFor,
    /// `Forwarded` (RFC 7239) only.
    Forwarded,
}

/// Which web pages may read responses, and what they may send.
#[derive(Clone, Debug, Default)]
pub struct CorsSettings {
    /// Their origins, as browsers send them. None of them is `*` or `null`.
    pub origins: Vec<String>,
    /// The names of the headers that they may send besides those that are always allowed. None of them is `*`.
    pub request_headers: Vec<String>,
    /// Whether browsers may send cookies.
    pub credentials: bool,
}

/// Requests that each client may make in a minute. 0 is any number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimitSettings {
    /// To sign in.
    pub login: u32,
    /// To refresh.
    pub refresh: u32,
    /// To sign out, here, elsewhere or everywhere.
    pub logout: u32,
    /// To register.
    pub registration: u32,
    /// To ask for mails, of any kind, and to use what is in them, counted together.
    pub password_reset: u32,
    /// To ask whether a password may be chosen.
    pub password_check: u32,
    /// To sign in besides by a password: second factors, passkeys and providers, counted together.
    pub sign_in_steps: u32,
}

/// Argon2id and its pool.
#[derive(Clone, Debug)]
pub struct HashingSettings {
    /// KiB for new hashes.
    pub memory_kib: u32,
    /// Passes for new hashes.
    pub iterations: u32,
    /// Lanes for new hashes.
    pub parallelism: u32,
    /// Threads; `None` is one per processor.
    pub threads: Option<usize>,
    /// Places for passwords that wait for a thread.
    pub queue: usize,
    /// Cap for stored hashes.
    pub max_memory_kib: u32,
    /// Cap for stored hashes.
    pub max_iterations: u32,
}

/// A list of breached passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BreachedList {
    /// In this file, which `hexauth passwords import-breached` makes.
    File(PathBuf),
    /// Behind a range API at this URL.
    Url(String),
}

/// Mail.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// The way out.
    pub transport: MailTransport,
    /// Who mails are from.
    pub from: String,
    /// What the service calls itself.
    pub app_name: String,
    /// Texts and layouts that replace those of Hexauth.
    pub templates: Option<PathBuf>,
    /// Where the mails for these purposes lead, with `{token}`. Those for others lead to pages of this service.
    pub links: Vec<(Purpose, String)>,
}

impl MailSettings {
    /// The links that lead to pages of this service.
    pub(crate) fn own_links(&self) -> impl Iterator<Item = &'static MailLink> {
        let leads_elsewhere = |link: &MailLink| self.links.iter().any(|(purpose, _)| *purpose == link.purpose);
        MAIL_LINKS.iter().filter(move |link| !leads_elsewhere(link))
    }
}

/// The way out for mail.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// Through a relay.
    Smtp(SmtpSettings),
    /// Into files in this folder.
    File(PathBuf),
    /// Into the log.
    Log,
}

/// The relay.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: SmtpSecurity,
    /// Name and password, if it wants any.
    pub credentials: Option<(String, Secret)>,
    /// A certificate authority that is trusted besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// Whether any certificate will do.
    pub accept_any_certificate: bool,
    /// Longest time for one mail.
    pub timeout: Duration,
    /// What the service calls itself to it.
    pub hello_name: Option<String>,
}

/// How a connection to a relay is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// After STARTTLS.
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all.
    None,
}

/// An identity provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its name in paths.
    pub name: ProviderName,
    /// What people call it.
    pub title: String,
    /// How it is spoken to.
    pub kind: ProviderKind,
    /// Its identifier.
    pub issuer: String,
    /// What this service is called there.
    pub client_id: String,
    /// How it proves to be that, if it does.
    pub client_secret: Option<Secret>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The domains of addresses that it is believed about. `None`: all.
    pub trusted_domains: Option<Vec<String>>,
    /// Whether browsers come back from it by a POST.
    pub form_post: bool,
}

/// How an identity provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// By OpenID Connect.
    OpenId,
    /// As GitHub is.
    GitHub,
}

/// An admin to make.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// To sign in with.
    pub email: Email,
    /// The password of a new account. That of an existing account stays.
    pub password: Password,
}

/// Logging.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// Form of the records.
    pub format: LogFormat,
    /// Directives of `tracing_subscriber::EnvFilter`.
    pub level: String,
}

/// Traces, per OpenTelemetry.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    /// Where they are sent: `http://host:port/v1/traces`.
    pub endpoint: String,
    /// Which part of them, from 0 to 1.
    pub sample_ratio: f64,
    /// Whether a client's `traceparent` is believed.
    pub accept_parent: bool,
}

/// Form of log records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// What only the adapters can tell about a setting. The wiring provides it.
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// Whether a URL of PostgreSQL can be read, and if not, why, without its values.
    pub check_postgres_url: fn(&str) -> Result<(), String>,
    /// Finds out whether the password hasher could compare a password with a stored hash.
    pub check_stored_hash: fn(&PasswordHash, &HashingSettings) -> Result<(), HashError>,
    /// Whether a range API may be asked at a URL, and if not, why.
    pub check_range_url: fn(&str) -> Result<(), String>,
    /// Whether an identity provider may be asked at a URL, and if not, why.
    pub check_issuer: fn(&str) -> Result<(), String>,
    /// What is wrong with the settings of mail, each by its key.
    pub check_mail: fn(&Config) -> Vec<(&'static str, String)>,
    /// What is wrong with the settings of passkeys, each by its key.
    pub check_webauthn: fn(&WebAuthnSettings) -> Vec<(&'static str, String)>,
}
