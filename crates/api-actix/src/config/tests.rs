use application::Settings;
use domain::passwords::PasswordPolicy;

use super::setting::{Bounds, MAX_LIST};
use super::table::SETTINGS;
use super::*;

/// Without the adapters.
const UNCHECKED: Checks = Checks {
    check_postgres_url: |_| Ok(()),
    check_stored_hash: |_, _| Ok(()),
    check_range_url: |_| Ok(()),
    check_issuer: |_| Ok(()),
    check_mail: |_| Vec::new(),
    check_webauthn: |_| Vec::new(),
};

fn load(environment: Environment) -> Result<Config, ConfigError> {
    Config::load(None, environment, UNCHECKED)
}

fn faults<const N: usize>(variables: [(&str, &str); N]) -> Vec<String> {
    load(Environment::new(variables)).err().map(|ConfigError(faults)| faults).unwrap_or_default()
}

#[test]
fn the_defaults_are_valid_and_are_those_of_the_design() {
    let config = load(Environment::default()).unwrap();
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
        load(environment).map(|config| config.application.access_token_ttl)
    };
    assert_eq!(ttl(longest.num_seconds()), Ok(longest));
    assert!(ttl(longest.num_seconds() + 1).is_err());
}

#[test]
fn a_secret_where_the_name_of_its_file_belongs_is_not_repeated() {
    let secret = "q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa";
    let faults = faults([("APP_SECRET_KEY_FILE", secret)]).join("\n");
    assert!(faults.contains("APP_SECRET_KEY_FILE: the file cannot be read") && !faults.contains(secret), "{faults}");
}

#[test]
fn a_file_is_over_the_defaults_and_the_environment_over_the_file() {
    let file = std::env::temp_dir().join(format!("hexauth-config-{}.toml", std::process::id()));
    std::fs::write(&file, "[server]\nport = 1000\n[auth]\naccess_token_ttl = \"5m\"\n").unwrap();
    let environment = Environment::new([("APP_SERVER__PORT", "2000")]);
    let config = Config::load(Some(&file), environment, UNCHECKED).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(config.server.port, 2000);
    assert_eq!(config.application.access_token_ttl, chrono::TimeDelta::minutes(5));
}

#[test]
fn a_list_is_an_array_in_a_file_and_has_commas_or_is_json_in_the_environment() {
    let load = |text: &str, environment: Environment| {
        let file = std::env::temp_dir().join(format!("hexauth-lists-{}.toml", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let config = Config::load(Some(&file), environment, UNCHECKED);
        std::fs::remove_file(&file).unwrap();
        config.map(|config| {
            let trusted: Vec<_> = config.server.proxies.trusted.iter().map(ToString::to_string).collect();
            (trusted.join(" "), config.cors.origins.join(" "))
        })
    };
    let text = "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n[cors]\nallowed_origins = [\"http://a\"]";
    let of_file = load(text, Environment::default()).unwrap();
    assert_eq!(of_file, ("10.0.0.0/8 ::1/128".to_owned(), "http://a".to_owned()));
    let environment = Environment::new([
        ("APP_SERVER__TRUSTED_PROXIES", " 192.0.2.1 ,2001:db8::/32,"),
        ("APP_CORS__ALLOWED_ORIGINS", ","),
    ]);
    assert_eq!(load(text, environment).unwrap(), ("192.0.2.1/32 2001:db8::/32".to_owned(), String::new()));
    assert!(load("[server]\nport = [8080]", Environment::default()).is_err(), "no list is asked for");
    let json = Environment::new([
        ("APP_SERVER__TRUSTED_PROXIES", r#" ["192.0.2.1", " 2001:db8::/32 ",""] "#),
        ("APP_CORS__ALLOWED_ORIGINS", r#"["https://a.example","https://b.example"]"#),
    ]);
    let of_json = load(text, json).unwrap();
    assert_eq!(of_json, ("192.0.2.1/32 2001:db8::/32".to_owned(), "https://a.example https://b.example".to_owned()));
    let none = Environment::new([("APP_CORS__ALLOWED_ORIGINS", "[]")]);
    assert_eq!(load("", none).unwrap(), (String::new(), String::new()));
    for text in
        ["[", "[\"http://a\"", "[http://a]", "['http://a']", "[1]", "[null]", "[[\"http://a\"]]", "[\"http://a\"],"]
    {
        for name in ["APP_CORS__ALLOWED_ORIGINS", "APP_CORS__ALLOWED_HEADERS", "APP_SERVER__TRUSTED_PROXIES"] {
            let faults = faults([(name, text)]);
            assert!(matches!(&faults[..], [fault] if fault.contains("JSON array of strings")), "{text}: {faults:?}");
        }
    }
    let json_of = |count: usize| serde_json::to_string(&vec!["10.0.0.1"; count]).unwrap();
    let most = |count: usize| faults([("APP_SERVER__TRUSTED_PROXIES", json_of(count).as_str())]).len();
    assert_eq!((most(MAX_LIST), most(MAX_LIST + 1)), (0, 1));
    let too_many = Environment::new([("APP_SERVER__TRUSTED_PROXIES", "10.0.0.1,".repeat(MAX_LIST + 1))]);
    assert!(load("", too_many).is_err());
}

#[test]
fn an_origin_is_as_browsers_send_it_and_a_network_is_one() {
    let is_taken = |name: &str, value: &str| load(Environment::new([(name, value)])).is_ok();
    let origin = |text: &str| is_taken("APP_CORS__ALLOWED_ORIGINS", text);
    for text in [
        "https://app.example.com",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "http://[::1]:3000",
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "http://tauri.localhost",
        "https://tauri.localhost",
        "app://localhost:3000",
        "com.example.app-1://localhost",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://0c4d1d3e-6a6e-4f6b-9d0e-5b2a7c1f8e90",
    ] {
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
        "ws://app.example.com",
        "file://",
        "file://localhost",
        "javascript://localhost",
        "capacitor://",
        "capacitor://localhost/",
        "capacitor:localhost",
        "Capacitor://localhost",
        "1app://localhost",
        "://localhost",
        "my_app://localhost",
        "*://localhost",
        "capacitor://*",
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
fn a_header_that_pages_may_send_has_a_name_and_is_never_every_header() {
    let is_taken = |value: &str, credentials: &str| {
        faults([("APP_CORS__ALLOWED_HEADERS", value), ("APP_CORS__ALLOW_CREDENTIALS", credentials)]).is_empty()
    };
    for credentials in ["false", "true"] {
        for text in ["", "X-Device-Id", "x-a, X-B", "[\"X-A\"]", "sentry-trace,baggage"] {
            assert!(is_taken(text, credentials), "{text}");
        }
        let long = "a".repeat(101);
        for text in ["*", "X-A,*", "X-*,X A", "X:A", "X-\u{e9}", "X-A\r\nX-B", "(a)", &long] {
            assert!(!is_taken(text, credentials), "{text}");
        }
    }
    for credentials in ["yes", "1", "*"] {
        assert!(!is_taken("", credentials), "{credentials}");
    }
    for origins in ["*", "https://a.example,*", "[\"*\"]", "null", "https://*.a.example"] {
        let faults = faults([("APP_CORS__ALLOWED_ORIGINS", origins), ("APP_CORS__ALLOW_CREDENTIALS", "true")]);
        assert!(matches!(&faults[..], [fault] if fault.contains("APP_CORS__ALLOWED_ORIGINS")), "{origins}: {faults:?}");
    }
}

#[test]
fn rate_limits_are_on_unless_they_are_turned_off() {
    let limits =
        |variables: &[(&str, &str)]| load(Environment::new(variables.iter().copied())).map(|config| config.rate_limits);
    let defaults = RateLimitSettings {
        login: 5,
        refresh: 10,
        logout: 10,
        registration: 3,
        password_reset: 5,
        password_check: 30,
        sign_in_steps: 20,
    };
    assert_eq!(limits(&[]), Ok(defaults.clone()));
    assert_eq!(limits(&[("APP_RATE_LIMIT__ENABLED", "false")]), Ok(RateLimitSettings::default()));
    let without_login = limits(&[("APP_RATE_LIMIT__LOGIN_PER_MINUTE", "0")]);
    assert_eq!(without_login, Ok(RateLimitSettings { login: 0, ..defaults }));
    assert!(limits(&[("APP_RATE_LIMIT__LOGIN_PER_MINUTE", "10001")]).is_err());
}

#[test]
fn a_mode_of_registration_that_needs_mail_is_refused_without_it() {
    for (mode, transport, is_taken) in
        [("verified", "log", true), ("verified", "off", false), ("open", "off", true), ("closed", "off", true)]
    {
        let found = faults([("APP_REGISTRATION__MODE", mode), ("APP_MAIL__TRANSPORT", transport)]);
        let is_named =
            |fault: &String| fault.contains("APP_REGISTRATION__MODE") && fault.contains("APP_MAIL__TRANSPORT");
        assert!(found.iter().all(is_named) && found.is_empty() == is_taken, "{mode} {transport}: {found:?}");
    }
    assert_eq!(faults([("APP_REGISTRATION__MODE", "ajar")]).len(), 1);
}

#[test]
fn a_setting_of_an_earlier_commit_is_a_fault_that_names_the_one_in_its_place() {
    let faults = faults([("APP_AUTH__REGISTRATION_OPEN", "false")]);
    assert!(
        matches!(&faults[..], [fault] if fault.contains("see registration.mode (APP_REGISTRATION__MODE)")),
        "{faults:?}"
    );
}

#[test]
fn breached_passwords_are_looked_for_in_one_place() {
    let (file, url) =
        (("APP_PASSWORD__BREACHED_FILE", "data/breached"), ("APP_PASSWORD__BREACHED_URL", "https://a.example"));
    let breached = |variables: &[(&str, &str)]| load(Environment::new(variables.iter().copied())).map(|it| it.breached);
    assert_eq!(breached(&[]), Ok(None));
    assert_eq!(breached(&[file]), Ok(Some(BreachedList::File("data/breached".into()))));
    assert_eq!(breached(&[url]), Ok(Some(BreachedList::Url("https://a.example".to_owned()))));
    let Err(ConfigError(faults)) = breached(&[file, url]) else { panic!("it was taken") };
    assert!(
        matches!(&faults[..], [fault] if fault.contains("APP_PASSWORD__BREACHED_URL") && fault.contains("APP_PASSWORD__BREACHED_FILE"))
    );
    let mut checks = UNCHECKED;
    checks.check_range_url = |_| Err("nobody may ask there".to_owned());
    let Err(ConfigError(faults)) = Config::load(None, Environment::new([url]), checks) else { panic!("it was taken") };
    assert!(matches!(&faults[..], [fault] if fault.contains("nobody may ask there")), "{faults:?}");
}

#[test]
fn the_port_of_the_relay_is_the_usual_one_for_its_security() {
    let port = |variables: &[(&str, &str)]| {
        let smtp = [("APP_MAIL__TRANSPORT", "smtp"), ("APP_MAIL__SMTP__HOST", "smtp.example.com")];
        let loaded = load(Environment::new(smtp.iter().chain(variables).copied()));
        match loaded.map(|config| config.mail.map(|mail| mail.transport)) {
            Ok(Some(MailTransport::Smtp(smtp))) => smtp.port,
            other => panic!("{other:?}"),
        }
    };
    let (tls, own) = (("APP_MAIL__SMTP__SECURITY", "tls"), ("APP_MAIL__SMTP__PORT", "2525"));
    assert_eq!((port(&[]), port(&[tls]), port(&[tls, own])), (587, 465, 2525));
}

#[test]
fn the_strength_of_passwords_is_from_0_to_4() {
    let strength = |text| {
        let loaded = load(Environment::new([("APP_PASSWORD__MIN_STRENGTH", text)]));
        loaded.map(|config| config.application.password_policy.min_strength.as_u8())
    };
    assert_eq!(["0", "3", "4"].map(|text| strength(text).unwrap()), [0, 3, 4]);
    assert!(strength("5").is_err() && strength("strong").is_err());
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_refused() {
    let environment = Environment::new([("APP_SECRET_KEY_FILE", "/dev/zero")]);
    let Err(ConfigError(faults)) = load(environment) else { panic!("it was taken") };
    assert!(faults.iter().any(|fault| fault.contains("larger than 65536 bytes")), "{faults:?}");
}

#[test]
fn all_faults_are_found() {
    let environment = Environment::new([
        ("APP_ENV", "production"),
        ("APP_SERVER__PORT", "99999"),
        ("APP_AUTH__ACCESS_TOKEN_TTL", "soon"),
        ("APP_SERVER__NOPE", "1"),
        ("APP_DATABASE__URL", "sqlite://x.db"),
    ]);
    let Err(ConfigError(faults)) = load(environment) else { panic!("it was taken") };
    for variable in
        ["APP_SECRET_KEY", "APP_SERVER__PORT", "APP_AUTH__ACCESS_TOKEN_TTL", "APP_SERVER__NOPE", "APP_DATABASE__URL"]
    {
        assert!(faults.iter().any(|fault| fault.contains(variable)), "{variable}: {faults:?}");
    }
}

#[test]
fn each_setting_is_in_the_table_once_and_its_default_is_within_its_bounds() {
    let mut keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), SETTINGS.len());
    for setting in SETTINGS {
        assert_eq!(setting.bounds.check(setting.default), Ok(()), "{}", setting.key);
        // Other bounds repeat the value in a fault.
        assert!(!setting.is_secret || matches!(setting.bounds, Bounds::Words(_)), "{}", setting.key);
    }
}

#[test]
fn a_value_at_fault_is_one_fault_and_hides_no_other() {
    assert_eq!(faults([("APP_SERVER__PORT", "many"), ("APP_BOOTSTRAP__ADMIN_EMAIL", "nobody")]).len(), 3);
    for (name, value) in [
        ("APP_ENV", "test"),
        ("APP_PASSWORD__MIN_LENGTH", "7"),
        ("APP_PASSWORD__PARALLELISM", "5"),
        ("APP_CLEANUP__INTERVAL", "100ms"),
        ("APP_JWT__ALGORITHM", "none"),
        ("APP_LOG__LEVEL", "sqlx=loud"),
        ("APP_TRACES__SAMPLE_RATIO", "2"),
        ("APP_SERVER__PORT__X", "1"),
    ] {
        let faults = faults([(name, value)]);
        assert!(
            matches!(&faults[..], [fault] if fault.contains(&format!("({name}): ")) || fault.ends_with("is not a setting")),
            "{name}: {faults:?}"
        );
    }
}

#[test]
fn settings_that_do_not_go_together_are_a_fault() {
    for variables in [
        [("APP_PASSWORD__MIN_LENGTH", "100"), ("APP_PASSWORD__MAX_LENGTH", "64")],
        [("APP_PASSWORD__MEMORY_KIB", "4096"), ("APP_PASSWORD__MAX_MEMORY_KIB", "2048")],
        [("APP_PASSWORD__ITERATIONS", "5"), ("APP_PASSWORD__MAX_ITERATIONS", "4")],
        [("APP_PASSWORD__MEMORY_KIB", "8"), ("APP_PASSWORD__PARALLELISM", "2")],
        [("APP_BOOTSTRAP__ADMIN_EMAIL", "ada@example.com"), ("APP_BOOTSTRAP__ADMIN_PASSWORD", "")],
        [("APP_BOOTSTRAP__ADMIN_EMAIL", ""), ("APP_BOOTSTRAP__ADMIN_PASSWORD", "correct horse battery")],
    ] {
        let faults = faults(variables);
        assert!(
            matches!(&faults[..], [fault] if fault.contains(variables[0].0) || fault.contains(variables[1].0)),
            "{faults:?}"
        );
    }
}

#[test]
fn a_value_in_the_place_of_a_section_is_a_fault_and_so_is_a_section_in_the_place_of_a_value() {
    for text in ["server = 1", "[server]\nport = {}", "[server]\nport = { a = 1 }", "[server.port]", "server.prot = 1"]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hexauth.toml");
        std::fs::write(&file, text).unwrap();
        let Err(ConfigError(faults)) = Config::load(Some(&file), Environment::default(), UNCHECKED) else {
            panic!("{text} was taken")
        };
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
    }
}

#[test]
fn a_place_to_return_to_is_a_page_or_of_an_app_and_has_no_fragment() {
    let is_taken = |text: &str| load(Environment::new([("APP_AUTH__RETURN_TO", text)])).is_ok();
    for good in [
        "https://app.example.com",
        "https://app.example.com/back?from=provider",
        "http://localhost:5173/",
        "com.example.app:/signed-in",
        "https://a.example.com/,https://b.example.com/",
    ] {
        assert!(is_taken(good), "{good}");
    }
    let too_long = format!("https://app.example.com/{}", "a".repeat(500));
    for bad in [
        "app.example.com",
        "/signed-in",
        "//app.example.com",
        "https:",
        "https://",
        "https:app.example.com",
        "https://app.example.com/#there",
        "https://app.example.com/a b",
        "https://app.example.com/\\evil",
        "https://bücher.example.com/",
        &too_long,
    ] {
        assert!(!is_taken(bad), "{bad}");
    }
}

#[test]
fn a_provider_needs_little_and_the_rest_has_defaults() {
    let config = load(Environment::new([
        ("APP_PROVIDERS__GITHUB__CLIENT_ID", "app"),
        ("APP_PROVIDERS__GITHUB__CLIENT_SECRET", "secret"),
        ("APP_PROVIDERS__MY_IDP__ISSUER", "https://id.example.com"),
        ("APP_PROVIDERS__MY_IDP__CLIENT_ID", "hexauth"),
        ("APP_PROVIDERS__MY_IDP__TITLE", "Our own"),
        ("APP_PROVIDERS__MY_IDP__SCOPES", "openid, profile"),
        ("APP_PROVIDERS__MY_IDP__TRUSTED_DOMAINS", "Example.org example.net"),
        ("APP_PROVIDERS__MY_IDP__RESPONSE_MODE", "form_post"),
        ("APP_AUTH__RETURN_TO", "https://app.example.com"),
    ]));
    let providers = config.unwrap().providers;
    let [github, own] = providers.as_slice() else { panic!("{providers:?}") };
    assert_eq!((github.name.as_str(), github.title.as_str(), github.kind), ("github", "GitHub", ProviderKind::GitHub));
    assert_eq!((github.issuer.as_str(), github.form_post), ("https://github.com", false));
    assert_eq!((github.scopes.join(" ").as_str(), &github.trusted_domains), ("read:user user:email", &None));
    assert_eq!((own.name.as_str(), own.title.as_str(), own.kind), ("my_idp", "Our own", ProviderKind::OpenId));
    assert_eq!((own.scopes.join(" ").as_str(), own.form_post), ("openid profile", true));
    assert_eq!(own.trusted_domains, Some(vec!["example.org".to_owned(), "example.net".to_owned()]));
    assert!(own.client_secret.is_none() && !format!("{github:?}").contains("secret\""));
}

#[test]
fn what_is_wrong_with_a_provider_is_said_by_the_name_of_the_variable() {
    let long = "a".repeat(301);
    for (member, value, fault) in [
        ("KIND", "saml", "it must be openid or github"),
        ("SCOPES", "email", "openid must be among them"),
        ("RESPONSE_MODE", "fragment", "it must be query or form_post"),
        ("ISSUER", "", "it is missing"),
        ("CLIENT_ID", "", "it is missing"),
        ("COLOUR", "red", "a provider has ISSUER, CLIENT_ID, CLIENT_SECRET, SCOPES, TITLE, TRUSTED_DOMAINS, "),
        ("ISUER", "https://id.example.com", "RESPONSE_MODE, KIND, and nothing else"),
        ("TITLE", "a\nb", "it must be one line of at most 300 bytes"),
        ("CLIENT_ID", long.as_str(), "it must be one line of at most 300 bytes"),
        ("TRUSTED_DOMAINS", "@example.com", "it must be domains"),
    ] {
        let name = format!("APP_PROVIDERS__IDP__{member}");
        let good = [
            ("APP_PROVIDERS__IDP__ISSUER", "https://id.example.com"),
            ("APP_PROVIDERS__IDP__CLIENT_ID", "app"),
            ("APP_AUTH__RETURN_TO", "https://app.example.com"),
        ];
        let variables = good.into_iter().filter(|(other, _)| *other != name).chain([(name.as_str(), value)]);
        let Err(ConfigError(faults)) = load(Environment::new(variables)) else { panic!("{name}={value} was taken") };
        assert!(faults.len() == 1 && faults[0].contains(fault) && faults[0].contains(&name), "{faults:?}");
    }
    let found = faults([("APP_PROVIDERS__A B__CLIENT_ID", "app"), ("APP_PROVIDERS__GOOGLE", "x")]);
    for (name, fault) in
        [("APP_PROVIDERS__A B__*", "The name of a provider"), ("APP_PROVIDERS__GOOGLE)", "a provider has")]
    {
        assert!(found.iter().any(|it| it.contains(name) && it.contains(fault)), "{found:?}");
    }
    // Without a place to return to, and with another fault.
    let faults = faults([
        ("APP_PROVIDERS__GITHUB__CLIENT_ID", "app"),
        ("APP_PROVIDERS__IDP__ISSUER", "https://id.example.com"),
        ("APP_PROVIDERS__IDP__CLIENT_ID", ""),
        ("APP_SERVER__PORT", "many"),
    ]);
    let names = ["APP_AUTH__RETURN_TO", "APP_PROVIDERS__GITHUB__CLIENT_ID"];
    assert!(faults.iter().any(|fault| names.iter().all(|name| fault.contains(name))), "{faults:?}");
    for other in ["APP_PROVIDERS__IDP__CLIENT_ID", "APP_SERVER__PORT"] {
        assert!(faults.iter().any(|fault| fault.contains(other)), "{faults:?}");
    }
    let many = (0..=20).flat_map(|number| {
        let provider = format!("APP_PROVIDERS__P{number}");
        [(format!("{provider}__ISSUER"), "https://id.example.com"), (format!("{provider}__CLIENT_ID"), "app")]
    });
    let Err(ConfigError(faults)) = load(Environment::new(many)) else { panic!("21 were taken") };
    assert!(faults.iter().any(|fault| fault.contains("more than 20")), "{faults:?}");
}

#[test]
fn a_trusted_domain_is_one_that_an_address_can_have() {
    let trusted = |text: &str| {
        let variables = [
            ("APP_PROVIDERS__IDP__ISSUER", "https://id.example.com"),
            ("APP_PROVIDERS__IDP__CLIENT_ID", "app"),
            ("APP_PROVIDERS__IDP__TRUSTED_DOMAINS", text),
            ("APP_AUTH__RETURN_TO", "https://app.example.com"),
        ];
        load(Environment::new(variables)).map(|config| config.providers[0].trusted_domains.clone())
    };
    let these = |domains: &[&str]| Ok(Some(domains.iter().map(|domain| (*domain).to_owned()).collect()));
    for all in ["", "*"] {
        assert_eq!(trusted(all), Ok(None));
    }
    assert_eq!(trusted("none"), these(&[]));
    assert_eq!(trusted("Example.org, b\u{fc}cher.example"), these(&["example.org", "xn--bcher-kva.example"]));
    for bad in [
        "@example.com",
        "ada@example.com",
        "https://example.com",
        "example.com/",
        "example.com:443",
        "*.example.com",
        "* example.com",
        "none example.com",
        "example",
        "example..com",
        "192.0.2.1 [::1]",
        " ",
        ",",
    ] {
        let Err(ConfigError(faults)) = trusted(bad) else { panic!("{bad:?} was taken") };
        let [fault] = faults.as_slice() else { panic!("{bad:?}: {faults:?}") };
        assert!(fault.contains("(APP_PROVIDERS__IDP__TRUSTED_DOMAINS): it must be domains"), "{bad:?}: {fault}");
    }
    // In a file, what is empty was written by somebody, who does not mean all.
    for text in ["[]", "''", "' '"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hexauth.toml");
        let provider = "issuer = 'https://id.example.com'\nclient_id = 'app'";
        let all =
            format!("auth.return_to = 'https://a.example'\n[providers.idp]\n{provider}\ntrusted_domains = {text}");
        std::fs::write(&file, all).unwrap();
        let loaded = Config::load(Some(&file), Environment::default(), UNCHECKED);
        let Err(ConfigError(faults)) = loaded else { panic!("{text} was taken") };
        assert!(matches!(&faults[..], [fault] if fault.contains("trusted_domains")), "{text}: {faults:?}");
    }
}

#[test]
fn a_fault_of_a_provider_hides_no_other() {
    let back = ("APP_AUTH__RETURN_TO", "https://app.example.com");
    let all_of = |found: &[String], names: &[&str]| {
        assert_eq!(found.len(), names.len(), "{found:?}");
        for name in names {
            assert!(found.iter().any(|fault| fault.contains(name)), "{name}: {found:?}");
        }
    };
    // Of one of which nothing can be read.
    let found = faults([("APP_PROVIDERS__GITHUB__CLIENT_SECRET_FILE", "/no/such/file"), back]);
    all_of(
        &found,
        &["APP_PROVIDERS__GITHUB__CLIENT_SECRET_FILE: ", "(APP_PROVIDERS__GITHUB__CLIENT_ID): it is missing"],
    );
    let found = faults([("APP_PROVIDERS__IDP__ISUER_FILE", "/no/such/file")]);
    all_of(&found, &["APP_PROVIDERS__IDP__ISUER_FILE: ", "(APP_PROVIDERS__IDP__ISUER): a provider has"]);
    // In production, where browsers have no way back.
    let production = [("APP_ENV", "production"), ("APP_SECRET_KEY", "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T"), back];
    let [env, key, back] = production;
    let found = faults([env, key, back, ("APP_PROVIDERS__GITHUB__TITLE", "Hub")]);
    all_of(&found, &["(APP_PROVIDERS__GITHUB__CLIENT_ID): it is missing", "(APP_SERVER__PUBLIC_URL): it is missing"]);
    for url in ["APP_SERVER__PUBLIC_URL", "APP_JWT__ISSUER"] {
        let github = ("APP_PROVIDERS__GITHUB__CLIENT_ID", "app");
        all_of(&faults([env, key, back, github, (url, "https://auth.example.com")]), &[]);
    }
    let github = ("APP_PROVIDERS__GITHUB__CLIENT_ID", "app");
    all_of(
        &faults([env, key, back, github, ("APP_SERVER__PUBLIC_URL", "auth")]),
        &["(APP_SERVER__PUBLIC_URL): it is not"],
    );
}

#[test]
fn a_setting_whose_file_cannot_be_read_is_not_missing_besides() {
    for variables in [
        [("APP_ENV", "production"), ("APP_SECRET_KEY_FILE", "/no/such/file")],
        [("APP_BOOTSTRAP__ADMIN_EMAIL", "ada@example.com"), ("APP_BOOTSTRAP__ADMIN_PASSWORD_FILE", "/no/such/file")],
        [("APP_MAIL__SMTP__USERNAME", "notes"), ("APP_MAIL__SMTP__PASSWORD_FILE", "/no/such/file")],
    ] {
        let faults = faults(variables);
        assert!(matches!(&faults[..], [fault] if fault.contains("the file cannot be read")), "{faults:?}");
    }
    let found = faults([("APP_SERVER__NOPE_FILE", "/no/such/file")]);
    assert!(found.len() == 2 && found.iter().any(|fault| fault.contains("is not a setting")), "{found:?}");
}
