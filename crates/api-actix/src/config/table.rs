//! Every setting there is, with its default, its bounds and its meaning. `.env.example` and the table in
//! `docs/operations/configure.md` are made from this one: `just settings`.

use domain::passwords::PasswordPolicy;

use super::setting::Bounds::{Bytes, Duration, List, Number, OneOf, Switch, Words};
use super::setting::Setting;

/// Highest rate limit.
const MAX_PER_MINUTE: u64 = 10_000;

/// The setting of a key, if there is one.
pub(super) fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| match setting.section() {
        Some(section) => key.starts_with(section),
        None => setting.key == key,
    })
}

/// The table, by sections.
pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        "env",
        "development",
        OneOf(&["development", "production"]),
        "Production is strict: it needs a root secret, and does not read .env.",
    ),
    Setting::secret(
        "secret_key",
        Words("32 bytes or more"),
        "The root secret: openssl rand -base64 48. Required in production; made and kept beside the data in development.",
    ),
    Setting::new(
        "database.url",
        "sqlite://data/hexauth.db",
        Words("`sqlite://`, `postgres://`, `postgresql://`"),
        "The database: sqlite://path/to/file (sqlite:///path from the root) or \
         postgres://user:password@host:port/database, with parameters such as ?sslmode=verify-full or ?schema=hexauth.",
    ),
    Setting::new(
        "database.max_connections",
        "10",
        Number(1, 1000),
        "Most connections at a time. On SQLite those that read, and one more writes.",
    ),
    Setting::new(
        "database.acquire_timeout",
        "3s",
        Duration("100ms", "1h"),
        "Longest wait for a connection. On SQLite also for another process's write.",
    ),
    Setting::new(
        "database.statement_timeout",
        "10s",
        Duration("100ms", "1h"),
        "PostgreSQL: longest run of one statement, and longest idling inside a transaction.",
    ),
    Setting::new(
        "database.prepared_statements",
        "true",
        Switch,
        "PostgreSQL: whether statements are prepared under a name. false for PgBouncer in transaction mode; then nodes \
         are not woken by notifications either, and hear of revocations within a second.",
    ),
    Setting::new(
        "database.migrate_on_start",
        "true",
        Switch,
        "Apply pending migrations when the server starts. Otherwise it refuses to start while any are pending.",
    ),
    Setting::new(
        "server.host",
        "127.0.0.1",
        Words("an IP address"),
        "Address to listen on. 0.0.0.0 for all interfaces.",
    ),
    Setting::new("server.port", "8080", Number(0, 65_535), "Port to listen on. 0 picks a free one."),
    Setting::new("server.workers", "0", Number(0, 1024), "Threads that serve requests. 0 is one per processor."),
    Setting::new(
        "server.connections_per_client",
        "256",
        Number(0, 1_000_000),
        "Most connections of one client at a time, an address or an IPv6 network of 64 bits, and never more than half \
         of all connections. 0 is no limit but that half. Trusted proxies may have any number.",
    ),
    Setting::new(
        "server.request_timeout",
        "30s",
        Duration("1s", "1h"),
        "Longest time one request may take. Then the answer is 503.",
    ),
    Setting::new(
        "server.keep_alive",
        "75s",
        Duration("1s", "1h"),
        "Longest idle time of a connection between requests. Longer than a proxy in front keeps its own.",
    ),
    Setting::new(
        "server.shutdown_delay",
        "0s",
        Duration("0s", "10m"),
        "After SIGTERM and the like, how long to serve on while /health/ready returns 503 and each response ends its \
         connection, so that load balancers can send requests elsewhere. Then the server stops in order.",
    ),
    Setting::new(
        "server.shutdown_timeout",
        "30s",
        Duration("0s", "1h"),
        "After SIGTERM and the like, and the delay, longest wait for requests in flight, in whole seconds.",
    ),
    Setting::new(
        "server.public_url",
        "",
        Words("`http://…`, `https://…`"),
        "Where clients reach the service, such as https://auth.example.com. Empty: APP_JWT__ISSUER where that is a \
         URL, else the address it listens on. In production, mails have links to its pages only where one of both is set.",
    ),
    Setting::new(
        "server.hsts_include_subdomains",
        "false",
        Switch,
        "Whether Strict-Transport-Security, which is sent where clients come by https, holds for the subdomains of the \
         host, too. All of them must be on https then.",
    ),
    Setting::new("server.docs", "true", Switch, "Serve /docs and /openapi.json."),
    Setting::new(
        "server.trusted_proxies",
        "",
        List("networks and addresses"),
        "Proxies that are believed when they say for whom they speak, such as 10.0.0.0/8,2001:db8::1. Then the address \
         of a client is the rightmost one that is not among these.",
    ),
    Setting::new(
        "server.forwarded_header",
        "either",
        OneOf(&["either", "x-forwarded-for", "forwarded"]),
        "Where proxies say so: X-Forwarded-For, Forwarded (RFC 7239), or either: X-Forwarded-For, and of a request \
         without it Forwarded. Name the one that your proxy writes, unless it removes the other one.",
    ),
    Setting::new(
        "auth.access_token_ttl",
        "15m",
        Duration("1s", "365d"),
        "How long an access token is valid. It is cut at the end of its session.",
    ),
    Setting::new(
        "auth.refresh_token_idle_ttl",
        "7d",
        Duration("1s", "365d"),
        "A session that is not refreshed for so long ends.",
    ),
    Setting::new(
        "auth.refresh_token_absolute_ttl",
        "30d",
        Duration("1s", "365d"),
        "A session ends so long after the sign-in in any case.",
    ),
    Setting::new(
        "auth.refresh_grace",
        "10s",
        Duration("0s", "1h"),
        "For so long after a refresh, the refresh token before it gets the same answer again. 0s is strict.",
    ),
    Setting::new(
        "auth.email_sign_in",
        "false",
        Switch,
        "Whether people may sign in by a code, or a link, that is mailed to them, instead of a password.",
    ),
    Setting::new(
        "auth.return_to",
        "",
        List("URLs"),
        "Where browsers may be sent after a sign-in by an identity provider, each exactly as apps ask for it, such as \
         https://app.example.com/signed-in or com.example.app:/signed-in.",
    ),
    Setting::new(
        "auth.sudo_window",
        "10m",
        Duration("1m", "24h"),
        "For so long after a proof of who somebody is, they may change how they get in: their password, address and \
         factors, and admins those of others. A refresh is not a proof.",
    ),
    Setting::new(
        "auth.second_factor",
        "optional",
        OneOf(&["optional", "admins", "required"]),
        "Who must have a second factor: nobody, admins, or everyone. Whoever has none may sign in for the time of \
         APP_AUTH__SECOND_FACTOR_GRACE, and afterwards by a mailed code besides their password.",
    ),
    Setting::new(
        "auth.second_factor_grace",
        "7d",
        Duration("0s", "365d"),
        "How long an account that must have a second factor may go without one, from its first sign-in since it must.",
    ),
    Setting::new(
        "webauthn.rp_id",
        "",
        Words("a domain"),
        "The domain that passkeys are bound to, such as example.com: those of its pages and of pages below it. With another \
         one, all passkeys are lost. Empty: localhost in development, and no passkeys in production.",
    ),
    Setting::new(
        "webauthn.origins",
        "",
        List("origins"),
        "Where passkeys are used: origins of web pages, such as https://app.example.com, and of apps, such as \
         android:apk-key-hash:…. Empty: https:// and the domain; in development http://localhost at any port.",
    ),
    Setting::new(
        "registration.mode",
        "open",
        OneOf(&["open", "verified", "closed"]),
        "Who gets an account without an admin: anyone; whoever proves that the address is theirs, which takes mail, and \
         without which no account has a session; or nobody.",
    ),
    Setting::new(
        "jwt.algorithm",
        "EdDSA",
        OneOf(&["EdDSA", "ES256", "RS256", "HS256"]),
        "The signature of access tokens. RS256 has 3072 bits. With another than before, the server rotates the keys \
         when it starts.",
    ),
    Setting::new(
        "jwt.rotate_after",
        "90d",
        Duration("0s", "3650d"),
        "A signing key is replaced after so long. 0s: only by 'hexauth keys rotate'.",
    ),
    Setting::new("jwt.issuer", "hexauth", Bytes(1, 200), "The iss claim of access tokens."),
    Setting::new(
        "jwt.client_id",
        "hexauth",
        Words("1 to 255 visible ASCII characters"),
        "The client_id claim of access tokens: the OAuth client that they are issued to.",
    ),
    Setting::new("jwt.audience", "hexauth", Bytes(1, 200), "The aud claim of access tokens."),
    Setting::new(
        "jwt.claims",
        "",
        List("`email_verified`"),
        "Claims of access tokens besides those that each has. email_verified: whether the user had proven the email when \
         the token was issued.",
    ),
    Setting::secret(
        "clients.*",
        Words("`sha256:…`, `$argon2id$…`"),
        "A service that may introspect and revoke tokens. The last part of the name is its id, in lower case; the \
         value is 'sha256:' and the SHA-256 of its random secret of 256 bits in 64 hexadecimal digits, or an Argon2id \
         hash.",
    ),
    Setting::secret(
        "providers.*",
        Words("`APP_PROVIDERS__GOOGLE__ISSUER` and the like"),
        "An identity provider that people sign in by. The name has that of the provider and one of ISSUER, CLIENT_ID, \
         CLIENT_SECRET, SCOPES, TITLE, TRUSTED_DOMAINS, RESPONSE_MODE and KIND: see docs/operations/sign-in-by-providers.md.",
    ),
    Setting::new(
        "password.min_length",
        "8",
        Number(PasswordPolicy::LOWEST_MIN_LENGTH as u64, 128),
        "Fewest characters of a new password.",
    ),
    Setting::new("password.max_length", "256", Number(64, 1024), "Most characters of a new password."),
    Setting::new(
        "password.min_strength",
        "3",
        Number(0, 4),
        "How hard a new password must be to guess, on the scale of zxcvbn: 3 withstands whoever tries at this service, 4 \
         also most who have the hashes. 0 takes any.",
    ),
    Setting::new(
        "password.breached_file",
        "",
        Words("a file"),
        "A list of passwords that became known, none of which may be chosen: the file that 'hexauth passwords \
         import-breached' makes. Empty: no list.",
    ),
    Setting::new(
        "password.breached_url",
        "",
        Words("`https://…`"),
        "Instead of that file, a service that is asked for such passwords: the range API of Have I Been Pwned, such as \
         https://api.pwnedpasswords.com/range, or one like it. It sees 5 of the 40 digits of a hash. If it does not \
         answer within a second, the password is taken. http:// on this machine only.",
    ),
    Setting::new(
        "password.memory_kib",
        "19456",
        Number(8, 1_048_576),
        "Argon2id (RFC 9106) for new hashes: KiB of memory. At least 8 for each lane.",
    ),
    Setting::new("password.iterations", "2", Number(1, 100), "Argon2id for new hashes: passes over the memory."),
    Setting::new(
        "password.parallelism",
        "1",
        Number(1, 4),
        "Argon2id for new hashes: lanes, which are computed one after the other.",
    ),
    Setting::new(
        "password.threads",
        "0",
        Number(0, 64),
        "Threads that hash, each with the memory of one hash. 0 is one per processor.",
    ),
    Setting::new(
        "password.queue",
        "64",
        Number(1, 10_000),
        "Places for passwords that wait for a thread. Beyond, the answer is 503.",
    ),
    Setting::new(
        "password.max_memory_kib",
        "65536",
        Number(8, 1_048_576),
        "Stored hashes with more KiB of memory than this are refused, not computed.",
    ),
    Setting::new(
        "password.max_iterations",
        "10",
        Number(1, 100),
        "Stored hashes with more passes than this are refused, not computed.",
    ),
    Setting::new(
        "bootstrap.admin_email",
        "",
        Words("an email address"),
        "The server makes this admin when it starts, if there is no active admin and nobody has the email. It never \
         changes an account that is there. It needs the password below, too.",
    ),
    Setting::secret(
        "bootstrap.admin_password",
        Words("a new password"),
        "The password of that admin, if the account is new. The policy of passwords holds.",
    ),
    Setting::new("log.format", "pretty", OneOf(&["pretty", "json"]), "Form of log records."),
    Setting::new(
        "log.level",
        "info,actix_server=warn,sea_orm_migration=warn,sqlx::postgres::notice=warn",
        Words("directives of `tracing_subscriber::EnvFilter`"),
        "What is logged: a level, or directives such as info,sqlx=warn.",
    ),
    Setting::new(
        "cleanup.interval",
        "1h",
        Duration("0s", "30d"),
        "How often the server removes what has ended: sessions, revocations, signing keys, old events. At \
         least 1s, or 0s for never; then run 'hexauth cleanup' once in a while.",
    ),
    Setting::new(
        "events.retention",
        "90d",
        Duration("1d", "3650d"),
        "How long it is kept who did what: sign-ins, also those that failed, and changes of accounts and keys. Events hold \
         ids and addresses.",
    ),
    Setting::new(
        "metrics.addr",
        "",
        Words("an address and a port"),
        "Where a listener of its own serves /metrics, such as 127.0.0.1:9090. Empty: nowhere.",
    ),
    Setting::new(
        "traces.otlp_endpoint",
        "",
        Words("`http://…`"),
        "OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318. /v1/traces is added. Empty: \
         no traces.",
    ),
    Setting::new("traces.sample_ratio", "1", Words("a number from 0 to 1"), "Which part of the requests is traced."),
    Setting::new(
        "traces.accept_parent",
        "true",
        Switch,
        "Whether a request goes on with the trace that its traceparent header names.",
    ),
    Setting::new(
        "rate_limit.enabled",
        "true",
        Switch,
        "Whether there are limits on how often each client may make some requests: so many at once, and then one \
         whenever its part of a minute is over. Beyond, the answer is 429. Each node counts for itself.",
    ),
    Setting::new(
        "rate_limit.login_per_minute",
        "5",
        Number(0, MAX_PER_MINUTE),
        "Sign-ins of a client. 0 is no limit, here and below.",
    ),
    Setting::new("rate_limit.refresh_per_minute", "10", Number(0, MAX_PER_MINUTE), "Refreshes of a client."),
    Setting::new(
        "rate_limit.logout_per_minute",
        "10",
        Number(0, MAX_PER_MINUTE),
        "Sign-outs of a client: here, elsewhere and everywhere are counted together.",
    ),
    Setting::new(
        "rate_limit.registration_per_minute",
        "3",
        Number(0, MAX_PER_MINUTE),
        "Registrations from a client. Users that an admin creates do not count.",
    ),
    Setting::new(
        "rate_limit.password_reset_per_minute",
        "5",
        Number(0, MAX_PER_MINUTE),
        "Mails that a client asks for, such as for a new password, and uses of what is in them, counted together.",
    ),
    Setting::new(
        "rate_limit.password_check_per_minute",
        "30",
        Number(0, MAX_PER_MINUTE),
        "Questions of a client whether a password may be chosen, as forms ask while somebody types.",
    ),
    Setting::new(
        "rate_limit.sign_in_steps_per_minute",
        "20",
        Number(0, MAX_PER_MINUTE),
        "What a client asks for and sends besides a password to sign in: second factors, passkeys and sign-ins by \
         providers, of which each takes two or three. Counted together.",
    ),
    Setting::new(
        "cors.allowed_origins",
        "",
        List("origins"),
        "Origins whose web pages and apps may read answers, such as https://app.example.com,capacitor://localhost. \
         Exactly as browsers send them.",
    ),
    Setting::new(
        "cors.allowed_headers",
        "",
        List("names of headers"),
        "What these pages may send besides Authorization, Content-Type, X-Request-Id, Traceparent and Tracestate.",
    ),
    Setting::new(
        "cors.allow_credentials",
        "false",
        Switch,
        "Whether browsers send these pages' requests with cookies, which only a proxy in front can have use for.",
    ),
    Setting::new(
        "mail.transport",
        "auto",
        OneOf(&["auto", "smtp", "file", "log", "off"]),
        "How mail leaves: through a relay, into files, into the log, or not at all. auto is file in development and off in \
         production. Whoever reads the files or that log can use what is in the mails.",
    ),
    Setting::new(
        "mail.from",
        "Hexauth <hexauth@localhost>",
        Bytes(3, 320),
        "Who mails are from: an address, or a name with an address.",
    ),
    Setting::new(
        "mail.app_name",
        "Hexauth",
        Bytes(1, 100),
        "What the service calls itself in mails and on its pages. Passwords that are easy to guess from it are refused.",
    ),
    Setting::new(
        "mail.templates",
        "",
        Words("a folder"),
        "Texts and layouts that replace those of Hexauth, or add languages: see docs/operations/mail.md.",
    ),
    Setting::new("mail.folder", "data/mail", Bytes(1, 4096), "With transport file: where mails are written."),
    Setting::new("mail.smtp.host", "", Words("a name"), "With transport smtp: the relay."),
    Setting::new("mail.smtp.port", "0", Number(0, 65_535), "Its port. 0: 465 with tls, else 587."),
    Setting::new(
        "mail.smtp.security",
        "starttls",
        OneOf(&["starttls", "tls", "none"]),
        "Whether the connection is encrypted after STARTTLS, which is demanded, or from the first byte, or not at all.",
    ),
    Setting::new("mail.smtp.username", "", Bytes(0, 320), "To authenticate by, if the relay wants that."),
    Setting::secret("mail.smtp.password", Words("a password"), "The password for it."),
    Setting::new(
        "mail.smtp.ca_file",
        "",
        Words("a file"),
        "A certificate authority that is trusted besides the public ones, in PEM.",
    ),
    Setting::new(
        "mail.smtp.accept_any_certificate",
        "false",
        Switch,
        "Whether any certificate will do: only for a relay that nobody else can stand in for.",
    ),
    Setting::new(
        "mail.smtp.timeout",
        "2m",
        Duration("1s", "3m"),
        "Longest time for one mail, over all that is said for it.",
    ),
    Setting::new("mail.smtp.hello_name", "", Bytes(0, 253), "What the service calls itself to the relay."),
    Setting::new(
        "mail.links.reset",
        "",
        Words("a URL with `{token}`"),
        "Where a mail leads for another password, such as https://app.example.com/reset#token={token}. \
         Empty, here and below: to the page of this service.",
    ),
    Setting::new("mail.links.verify", "", Words("a URL with `{token}`"), "Where it leads to prove an address."),
    Setting::new("mail.links.change", "", Words("a URL with `{token}`"), "Where it leads to confirm another address."),
    Setting::new(
        "mail.links.stop",
        "",
        Words("a URL with `{token}`"),
        "Where it leads to stop a change of the address.",
    ),
    Setting::new("mail.links.invitation", "", Words("a URL with `{token}`"), "Where it leads to accept an invitation."),
    Setting::new(
        "mail.links.sign_in",
        "",
        Words("a URL with `{token}`"),
        "Where it leads to sign in. Empty: such a mail has a code only.",
    ),
];
