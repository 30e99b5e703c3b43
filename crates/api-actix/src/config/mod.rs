//! The configuration: built-in defaults, then an optional TOML file, then the environment. Unknown keys are refused,
//! and all faults are listed at once.

mod database_url;
mod env_file;
mod environment;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use application::Settings;
use domain::clients::ClientSecretHash;
use domain::keys::RootSecret;
use domain::passwords::Password;
use domain::users::Email;
use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use ipnet::IpNet;

pub use database_url::DatabaseUrl;
pub use environment::Environment;
pub(crate) use environment::without_byte_order_mark;

/// Most entries of a setting that is a list.
const MAX_LIST: usize = 100;

/// The built-in defaults, which also name every key there is.
pub(crate) const DEFAULTS: &str = include_str!("defaults.toml");

/// A configuration that was read and found valid.
#[derive(Clone)]
pub struct Config {
    /// Development or production.
    pub mode: Mode,
    /// The root secret. Always there in production.
    pub secret_key: Option<RootSecret>,
    /// The database.
    pub database: Database,
    /// The HTTP server.
    pub server: Server,
    /// What the use cases are told.
    pub application: Settings,
    /// How passwords are hashed.
    pub hashing: Hashing,
    /// `iss` of access tokens.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// The clients that may introspect and revoke tokens, by id.
    pub clients: BTreeMap<String, ClientSecretHash>,
    /// Logging.
    pub log: Log,
    /// Where traces go, if they are made.
    pub traces: Option<Traces>,
    /// Where metrics are served, if they are.
    pub metrics_address: Option<SocketAddr>,
    /// The admin whom the server makes when it starts, if that is configured.
    pub bootstrap: Option<Bootstrap>,
    /// How often the server removes what has ended, if it does.
    pub cleanup_interval: Option<Duration>,
    /// How often a client may make some requests.
    pub rate_limits: RateLimits,
    /// The origins whose pages may read answers.
    pub cors_origins: Vec<String>,
    shown: BTreeMap<String, String>,
}

/// What the process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Convenient: a secret is made where none is given.
    Development,
    /// Strict.
    Production,
}

/// Where the database is and how to use it.
#[derive(Clone)]
pub struct Database {
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
pub struct Server {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on.
    pub port: u16,
    /// Threads; `None` is one per processor.
    pub workers: Option<usize>,
    /// Most connections of one client at a time; `None` is no limit but half of all connections.
    pub connections_per_client: Option<usize>,
    /// Where clients reach it, without a slash at the end, if that is configured.
    pub public_url: Option<String>,
    /// Longest time for one request.
    pub request_timeout: Duration,
    /// Longest wait for requests in flight at the end.
    pub shutdown_timeout: Duration,
    /// Whether `/docs` and `/openapi.json` are served.
    pub docs: bool,
    /// The proxies in front.
    pub proxies: Proxies,
}

/// Whose word on the client's address is believed.
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
    /// `X-Forwarded-For`, and of a request without it `Forwarded`.
    #[default]
    Either,
    /// `X-Forwarded-For` only.
    XForwardedFor,
    /// `Forwarded` (RFC 7239) only.
    Forwarded,
}

/// Requests that each client may make in a minute. 0 is any number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// To sign in.
    pub login: u32,
    /// To refresh.
    pub refresh: u32,
    /// To sign out, here, elsewhere or everywhere.
    pub logout: u32,
    /// To register.
    pub registration: u32,
}

/// Argon2id and its pool.
#[derive(Clone, Debug)]
pub struct Hashing {
    /// KiB for new hashes.
    pub memory_kib: u32,
    /// Passes for new hashes.
    pub iterations: u32,
    /// Lanes for new hashes.
    pub parallelism: u32,
    /// Threads; `None` is one per processor.
    pub threads: Option<usize>,
    /// Places for those that wait for a thread.
    pub queue: usize,
    /// Cap for stored hashes.
    pub max_memory_kib: u32,
    /// Cap for stored hashes.
    pub max_iterations: u32,
}

/// An admin to make.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// To sign in with.
    pub email: Email,
    /// The password of a new account. That of one that is there stays.
    pub password: Password,
}

/// Logging.
#[derive(Clone, Debug)]
pub struct Log {
    /// Form of the records.
    pub format: LogFormat,
    /// Directives of `tracing_subscriber::EnvFilter`.
    pub level: String,
}

/// Traces after OpenTelemetry.
#[derive(Clone, Debug)]
pub struct Traces {
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

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not valid:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the defaults, then `file`, then `environment`.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault there is.
    pub fn load(file: Option<&Path>, environment: Environment) -> Result<Self, ConfigError> {
        let mut figment = Figment::new().merge(Toml::string(DEFAULTS));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let (mut environment, mut faults) = environment.into_values();
        faults.extend(environment.take_sections().iter().map(|key| format!("{} is not a setting", named(key))));
        let merged = match figment.merge(environment).extract::<Dict>() {
            Ok(merged) => merged,
            Err(errors) => {
                // What follows the first line quotes the file, which may hold a secret.
                let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
                let file = file.map(|file| format!("{}: ", file.display())).unwrap_or_default();
                faults.extend(errors.into_iter().map(|error| format!("{file}{}", first_line(error.to_string()))));
                return Err(ConfigError(faults));
            }
        };
        let mut reader = Reader::new(flatten(&merged), faults);
        let config = settings::read(&mut reader);
        let unknown = reader.values.keys().filter(|key| !reader.has_read(key));
        let unknown = unknown.map(|key| format!("{} is not a setting", named(key)));
        reader.faults.extend(unknown.collect::<Vec<_>>());
        config.filter(|_| reader.faults.is_empty()).ok_or(ConfigError(reader.faults))
    }

    /// Every setting as `key = "value"`, secrets left out.
    pub fn show(&self) -> String {
        self.shown.iter().map(|(key, value)| format!("{key} = {value:?}\n")).collect()
    }
}

/// Reads settings by name, and collects faults instead of stopping at the first.
struct Reader {
    values: BTreeMap<String, String>,
    read: Vec<&'static str>,
    faults: Vec<String>,
}

impl Reader {
    fn new(values: BTreeMap<String, String>, faults: Vec<String>) -> Self {
        Self { values, read: Vec::new(), faults }
    }

    /// The setting, or `None` and a fault.
    fn get<T, E: fmt::Display>(&mut self, key: &'static str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        self.read.push(key);
        let text = self.values.get(key).map(String::as_str).unwrap_or_default();
        match parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(format!("{}: {error}", named(key)));
                None
            }
        }
    }

    /// All settings of a section whose keys are free, by the rest of their keys.
    fn section<T, E: fmt::Display>(
        &mut self,
        prefix: &'static str,
        parse: impl Fn(&str, &str) -> Result<T, E>,
    ) -> BTreeMap<String, T> {
        self.read.push(prefix);
        let mut section = BTreeMap::new();
        for (key, text) in &self.values {
            let Some(name) = key.strip_prefix(prefix) else { continue };
            match parse(name, text) {
                Ok(value) => drop(section.insert(name.to_owned(), value)),
                Err(error) => self.faults.push(format!("{}: {error}", named(key))),
            }
        }
        section
    }

    fn has_read(&self, key: &str) -> bool {
        self.read.iter().any(|read| *read == key || (read.ends_with('.') && key.starts_with(read)))
    }

    /// A fault: one setting is worth nothing without the other.
    fn missing<T>(&mut self, key: &str, with: &str) -> Option<T> {
        self.faults.push(format!("{}: it is missing, and {} is set", named(key), named(with)));
        None
    }

    /// A setting that is written as its type's own text.
    fn value<T: FromStr>(&mut self, key: &'static str, what: &str) -> Option<T> {
        self.get(key, |text| text.parse().map_err(|_| format!("'{text}' is not {what}")))
    }

    /// Values with commas between them.
    fn list<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        self.get(key, |text| {
            let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            let values = entries.map(parse).collect::<Result<Vec<T>, String>>()?;
            if values.len() > MAX_LIST { Err(format!("it has more than {MAX_LIST} entries")) } else { Ok(values) }
        })
    }

    /// A number within bounds.
    fn number<T>(&mut self, key: &'static str, bounds: std::ops::RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + fmt::Display,
    {
        self.get(key, |text| {
            let number = text.parse::<T>().ok().filter(|number| bounds.contains(number));
            number.ok_or_else(|| format!("'{text}' is not a whole number from {} to {}", bounds.start(), bounds.end()))
        })
    }

    /// A duration as people write it, within bounds.
    fn duration(&mut self, key: &'static str, min: Duration, max: Duration) -> Option<Duration> {
        self.get(key, |text| {
            let duration = humantime::parse_duration(text).ok().filter(|duration| (min..=max).contains(duration));
            duration.ok_or_else(|| {
                let (min, max) = (humantime::format_duration(min), humantime::format_duration(max));
                format!("'{text}' is not a duration from {min} to {max}, such as 15m or 7d")
            })
        })
    }
}

/// A setting's key with its variable, for messages.
fn named(key: &str) -> String {
    format!("{key} ({})", environment::variable(key))
}

/// `{server: {port: 1}}` as `{"server.port": "1"}`.
fn flatten(dict: &Dict) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    for (key, value) in dict {
        match value {
            Value::Dict(_, section) => {
                flat.extend(flatten(section).into_iter().map(|(inner, text)| (format!("{key}.{inner}"), text)));
            }
            value => {
                flat.insert(key.clone(), text_of(value));
            }
        }
    }
    flat
}

/// A value as it would be written in the environment. What cannot be written there becomes text that no setting
/// takes.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, char) => char.to_string(),
        Value::Bool(_, bool) => bool.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(number), _, _) => number.to_string(),
            (_, Some(number), _) => number.to_string(),
            (_, _, Some(number)) => number.to_string(),
            _ => "(a number)".to_owned(),
        },
        // Each with a comma behind it, so that a list of one is not taken where a list is none.
        Value::Array(_, values) => values.iter().map(|value| text_of(value) + ",").collect(),
        Value::Empty(..) | Value::Dict(..) => "(not a plain value)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::passwords::PasswordPolicy;

    use super::*;

    fn defaults() -> BTreeMap<String, String> {
        flatten(&Figment::new().merge(Toml::string(DEFAULTS)).extract::<Dict>().unwrap())
    }

    #[test]
    fn the_example_of_an_environment_has_every_setting_with_its_default() {
        let example = include_str!("../../../../.env.example");
        for (key, value) in defaults() {
            let line = format!("#{}={value}", environment::variable(&key));
            assert!(example.lines().any(|other| other == line), "{line}");
        }
    }

    #[test]
    fn the_defaults_are_valid_and_are_those_of_the_design() {
        let config = Config::load(None, Environment::default()).unwrap();
        assert_eq!(config.mode, Mode::Development);
        assert_eq!(config.application, Settings::default());
        assert_eq!(config.application.password_policy, PasswordPolicy::default());
        assert_eq!((config.server.host.to_string().as_str(), config.server.port), ("127.0.0.1", 8080));
    }

    #[test]
    fn no_access_token_lives_longer_than_a_node_that_knows_of_no_key_takes_them_to_live() {
        let longest = domain::access_tokens::MAX_ACCESS_TOKEN_TTL;
        let ttl = |seconds: i64| {
            let environment = Environment::new([("APP_AUTH__ACCESS_TOKEN_TTL", format!("{seconds}s"))]);
            Config::load(None, environment).map(|config| config.application.access_token_ttl)
        };
        assert_eq!(ttl(longest.num_seconds()), Ok(longest));
        assert!(ttl(longest.num_seconds() + 1).is_err());
    }

    #[test]
    fn a_file_is_over_the_defaults_and_the_environment_over_the_file() {
        let file = std::env::temp_dir().join(format!("hexauth-config-{}.toml", std::process::id()));
        std::fs::write(&file, "[server]\nport = 1000\n[auth]\naccess_token_ttl = \"5m\"\n").unwrap();
        let environment = Environment::new([("APP_SERVER__PORT", "2000")]);
        let config = Config::load(Some(&file), environment).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(config.server.port, 2000);
        assert_eq!(config.application.access_token_ttl, chrono::TimeDelta::minutes(5));
    }

    #[test]
    fn a_list_is_an_array_in_a_file_and_has_commas_in_the_environment() {
        let load = |text: &str, environment: Environment| {
            let file = std::env::temp_dir().join(format!("hexauth-lists-{}.toml", std::process::id()));
            std::fs::write(&file, text).unwrap();
            let config = Config::load(Some(&file), environment);
            std::fs::remove_file(&file).unwrap();
            config.map(|config| {
                let trusted: Vec<_> = config.server.proxies.trusted.iter().map(ToString::to_string).collect();
                (trusted.join(" "), config.cors_origins.join(" "))
            })
        };
        let text = "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n[cors]\nallowed_origins = [\"http://a\"]";
        let of_file = load(text, Environment::default()).unwrap();
        assert_eq!(of_file, ("10.0.0.0/8 ::1/128".to_owned(), "http://a".to_owned()));
        let environment = Environment::new([
            ("APP_SERVER__TRUSTED_PROXIES", " 192.0.2.1 ,2001:db8::/32,"),
            ("APP_CORS__ALLOWED_ORIGINS", ""),
        ]);
        assert_eq!(load(text, environment).unwrap(), ("192.0.2.1/32 2001:db8::/32".to_owned(), String::new()));
        assert!(load("[server]\nport = [8080]", Environment::default()).is_err(), "no list is asked for");
        let too_many = Environment::new([("APP_SERVER__TRUSTED_PROXIES", "10.0.0.1,".repeat(MAX_LIST + 1))]);
        assert!(load("", too_many).is_err());
    }

    #[test]
    fn an_origin_is_as_browsers_send_it_and_a_network_is_one() {
        let is_taken = |name: &str, value: &str| Config::load(None, Environment::new([(name, value)])).is_ok();
        let origin = |text: &str| is_taken("APP_CORS__ALLOWED_ORIGINS", text);
        for text in ["https://app.example.com", "http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000"] {
            assert!(origin(text), "{text}");
        }
        for text in [
            "*",
            "null",
            "app.example.com",
            "https://",
            "https://*.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com?query",
            "https://App.example.com",
            "HTTPS://app.example.com",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://app.example.com:0",
            "https://app.example.com:08443",
            "https://app.example.com:99999",
            "https://app.example.com:",
            "https://ada@app.example.com",
            "https://app..example.com",
            "https://[::1",
            "https://[0:0::1]",
            "https://b\u{fc}cher.example",
            "ftp://app.example.com",
            "https://a b",
        ] {
            assert!(!origin(text), "{text}");
        }
        let network = |text: &str| is_taken("APP_SERVER__TRUSTED_PROXIES", text);
        for text in ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1", "10.1.2.3/8"] {
            assert!(network(text), "{text}");
        }
        for text in [
            "10.0.0.0/33",
            "10.0.0",
            "10.0.0.0/",
            "proxy.example.com",
            "::ffff:10.0.0.0/104",
            "[::1]",
            "*",
            "0.0.0.0/0",
            "::/0",
        ] {
            assert!(!network(text), "{text}");
        }
    }

    #[test]
    fn rate_limits_are_on_unless_they_are_turned_off() {
        let limits = |variables: &[(&str, &str)]| {
            Config::load(None, Environment::new(variables.iter().copied())).map(|config| config.rate_limits)
        };
        let defaults = RateLimits { login: 5, refresh: 10, logout: 10, registration: 3 };
        assert_eq!(limits(&[]), Ok(defaults.clone()));
        assert_eq!(limits(&[("APP_RATE_LIMIT__ENABLED", "false")]), Ok(RateLimits::default()));
        let without_login = limits(&[("APP_RATE_LIMIT__LOGIN_PER_MINUTE", "0")]);
        assert_eq!(without_login, Ok(RateLimits { login: 0, ..defaults }));
        assert!(limits(&[("APP_RATE_LIMIT__LOGIN_PER_MINUTE", "10001")]).is_err());
    }

    #[test]
    fn a_client_s_hash_that_would_not_be_computed_is_refused() {
        let fault = |parameters: &str| {
            let hash = format!("$argon2id$v=19${parameters}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
            let environment = Environment::new([
                ("APP_CLIENTS__GATEWAY", hash.as_str()),
                ("APP_PASSWORD__MAX_MEMORY_KIB", "32768"),
                ("APP_PASSWORD__MAX_ITERATIONS", "5"),
            ]);
            Config::load(None, environment).err().map(|ConfigError(faults)| faults.join("\n"))
        };
        assert_eq!(fault("m=32768,t=5,p=1"), None);
        for parameters in ["m=32769,t=5,p=1", "m=32768,t=6,p=1", "m=32768,t=5"] {
            let fault = fault(parameters).unwrap();
            assert!(fault.contains("APP_CLIENTS__GATEWAY") && !fault.contains("c29tZXNhbHQ"), "{fault}");
        }
    }

    #[test]
    fn a_url_that_the_driver_cannot_read_is_refused_without_being_quoted() {
        let fault = |url: &str| {
            let faults = Config::load(None, Environment::new([("DATABASE_URL", url)])).err();
            faults.map(|ConfigError(faults)| faults.join("\n"))
        };
        assert_eq!(fault("postgres://ada:secret@localhost:5432/hexauth?sslmode=require"), None);
        for url in ["postgres://ada:secret@host:port/x", "postgres://ada:secret@host/x?sslmode=bogus"] {
            let fault = fault(url).unwrap();
            assert!(fault.contains("DATABASE_URL") && !fault.contains("secret"), "{fault}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_an_end_is_refused() {
        let environment = Environment::new([("APP_SECRET_KEY_FILE", "/dev/zero")]);
        let Err(ConfigError(faults)) = Config::load(None, environment) else { panic!("it was taken") };
        assert!(faults.iter().any(|fault| fault.contains("larger than 65536 bytes")), "{faults:?}");
    }

    #[test]
    fn all_faults_are_found() {
        let environment = Environment::new([
            ("APP_ENV", "production"),
            ("APP_SERVER__PORT", "99999"),
            ("APP_AUTH__ACCESS_TOKEN_TTL", "soon"),
            ("APP_NOPE", "1"),
            ("APP_DATABASE__URL", "sqlite://x.db"),
        ]);
        let Err(ConfigError(faults)) = Config::load(None, environment) else { panic!("it was taken") };
        for variable in
            ["APP_SECRET_KEY", "APP_SERVER__PORT", "APP_AUTH__ACCESS_TOKEN_TTL", "APP_NOPE", "APP_DATABASE__URL"]
        {
            assert!(faults.iter().any(|fault| fault.contains(variable)), "{variable}: {faults:?}");
        }
    }
}
