//! Reads each setting, and checks the rules between settings.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use application::Settings;
use domain::Secret;
use domain::access_tokens::OptionalClaim;
use domain::clients::ClientId;
use domain::factors::{RequiredOf, SecondFactorPolicy};
use domain::keys::{Algorithm, RootSecret};
use domain::passwords::{Password, PasswordPolicy, Score};
use domain::registration::RegistrationMode;
use domain::sessions::RefreshPolicy;
use domain::users::Email;
use tracing_subscriber::EnvFilter;

use super::database_url::{DatabaseUrl, without_password};
use super::mail_links::{MAIL_LINKS, MailLink};
use super::read_providers::read_providers;
use super::reader::{Reader, named};
use super::table::setting;
use super::types::{
    Bootstrap, BreachedList, Checks, Config, CorsSettings, DatabaseSettings, ForwardedHeader, HashingSettings,
    LogFormat, LogSettings, MailSettings, MailTransport, Mode, Proxies, RateLimitSettings, ServerSettings,
    SmtpSecurity, SmtpSettings, TraceSettings, WebAuthnSettings,
};
use super::values::{
    parse_address, parse_client, parse_collector, parse_header_name, parse_network, parse_origin, parse_public_url,
    parse_ratio, parse_return_to,
};

/// Reads all settings. The reader holds the faults.
pub(super) fn read(reader: &mut Reader, ignored_variables: Vec<String>, checks: Checks) -> Option<Config> {
    let mode = reader.get("env", parse_mode)?;
    let database = read_database(reader, checks)?;
    let password_policy = read_password_policy(reader)?;
    let hashing = read_hashing(reader)?;
    let mail = read_mail(reader, mode)?;
    let registration = read_registration(reader, mail.is_some())?;
    let application = read_application(reader, &database, password_policy, registration)?;
    let mut config = Config {
        mode,
        secret_key: read_secret(reader, mode)?,
        server: read_server(reader)?,
        application,
        issuer: reader.value("jwt.issuer")?,
        audience: reader.value("jwt.audience")?,
        clients: reader.section("clients.*", |id, hash| parse_client(id, hash, &hashing, checks)),
        providers: Vec::new(),
        log: read_log(reader)?,
        traces: read_traces(reader)?,
        metrics_address: reader.optional("metrics.addr", parse_address)?,
        bootstrap: read_bootstrap(reader, &password_policy)?,
        cleanup_interval: read_cleanup_interval(reader)?,
        breached: read_breached(reader, checks)?,
        mail,
        webauthn: read_webauthn(reader, mode, checks)?,
        rate_limits: read_rate_limits(reader)?,
        cors: read_cors(reader)?,
        ignored_variables,
        has_empty_mode: false,
        shown: without_secrets(reader.values()),
        database,
        hashing,
    };
    config.providers = read_providers(reader, &config, checks);
    Some(config)
}

fn parse_mode(text: &str) -> Result<Mode, &'static str> {
    match text {
        "development" => Ok(Mode::Development),
        "production" => Ok(Mode::Production),
        _ => Err("it must be development or production"),
    }
}

fn read_secret(reader: &mut Reader, mode: Mode) -> Option<Option<RootSecret>> {
    let how = "Make one with: openssl rand -base64 48";
    let parse = |text: &str| RootSecret::parse(text).map_err(|error| format!("{error} {how}"));
    let secret = reader.optional("secret_key", parse)?;
    if mode == Mode::Production && !reader.is_set("secret_key") {
        reader.fault("secret_key", &format!("Production needs a secret. {how}"));
    }
    if mode == Mode::Production && secret.as_ref().is_some_and(RootSecret::is_guessable) {
        reader.fault("secret_key", &format!("This secret is well known or easy to guess. {how}"));
    }
    Some(secret)
}

fn read_database(reader: &mut Reader, checks: Checks) -> Option<DatabaseSettings> {
    Some(DatabaseSettings {
        url: reader.get("database.url", |text| DatabaseUrl::parse(text, checks.check_postgres_url))?,
        max_connections: reader.value("database.max_connections")?,
        acquire_timeout: reader.duration("database.acquire_timeout")?,
        statement_timeout: reader.duration("database.statement_timeout")?,
        prepared_statements: reader.value("database.prepared_statements")?,
        migrate_on_start: reader.value("database.migrate_on_start")?,
    })
}

fn read_server(reader: &mut Reader) -> Option<ServerSettings> {
    Some(ServerSettings {
        host: reader.value("server.host")?,
        port: reader.value("server.port")?,
        workers: reader.unless_zero("server.workers")?,
        connections_per_client: reader.unless_zero("server.connections_per_client")?,
        public_url: reader.optional("server.public_url", parse_public_url)?,
        request_timeout: reader.duration("server.request_timeout")?,
        keep_alive: reader.duration("server.keep_alive")?,
        shutdown_delay: reader.duration("server.shutdown_delay")?,
        shutdown_timeout: reader.duration("server.shutdown_timeout")?,
        hsts_include_subdomains: reader.value("server.hsts_include_subdomains")?,
        docs: reader.value("server.docs")?,
        proxies: Proxies {
            trusted: reader.list("server.trusted_proxies", parse_network)?,
            header: reader.get("server.forwarded_header", parse_forwarded_header)?,
        },
    })
}

fn parse_forwarded_header(text: &str) -> Result<ForwardedHeader, &'static str> {
    match text {
        "either" => Ok(ForwardedHeader::Either),
        "x-forwarded-for" => Ok(ForwardedHeader::XForwardedFor),
        "forwarded" => Ok(ForwardedHeader::Forwarded),
        _ => Err("it must be either, x-forwarded-for or forwarded"),
    }
}

fn read_cors(reader: &mut Reader) -> Option<CorsSettings> {
    Some(CorsSettings {
        origins: reader.list("cors.allowed_origins", parse_origin)?,
        request_headers: reader.list("cors.allowed_headers", parse_header_name)?,
        credentials: reader.value("cors.allow_credentials")?,
    })
}

fn read_rate_limits(reader: &mut Reader) -> Option<RateLimitSettings> {
    let is_enabled: bool = reader.value("rate_limit.enabled")?;
    let limits = RateLimitSettings {
        login: reader.value("rate_limit.login_per_minute")?,
        refresh: reader.value("rate_limit.refresh_per_minute")?,
        logout: reader.value("rate_limit.logout_per_minute")?,
        registration: reader.value("rate_limit.registration_per_minute")?,
        password_reset: reader.value("rate_limit.password_reset_per_minute")?,
        password_check: reader.value("rate_limit.password_check_per_minute")?,
        sign_in_steps: reader.value("rate_limit.sign_in_steps_per_minute")?,
    };
    Some(if is_enabled { limits } else { RateLimitSettings::default() })
}

fn read_application(
    reader: &mut Reader,
    database: &DatabaseSettings,
    password_policy: PasswordPolicy,
    registration: RegistrationMode,
) -> Option<Settings> {
    Some(Settings {
        client_id: reader.get("jwt.client_id", ClientId::parse)?,
        claims: reader.list("jwt.claims", OptionalClaim::parse)?,
        access_token_ttl: reader.time_delta("auth.access_token_ttl")?,
        algorithm: reader.get("jwt.algorithm", Algorithm::parse)?,
        rotate_keys_after: Some(reader.time_delta("jwt.rotate_after")?).filter(|after| !after.is_zero()),
        refresh: RefreshPolicy {
            idle_ttl: reader.time_delta("auth.refresh_token_idle_ttl")?,
            absolute_ttl: reader.time_delta("auth.refresh_token_absolute_ttl")?,
            grace: reader.time_delta("auth.refresh_grace")?,
        },
        password_policy,
        app_name: reader.value("mail.app_name")?,
        events_retention: reader.time_delta("events.retention")?,
        registration,
        email_sign_in: reader.value("auth.email_sign_in")?,
        return_to: reader.list("auth.return_to", parse_return_to)?,
        sudo_window: reader.time_delta("auth.sudo_window")?,
        second_factor: SecondFactorPolicy {
            required_of: reader.get("auth.second_factor", RequiredOf::parse)?,
            grace: reader.time_delta("auth.second_factor_grace")?,
        },
        // On SQLite these are the readers. At most as many wait for the one connection that writes.
        sign_in_connections: (database.max_connections as usize / 2).max(1),
        sign_in_patience: database.acquire_timeout,
    })
}

fn read_webauthn(reader: &mut Reader, mode: Mode, checks: Checks) -> Option<Option<WebAuthnSettings>> {
    let domain = |text: &str| Ok::<_, &str>(text.to_owned());
    let rp_id = reader.optional("webauthn.rp_id", domain)?;
    let origins = reader.list("webauthn.origins", domain)?;
    let settings = match (rp_id, origins.is_empty(), mode) {
        (Some(rp_id), false, _) => WebAuthnSettings { rp_id, origins, any_port: false },
        (Some(rp_id), true, _) => {
            WebAuthnSettings { origins: vec![format!("https://{rp_id}")], rp_id, any_port: false }
        }
        (None, false, _) => {
            reader.fault("webauthn.origins", &format!("it needs {}", named("webauthn.rp_id")));
            WebAuthnSettings { rp_id: String::new(), origins, any_port: false }
        }
        // A page on an address, such as http://127.0.0.1:8080, cannot use passkeys in any browser.
        (None, true, Mode::Development) => {
            let origins = vec!["http://localhost".to_owned()];
            WebAuthnSettings { rp_id: "localhost".to_owned(), origins, any_port: true }
        }
        (None, true, Mode::Production) => return Some(None),
    };
    for (key, fault) in (checks.check_webauthn)(&settings) {
        // What is made up for one that is missing is at fault with the other.
        if reader.is_set(key) {
            reader.fault(key, &fault);
        }
    }
    Some(Some(settings))
}

fn read_registration(reader: &mut Reader, has_mail: bool) -> Option<RegistrationMode> {
    let registration = reader.get("registration.mode", RegistrationMode::parse)?;
    if registration.needs_proof() && !has_mail {
        let fault = format!("an address is proven by mail, and {} lets none out", named("mail.transport"));
        reader.fault("registration.mode", &fault);
    }
    Some(registration)
}

fn read_password_policy(reader: &mut Reader) -> Option<PasswordPolicy> {
    let policy = PasswordPolicy {
        min_length: reader.value("password.min_length")?,
        max_length: reader.value("password.max_length")?,
        min_strength: Score::new(reader.value("password.min_strength")?),
    };
    if policy.min_length > policy.max_length {
        reader.fault("password.min_length", &format!("it is larger than {}", named("password.max_length")));
    }
    Some(policy)
}

fn read_breached(reader: &mut Reader, checks: Checks) -> Option<Option<BreachedList>> {
    let (file_key, url_key) = ("password.breached_file", "password.breached_url");
    let file = reader.optional(file_key, PathBuf::from_str)?;
    let url = reader.optional(url_key, |text| (checks.check_range_url)(text).map(|()| text.to_owned()))?;
    if reader.is_set(file_key) && reader.is_set(url_key) {
        reader.fault(url_key, &format!("it does not go together with {}", named(file_key)));
    }
    Some(file.map(BreachedList::File).or(url.map(BreachedList::Url)))
}

fn read_hashing(reader: &mut Reader) -> Option<HashingSettings> {
    let hashing = HashingSettings {
        memory_kib: reader.value("password.memory_kib")?,
        iterations: reader.value("password.iterations")?,
        parallelism: reader.value("password.parallelism")?,
        threads: reader.unless_zero("password.threads")?,
        queue: reader.value("password.queue")?,
        max_memory_kib: reader.value("password.max_memory_kib")?,
        max_iterations: reader.value("password.max_iterations")?,
    };
    if hashing.memory_kib > hashing.max_memory_kib {
        let fault = format!("it is above its own cap, {}", named("password.max_memory_kib"));
        reader.fault("password.memory_kib", &fault);
    }
    if hashing.iterations > hashing.max_iterations {
        let fault = format!("it is above its own cap, {}", named("password.max_iterations"));
        reader.fault("password.iterations", &fault);
    }
    if hashing.memory_kib < 8 * hashing.parallelism {
        let fault = format!("it is below 8 for each lane of {}", named("password.parallelism"));
        reader.fault("password.memory_kib", &fault);
    }
    Some(hashing)
}

fn read_log(reader: &mut Reader) -> Option<LogSettings> {
    Some(LogSettings {
        format: reader.get("log.format", parse_log_format)?,
        level: reader.get("log.level", |text| EnvFilter::try_new(text).map(|_| text.to_owned()))?,
    })
}

fn parse_log_format(text: &str) -> Result<LogFormat, &'static str> {
    match text {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        _ => Err("it must be pretty or json"),
    }
}

/// Neither value is repeated in a fault: one may be given in the place of the other.
fn read_bootstrap(reader: &mut Reader, policy: &PasswordPolicy) -> Option<Option<Bootstrap>> {
    let (email_key, password_key) = ("bootstrap.admin_email", "bootstrap.admin_password");
    let email = reader.optional(email_key, Email::parse)?;
    let password = reader.optional(password_key, |text| {
        let password = Password::parse(text)?;
        policy.check_length(&password).map(|()| password)
    })?;
    for (key, other) in [(email_key, password_key), (password_key, email_key)] {
        if !reader.is_set(key) && reader.is_set(other) {
            reader.fault(key, &format!("it is missing, and {} is set", named(other)));
        }
    }
    Some(email.zip(password).map(|(email, password)| Bootstrap { email, password }))
}

fn read_mail(reader: &mut Reader, mode: Mode) -> Option<Option<MailSettings>> {
    let transport: String = reader.value("mail.transport")?;
    let smtp = read_smtp(reader)?;
    if transport == "smtp" && !reader.is_set("mail.smtp.host") {
        reader.fault("mail.smtp.host", "it is missing, and mail leaves through a relay");
    }
    let folder = reader.get("mail.folder", PathBuf::from_str)?;
    let transport = match transport.as_str() {
        "smtp" => Some(MailTransport::Smtp(smtp)),
        "file" => Some(MailTransport::File(folder)),
        "log" => Some(MailTransport::Log),
        "auto" if mode == Mode::Development => Some(MailTransport::File(folder)),
        _ => None,
    };
    let (from, app_name) = (reader.value("mail.from")?, reader.value("mail.app_name")?);
    let templates = reader.optional("mail.templates", PathBuf::from_str)?;
    let mut links = Vec::new();
    for MailLink { purpose, setting, .. } in &MAIL_LINKS {
        links.extend(reader.optional(setting, String::from_str)?.map(|link| (*purpose, link)));
    }
    Some(transport.map(|transport| MailSettings { transport, from, app_name, templates, links }))
}

fn read_smtp(reader: &mut Reader) -> Option<SmtpSettings> {
    let username = reader.optional("mail.smtp.username", String::from_str)?;
    let password = reader.optional("mail.smtp.password", |text| Ok::<_, Infallible>(Secret::new(text.to_owned())))?;
    if reader.is_set("mail.smtp.username") != reader.is_set("mail.smtp.password") {
        reader.fault("mail.smtp.username", &format!("it goes together with {}", named("mail.smtp.password")));
    }
    let security = reader.get("mail.smtp.security", parse_smtp_security)?;
    let usual_port = if security == SmtpSecurity::Tls { 465 } else { 587 };
    Some(SmtpSettings {
        host: reader.value("mail.smtp.host")?,
        port: Some(reader.value("mail.smtp.port")?).filter(|port| *port > 0).unwrap_or(usual_port),
        security,
        credentials: username.zip(password),
        ca_file: reader.optional("mail.smtp.ca_file", PathBuf::from_str)?,
        accept_any_certificate: reader.value("mail.smtp.accept_any_certificate")?,
        timeout: reader.duration("mail.smtp.timeout")?,
        hello_name: reader.optional("mail.smtp.hello_name", String::from_str)?,
    })
}

fn parse_smtp_security(text: &str) -> Result<SmtpSecurity, &'static str> {
    match text {
        "starttls" => Ok(SmtpSecurity::StartTls),
        "tls" => Ok(SmtpSecurity::Tls),
        "none" => Ok(SmtpSecurity::None),
        _ => Err("it must be starttls, tls or none"),
    }
}

fn read_cleanup_interval(reader: &mut Reader) -> Option<Option<Duration>> {
    let interval = reader.duration("cleanup.interval")?;
    if !interval.is_zero() && interval < Duration::from_secs(1) {
        reader.fault("cleanup.interval", "it must be 0s for never, or at least 1s");
    }
    Some(Some(interval).filter(|interval| !interval.is_zero()))
}

fn read_traces(reader: &mut Reader) -> Option<Option<TraceSettings>> {
    let endpoint = reader.optional("traces.otlp_endpoint", parse_collector)?;
    let sample_ratio = reader.get("traces.sample_ratio", parse_ratio)?;
    let accept_parent = reader.value("traces.accept_parent")?;
    Some(endpoint.map(|endpoint| TraceSettings { endpoint, sample_ratio, accept_parent }))
}

fn without_secrets(values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let hide = |(key, value): (&String, &String)| {
        let is_secret = setting(key).is_some_and(|setting| setting.is_secret);
        let shown = match key.as_str() {
            "database.url" => without_password(value),
            _ if is_secret && !value.is_empty() => "(hidden)".to_owned(),
            _ => value.clone(),
        };
        (key.clone(), shown)
    };
    values.iter().map(hide).collect()
}
