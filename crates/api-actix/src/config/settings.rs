//! Every setting: its key, its type and its bounds.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use application::Settings;
use chrono::TimeDelta;
use domain::clients::ClientSecretHash;
use domain::keys::{Algorithm, RootSecret};
use domain::passwords::{Password, PasswordPolicy};
use domain::sessions::RefreshPolicy;
use domain::users::Email;
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;

use super::database_url::without_password;
use super::{
    Bootstrap, Config, Database, DatabaseUrl, ForwardedHeader, Hashing, Log, LogFormat, Mode, Proxies, RateLimits,
    Reader, Server, Traces, named,
};
use crate::wiring::check_stored_hash;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Highest rate limit.
const MAX_PER_MINUTE: u32 = 10_000;

/// Longest issuer or audience.
const MAX_NAME_BYTES: usize = 200;

/// Longest id of a client, in characters.
const MAX_CLIENT_ID_LENGTH: usize = 100;

/// Reads all settings. `None` when there were faults, which the reader holds.
pub(super) fn read(reader: &mut Reader) -> Option<Config> {
    // Each part is read before any is missed, so that all faults are found.
    let mode = reader.get("env", parse_mode);
    let secret_key = read_secret(reader, mode);
    let database = read_database(reader);
    let server = read_server(reader);
    let password_policy = read_password_policy(reader);
    let application = read_application(reader, database.as_ref(), password_policy);
    let hashing = read_hashing(reader);
    let issuer = reader.get("jwt.issuer", parse_name);
    let audience = reader.get("jwt.audience", parse_name);
    let clients = reader.section("clients.", |id, hash| parse_client(id, hash, hashing.as_ref()));
    let log = read_log(reader);
    let traces = read_traces(reader);
    let metrics_address = reader.get("metrics.addr", parse_address);
    let bootstrap = read_bootstrap(reader, password_policy.as_ref());
    let cleanup_interval = read_cleanup_interval(reader);
    let rate_limits = read_rate_limits(reader);
    let cors_origins = reader.list("cors.allowed_origins", parse_origin);
    Some(Config {
        mode: mode?,
        secret_key: secret_key?,
        database: database?,
        server: server?,
        application: application?,
        hashing: hashing?,
        issuer: issuer?,
        audience: audience?,
        clients,
        log: log?,
        traces: traces?,
        metrics_address: metrics_address?,
        bootstrap: bootstrap?,
        cleanup_interval: cleanup_interval?,
        rate_limits: rate_limits?,
        cors_origins: cors_origins?,
        shown: without_secrets(&reader.values),
    })
}

fn parse_mode(text: &str) -> Result<Mode, String> {
    match text {
        "development" => Ok(Mode::Development),
        "production" => Ok(Mode::Production),
        other => Err(format!("'{other}' is neither development nor production")),
    }
}

fn read_secret(reader: &mut Reader, mode: Option<Mode>) -> Option<Option<RootSecret>> {
    reader.get("secret_key", |text| {
        if text.is_empty() && mode != Some(Mode::Production) {
            return Ok(None);
        }
        let how = "Make one with: openssl rand -base64 48";
        if text.is_empty() {
            return Err(format!("Production needs a secret. {how}"));
        }
        let secret = RootSecret::parse(text).map_err(|error| format!("{error} {how}"))?;
        if mode == Some(Mode::Production) && secret.is_guessable() {
            return Err(format!("This secret is well known or easy to guess. {how}"));
        }
        Ok(Some(secret))
    })
}

fn read_database(reader: &mut Reader) -> Option<Database> {
    let url = reader.get("database.url", DatabaseUrl::parse);
    let max_connections = reader.number("database.max_connections", 1..=1000);
    let acquire_timeout = reader.duration("database.acquire_timeout", Duration::from_millis(100), HOUR);
    let statement_timeout = reader.duration("database.statement_timeout", Duration::from_millis(100), HOUR);
    let prepared_statements = reader.value("database.prepared_statements", "true or false");
    let migrate_on_start = reader.value("database.migrate_on_start", "true or false");
    Some(Database {
        url: url?,
        max_connections: max_connections?,
        acquire_timeout: acquire_timeout?,
        statement_timeout: statement_timeout?,
        prepared_statements: prepared_statements?,
        migrate_on_start: migrate_on_start?,
    })
}

fn read_server(reader: &mut Reader) -> Option<Server> {
    let host = reader.value("server.host", "an IP address");
    let port = reader.number("server.port", 0..=u16::MAX);
    let workers = reader.number("server.workers", 0..=1024);
    let connections_per_client = reader.number("server.connections_per_client", 0..=1_000_000);
    let request_timeout = reader.duration("server.request_timeout", SECOND, HOUR);
    let shutdown_timeout = reader.duration("server.shutdown_timeout", Duration::ZERO, HOUR);
    let public_url = reader.get("server.public_url", parse_public_url);
    let docs = reader.value("server.docs", "true or false");
    let proxies = read_proxies(reader);
    Some(Server {
        host: host?,
        port: port?,
        workers: workers.map(unless_zero)?,
        connections_per_client: connections_per_client.map(unless_zero)?,
        public_url: public_url?,
        request_timeout: request_timeout?,
        shutdown_timeout: shutdown_timeout?,
        docs: docs?,
        proxies: proxies?,
    })
}

fn read_proxies(reader: &mut Reader) -> Option<Proxies> {
    let trusted = reader.list("server.trusted_proxies", parse_network);
    let header = reader.get("server.forwarded_header", |text| match text {
        "either" => Ok(ForwardedHeader::Either),
        "x-forwarded-for" => Ok(ForwardedHeader::XForwardedFor),
        "forwarded" => Ok(ForwardedHeader::Forwarded),
        other => Err(format!("'{other}' is none of either, x-forwarded-for and forwarded")),
    });
    Some(Proxies { trusted: trusted?, header: header? })
}

fn read_rate_limits(reader: &mut Reader) -> Option<RateLimits> {
    let enabled = reader.value("rate_limit.enabled", "true or false");
    let login = reader.number("rate_limit.login_per_minute", 0..=MAX_PER_MINUTE);
    let refresh = reader.number("rate_limit.refresh_per_minute", 0..=MAX_PER_MINUTE);
    let logout = reader.number("rate_limit.logout_per_minute", 0..=MAX_PER_MINUTE);
    let registration = reader.number("rate_limit.registration_per_minute", 0..=MAX_PER_MINUTE);
    let limits = RateLimits { login: login?, refresh: refresh?, logout: logout?, registration: registration? };
    Some(if enabled? { limits } else { RateLimits::default() })
}

fn read_application(
    reader: &mut Reader,
    database: Option<&Database>,
    password_policy: Option<PasswordPolicy>,
) -> Option<Settings> {
    let access_token_ttl = read_ttl(reader, "auth.access_token_ttl");
    let idle_ttl = read_ttl(reader, "auth.refresh_token_idle_ttl");
    let absolute_ttl = read_ttl(reader, "auth.refresh_token_absolute_ttl");
    let grace = reader.duration("auth.refresh_grace", Duration::ZERO, HOUR).and_then(time_delta);
    let algorithm = reader.get("jwt.algorithm", Algorithm::parse);
    let rotate_keys_after = reader.duration("jwt.rotate_after", Duration::ZERO, 10 * YEAR).and_then(time_delta);
    let registration_open = reader.value("auth.registration_open", "true or false");
    let database = database?;
    Some(Settings {
        access_token_ttl: access_token_ttl?,
        algorithm: algorithm?,
        rotate_keys_after: Some(rotate_keys_after?).filter(|after| !after.is_zero()),
        refresh: RefreshPolicy { idle_ttl: idle_ttl?, absolute_ttl: absolute_ttl?, grace: grace? },
        password_policy: password_policy?,
        registration_open: registration_open?,
        // Of SQLite these are the readers. For the one connection that writes, no more than these wait in line.
        sign_in_connections: (database.max_connections as usize / 2).max(1),
        sign_in_patience: database.acquire_timeout,
    })
}

fn read_ttl(reader: &mut Reader, key: &'static str) -> Option<TimeDelta> {
    reader.duration(key, SECOND, YEAR).and_then(time_delta)
}

fn time_delta(duration: Duration) -> Option<TimeDelta> {
    TimeDelta::from_std(duration).ok()
}

fn read_password_policy(reader: &mut Reader) -> Option<PasswordPolicy> {
    let min_length = reader.number("password.min_length", PasswordPolicy::LOWEST_MIN_LENGTH..=128);
    let max_length = reader.number("password.max_length", 64..=1024);
    let policy = PasswordPolicy { min_length: min_length?, max_length: max_length? };
    if policy.min_length > policy.max_length {
        reader.faults.push("password.min_length is larger than password.max_length".to_owned());
    }
    Some(policy)
}

fn read_hashing(reader: &mut Reader) -> Option<Hashing> {
    let memory_kib = reader.number("password.memory_kib", 8..=1_048_576);
    let iterations = reader.number("password.iterations", 1..=100);
    let parallelism = reader.number("password.parallelism", 1..=4);
    let threads = reader.number("password.threads", 0..=64);
    let queue = reader.number("password.queue", 1..=10_000);
    let max_memory_kib = reader.number("password.max_memory_kib", 8..=1_048_576);
    let max_iterations = reader.number("password.max_iterations", 1..=100);
    let hashing = Hashing {
        memory_kib: memory_kib?,
        iterations: iterations?,
        parallelism: parallelism?,
        threads: threads.map(unless_zero)?,
        queue: queue?,
        max_memory_kib: max_memory_kib?,
        max_iterations: max_iterations?,
    };
    if hashing.memory_kib > hashing.max_memory_kib || hashing.iterations > hashing.max_iterations {
        reader.faults.push(format!(
            "{} or {} is above its own cap, {} or {}",
            named("password.memory_kib"),
            named("password.iterations"),
            named("password.max_memory_kib"),
            named("password.max_iterations"),
        ));
    }
    if hashing.memory_kib < 8 * hashing.parallelism {
        reader.faults.push("password.memory_kib is below 8 for each lane of password.parallelism".to_owned());
    }
    Some(hashing)
}

fn read_log(reader: &mut Reader) -> Option<Log> {
    let format = reader.get("log.format", |text| match text {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        other => Err(format!("'{other}' is neither pretty nor json")),
    });
    let level = reader.get("log.level", |text| EnvFilter::try_new(text).map(|_| text.to_owned()));
    Some(Log { format: format?, level: level? })
}

/// Neither value is repeated in a fault: the one may be given in the place of the other.
fn read_bootstrap(reader: &mut Reader, policy: Option<&PasswordPolicy>) -> Option<Option<Bootstrap>> {
    let email = reader
        .get("bootstrap.admin_email", |text| if text.is_empty() { Ok(None) } else { Email::parse(text).map(Some) });
    let password = reader.get("bootstrap.admin_password", |text| {
        // With a policy that is at fault itself, what any password must be is looked at.
        let password = if text.is_empty() { None } else { Some(Password::parse(text)?) };
        let checked = policy.zip(password.as_ref()).map_or(Ok(()), |(policy, password)| policy.check(password));
        checked.map(|()| password)
    });
    match (email?, password?) {
        (Some(email), Some(password)) => Some(Some(Bootstrap { email, password })),
        (None, None) => Some(None),
        (Some(_), None) => reader.missing("bootstrap.admin_password", "bootstrap.admin_email"),
        (None, Some(_)) => reader.missing("bootstrap.admin_email", "bootstrap.admin_password"),
    }
}

fn read_cleanup_interval(reader: &mut Reader) -> Option<Option<Duration>> {
    let interval = reader.duration("cleanup.interval", Duration::ZERO, 30 * DAY)?;
    if interval.is_zero() {
        return Some(None);
    }
    if interval < SECOND {
        reader.faults.push(format!("{}: it is 0s for never, or at least 1s", named("cleanup.interval")));
    }
    Some(Some(interval))
}

fn read_traces(reader: &mut Reader) -> Option<Option<Traces>> {
    let endpoint = reader.get("traces.otlp_endpoint", parse_collector);
    let sample_ratio = reader.get("traces.sample_ratio", |text| {
        let ratio = text.parse::<f64>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio.ok_or_else(|| format!("'{text}' is not a number from 0 to 1"))
    });
    let accept_parent = reader.value("traces.accept_parent", "true or false");
    let (sample_ratio, accept_parent) = (sample_ratio?, accept_parent?);
    Some(endpoint?.map(|endpoint| Traces { endpoint, sample_ratio, accept_parent }))
}

/// The collector's own path is added.
fn parse_collector(text: &str) -> Result<Option<String>, &'static str> {
    if text.starts_with("https://") {
        return Err("a collector is reached by http:// only: let one run beside the server, and send on from there");
    }
    Ok(parse_public_url(text)?.map(|url| format!("{url}/v1/traces")))
}

fn parse_name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.len() > MAX_NAME_BYTES { Err("it has 1 to 200 bytes") } else { Ok(text.to_owned()) }
}

fn parse_address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("'{text}' is not an address and a port, such as 127.0.0.1:9090"))
}

/// A network such as 10.0.0.0/8, or one address.
fn parse_network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse().map(|address: IpAddr| IpNet::from(address)));
    match network {
        Ok(IpNet::V6(network)) if network.addr().to_ipv4_mapped().is_some() => {
            Err(format!("'{text}' is IPv4 in the form of IPv6: write it as IPv4"))
        }
        // It would let every client choose its address.
        Ok(network) if network.prefix_len() == 0 => Err(format!("'{text}' is every address: name the proxies")),
        Ok(network) => Ok(network),
        Err(_) => Err(format!("'{text}' is neither a network, such as 10.0.0.0/8 or 2001:db8::/32, nor an address")),
    }
}

/// An origin exactly as browsers send it (RFC 6454, section 6.2), since it is compared with that byte by byte.
fn parse_origin(text: &str) -> Result<String, String> {
    let is_origin = || {
        let (default_port, authority) = match text.split_once("://")? {
            ("https", rest) => ("443", rest),
            ("http", rest) => ("80", rest),
            _ => return None,
        };
        let (host, port) = match authority.rsplit_once(':') {
            // A colon within brackets is part of an IPv6 address.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
        let is_sound = is_host(host) && port.is_none_or(|port| is_port(port) && port != default_port);
        is_sound.then(|| text.to_owned())
    };
    is_origin().ok_or_else(|| {
        format!(
            "'{text}' is not an origin as browsers send it, such as https://app.example.com or http://localhost:3000: \
             in lower case, without a path or a slash at the end, without the scheme's own port, and no wildcard"
        )
    })
}

/// Other characters than those of ASCII come as `xn--`.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    host.len() <= 253 && host.split('.').all(|label| !label.is_empty() && label.chars().all(is_plain))
}

fn parse_public_url(text: &str) -> Result<Option<String>, &'static str> {
    let text = text.trim_end_matches('/');
    let is_plain = |rest: &str| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || "?#@".contains(c));
    match (text, text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))) {
        ("", _) => Ok(None),
        (_, Some(rest)) if is_plain(rest) => Ok(Some(text.to_owned())),
        _ => Err("it is not a plain http:// or https:// URL"),
    }
}

/// The value is not repeated: it may be the secret itself, given by mistake.
fn parse_client(id: &str, hash: &str, hashing: Option<&Hashing>) -> Result<ClientSecretHash, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if id.is_empty() || id.len() > MAX_CLIENT_ID_LENGTH || !id.chars().all(is_plain) {
        return Err(format!("a client's id has 1 to {MAX_CLIENT_ID_LENGTH} letters, digits, '-', '_' and '.'"));
    }
    let hash = ClientSecretHash::parse(hash).map_err(|error| error.to_string())?;
    // The caps, too: over them, every request of the client would fail.
    if let (ClientSecretHash::Argon2id(hash), Some(hashing)) = (&hash, hashing) {
        check_stored_hash(hash, hashing).map_err(|error| error.to_string())?;
    }
    Ok(hash)
}

fn unless_zero(number: usize) -> Option<usize> {
    (number > 0).then_some(number)
}

fn without_secrets(values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let hide = |(key, value): (&String, &String)| {
        let shown = match key.as_str() {
            "secret_key" | "bootstrap.admin_password" if value.is_empty() => String::new(),
            "secret_key" | "bootstrap.admin_password" => "(hidden)".to_owned(),
            client if client.starts_with("clients.") => "(hidden)".to_owned(),
            "database.url" => without_password(value),
            _ => value.clone(),
        };
        (key.clone(), shown)
    };
    values.iter().map(hide).collect()
}
