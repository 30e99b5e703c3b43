use std::time::Duration;

use tests::process::Workplace;

use tests::client::{Client, EMAIL};

const SECRET: &str = "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T";

fn shown(workplace: &Workplace) -> String {
    workplace.run(&["config", "show"]).success()
}

#[tokio::test(flavor = "multi_thread")]
async fn production_takes_the_secret_from_a_file() {
    let workplace = Workplace::default()
        .with("APP_ENV", "production")
        .with("APP_SECRET_KEY_FILE", "secret.txt")
        .with_file("secret.txt", format!("{SECRET}\n"));
    let node = workplace.serve().await;
    let tokens = Client::of(&node).sign_up(EMAIL).await;
    assert!(!workplace.path("data/hexauth.secret").exists());
    assert!(!node.logs().contains(SECRET) && !node.logs().contains("First admin"), "{}", node.logs());
    node.stop().success();

    // The line break at the end of the file is not part of the secret.
    let workplace = workplace.without("APP_SECRET_KEY_FILE").with("APP_SECRET_KEY", SECRET);
    let node = workplace.serve().await;
    assert_eq!(Client::of(&node).me(&tokens.access).await.status().as_u16(), 200);
}

#[test]
fn the_configuration_is_shown_without_secrets() {
    let urls = [
        "postgres://ada:hunter2-hunter2@db.example.com:5432/hexauth",
        "postgres://db.example.com:5432/hexauth?user=ada&password=hunter2-hunter2",
        "postgres://ada:p@hunter2-hunter2@db.example.com:5432/hexauth",
        "postgres://ada:hunter2-hunter2@db.example.com:5432/hexauth?sslmode=require&password=hunter2-hunter2",
    ];
    for url in urls {
        let text = shown(&Workplace::default().with("APP_SECRET_KEY", SECRET).with("DATABASE_URL", url));
        assert!(text.contains("secret_key = \"(hidden)\""), "{text}");
        assert!(text.contains("db.example.com"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains(SECRET), "{text}");
    }
}

#[test]
fn looking_at_the_configuration_creates_nothing() {
    let workplace = Workplace::default();
    assert_eq!(workplace.run(&["config", "check"]).success(), "the configuration is valid\n");
    assert!(shown(&workplace).contains("database.url = \"sqlite://data/hexauth.db\""));
    assert!(workplace.content().is_empty());
}

#[test]
fn all_faults_are_listed_by_check_and_by_show() {
    let workplace = Workplace::default().with("APP_SERVER__PORT", "many").with("APP_AUTH__REFRESH_GRACE", "soon");
    for action in ["check", "show"] {
        let finished = workplace.run(&["config", action]);
        assert_eq!(finished.code(), Some(1));
        assert_eq!(finished.stdout, "");
        assert_eq!(finished.stderr.lines().count(), 3, "{}", finished.stderr);
        assert!(finished.stderr.contains("APP_SERVER__PORT") && finished.stderr.contains("APP_AUTH__REFRESH_GRACE"));
    }
}

#[test]
fn no_fault_hides_behind_another() {
    let production = Workplace::default().with("APP_ENV", "production").with("APP_SECRET_KEY", SECRET);
    let check = |workplace: &Workplace, names: &[&str]| {
        let finished = workplace.run(&["config", "check"]);
        let faults: Vec<_> = finished.stderr.lines().skip(1).collect();
        assert_eq!(faults.len(), names.len(), "{}", finished.stderr);
        for name in names {
            assert!(faults.iter().any(|fault| fault.contains(name)), "{name}: {}", finished.stderr);
        }
    };
    let workplace = production
        .with("APP_AUTH__RETURN_TO", "https://app.example.com")
        .with("APP_PROVIDERS__GITHUB__CLIENT_SECRET_FILE", "/no/such/file")
        .with("APP_WEBAUTHN__RP_ID", "https://example.com")
        .with("APP_WEBAUTHN__ORIGINS", "app.example.com");
    let names = [
        "APP_PROVIDERS__GITHUB__CLIENT_SECRET_FILE: ",
        "(APP_PROVIDERS__GITHUB__CLIENT_ID): it is missing",
        "(APP_SERVER__PUBLIC_URL): it is missing",
        "(APP_WEBAUTHN__RP_ID): must be a domain",
        "(APP_WEBAUTHN__ORIGINS): must be ",
    ];
    check(&workplace, &names);
    // Origins that were not given are at fault with nothing.
    let names = names.map(|name| if name.contains("ORIGINS") { "APP_AUTH__SUDO_WINDOW" } else { name });
    check(&workplace.without("APP_WEBAUTHN__ORIGINS").with("APP_AUTH__SUDO_WINDOW", "soon"), &names);
    let alone = Workplace::default().with("APP_WEBAUTHN__ORIGINS", "app.example.com");
    check(&alone, &["it needs webauthn.rp_id (APP_WEBAUTHN__RP_ID)", "(APP_WEBAUTHN__ORIGINS): must be "]);
}

#[test]
fn what_is_shown_can_be_read_again() {
    let text = shown(&Workplace::default().with("APP_SERVER__PORT", "8123"));
    let workplace = Workplace::default().without("APP_SERVER__PORT").with_file("hexauth.toml", &text);
    let again = workplace.run(&["--config", "hexauth.toml", "config", "show"]).success();
    assert_eq!(again, text);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let toml = "[server]\nport = 8123\nrequest_timeout = \"12s\"\n";
    let workplace = Workplace::default().with_file("hexauth.toml", toml).with("APP_CONFIG", "hexauth.toml");
    let text = shown(&workplace.with("APP_SERVER__PORT", "8124"));
    for line in ["server.port = \"8124\"", "server.request_timeout = \"12s\"", "server.shutdown_timeout = \"30s\""] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_dotenv_file_is_read_in_development_and_the_environment_wins_over_it() {
    let dotenv = "APP_JWT__ISSUER=from-dotenv\nAPP_JWT__AUDIENCE=from-dotenv\nDATABASE_URL=sqlite://x/y.db\n";
    let workplace = Workplace::default().with_file(".env", dotenv).with("APP_JWT__AUDIENCE", "from-environment");
    let text = shown(&workplace);
    assert!(text.contains("jwt.issuer = \"from-dotenv\""), "{text}");
    assert!(text.contains("jwt.audience = \"from-environment\""), "{text}");
    assert!(text.contains("database.url = \"sqlite://x/y.db\""), "{text}");
}

#[test]
fn a_value_of_a_dotenv_file_is_taken_as_it_is_written() {
    for (line, expected) in [
        ("APP_JWT__ISSUER=a$b${c}$(d)$$", "a$b${c}$(d)$$"),
        ("APP_JWT__ISSUER=$APP_JWT__AUDIENCE", "$APP_JWT__AUDIENCE"),
        ("APP_JWT__ISSUER=a#b=c&d", "a#b=c&d"),
        ("APP_JWT__ISSUER=a\\b c", "a\\b c"),
        ("\u{feff}APP_JWT__ISSUER=a\r\n\r\n# comment\r\n", "a"),
        ("export APP_JWT__ISSUER='a $b \\ \"c\" # d ' # comment", "a $b \\ \"c\" # d "),
        ("APP_JWT__ISSUER=\"a $b 'c' # d \\\" \\\\ \" # comment", "a $b 'c' # d \" \\ "),
    ] {
        let text = shown(&Workplace::default().with_file(".env", line));
        assert!(text.contains(&format!("jwt.issuer = {expected:?}\n")), "{line}: {text}");
    }
}

#[test]
fn a_line_of_a_dotenv_file_that_cannot_be_read_is_named_by_its_number() {
    for line in [
        b"hunter2".as_slice(),
        b"=hunter2",
        b"APP JWT=hunter2",
        b"hunter-2=x",
        b"APP_JWT__ISSUER='hunter2",
        b"APP_JWT__ISSUER=\"hunter2\\\"",
        b"APP_JWT__ISSUER=\"hunter2\\x\"",
        b"APP_JWT__ISSUER='hunter2'x",
        b"APP_JWT__ISSUER=hunter2\0",
        b"APP_JWT__ISSUER=hunter2\xff",
        b"APP_JWT__AUDIENCE=hunter2",
    ] {
        let dotenv = [b"# first\nAPP_JWT__AUDIENCE=first\n".as_slice(), line, b"\nAPP_LOG__LEVEL=info\n"].concat();
        let finished = Workplace::default().with_file(".env", &dotenv).run(&["config", "check"]);
        let line = String::from_utf8_lossy(line);
        assert_eq!(finished.code(), Some(1), "{line}");
        assert!(finished.stderr.starts_with("hexauth: .env, line 3: "), "{line}: {}", finished.stderr);
        assert!(!finished.stderr.contains("hunter"), "{}", finished.stderr);
    }
}

/// As Kubernetes does for a Service, and Docker for a link, that is named `app` or like a section of the settings.
#[tokio::test(flavor = "multi_thread")]
async fn injected_variables_are_ignored_with_one_warning() {
    let injected = [
        ("APP_PORT", "tcp://10.0.0.1:80"),
        ("APP_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("APP_SERVICE_HOST", "10.0.0.1"),
        ("APP_SERVER_PORT", "tcp://10.0.0.2:80"),
        ("APP_ENV_APP_SERVER__PORT", "80"),
        ("APP_DB_ENV_PG__X", "80"),
    ];
    let workplace = injected.into_iter().fold(Workplace::default(), |place, (name, value)| place.with(name, value));
    let finished = workplace.run(&["config", "check"]);
    let warning = "hexauth: variables that begin with APP_ and are not settings are ignored: APP_DB_ENV_PG__X \
                   APP_ENV_APP_SERVER__PORT APP_PORT APP_PORT_8080_TCP_ADDR APP_SERVER_PORT APP_SERVICE_HOST\n";
    assert_eq!((finished.stderr.as_str(), finished.stdout.as_str()), (warning, "the configuration is valid\n"));

    let node = workplace.serve().await;
    let logs = node.logs();
    assert_eq!(logs.matches("are ignored").count(), 1, "{logs}");
    assert!(injected.iter().all(|(name, _)| logs.contains(name)) && !logs.contains("10.0.0."), "{logs}");
}

#[test]
fn an_empty_mode_is_warned_of() {
    const WARNING: &str = "hexauth: APP_ENV is empty, which means development\n";
    let check = |workplace: Workplace| workplace.run(&["config", "check"]).stderr;
    assert_eq!(check(Workplace::default().with("APP_ENV", "")), WARNING);
    assert_eq!(check(Workplace::default()), "");
    let in_file = Workplace::default().with("APP_ENV", "").with_file(".env", "APP_ENV=production\nAPP_SECRET_KEY=x\n");
    assert!(!check(in_file).contains(WARNING));
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let untouched = shown(&Workplace::default());
    let names: Vec<&str> = untouched.lines().map(|line| line.split_once(" = ").unwrap().0).collect();
    assert!(names.len() > 40);
    let mut workplace = Workplace::default();
    for key in names {
        let name = format!("APP_{}", key.replace('.', "__").to_uppercase());
        let name = if key == "database.url" { "DATABASE_URL".to_owned() } else { name };
        workplace.set(&format!("{name}_FILE"), "");
        // What the tests set, stays.
        if !["server.port", "log.format", "mail.transport"].contains(&key)
            && !key.starts_with("password.")
            && key != "rate_limit.enabled"
        {
            workplace.set(&name, "");
        }
    }
    assert_eq!(shown(&workplace.with("APP_CONFIG", "").with("APP_CLIENTS__API", "")), untouched);
}

#[test]
fn an_empty_variable_leaves_the_word_to_the_dotenv_file_and_the_file() {
    let toml = "[server]\nport = 8123\n[jwt]\nissuer = \"from-toml\"\n";
    let workplace = Workplace::default().with("APP_JWT__AUDIENCE", "").with("APP_SERVER__PORT", "");
    let workplace = workplace.with_file("hexauth.toml", toml).with("APP_CONFIG", "hexauth.toml");
    let text = shown(&workplace.with_file(".env", "APP_JWT__AUDIENCE=from-dotenv\nAPP_JWT__ISSUER=\n"));
    for line in ["jwt.audience = \"from-dotenv\"", "jwt.issuer = \"from-toml\"", "server.port = \"8123\""] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_byte_order_mark_is_not_part_of_a_value_in_a_file() {
    let workplace = Workplace::default().with("DATABASE_URL_FILE", "url.txt");
    let text = shown(&workplace.with_file("url.txt", "\u{feff}sqlite://x/y.db\r\n"));
    assert!(text.contains("database.url = \"sqlite://x/y.db\""), "{text}");
}

#[test]
fn a_database_url_that_is_not_one_is_refused_with_what_to_write() {
    const SQLITE: &str = "sqlite://path/to/file";
    const POSTGRES: &str = "postgres://user:password@host:port/database";
    for (url, advice) in [
        ("sqlite:x.db", SQLITE),
        ("sqlite:/hunter2/x.db", SQLITE),
        ("sqlite:", SQLITE),
        ("sqlite://", SQLITE),
        ("sqlite://?mode=rwc", SQLITE),
        ("sqlite::memory:", "in memory"),
        ("sqlite://:memory:", "in memory"),
        ("sqlite://x.db?mode=memory", "in memory"),
        ("postgres:hunter2", POSTGRES),
        ("postgresql:/ada:hunter2@db/hexauth", POSTGRES),
        ("postgres://ada:hunter2@db:many/hexauth", POSTGRES),
        ("mysql://ada:hunter2@db/hexauth", POSTGRES),
        ("hunter2/x.db", SQLITE),
        ("Sqlite://hunter2/x.db", SQLITE),
    ] {
        let finished = Workplace::default().with("DATABASE_URL", url).run(&["config", "check"]);
        assert_eq!(finished.code(), Some(1), "{url}");
        let fault = finished.stderr.lines().nth(1).unwrap_or_default();
        assert!(fault.contains("DATABASE_URL") && fault.contains(advice), "{url}: {}", finished.stderr);
        assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    }
    for url in ["sqlite://x.db", "sqlite:///x/y.db", "postgres://db/hexauth", "postgresql://db/hexauth"] {
        Workplace::default().with("DATABASE_URL", url).run(&["config", "check"]).success();
    }
}

#[test]
fn a_dotenv_file_is_not_read_in_production() {
    let workplace = Workplace::default().with("APP_ENV", "production").with("APP_SECRET_KEY", SECRET);
    let text = shown(&workplace.with_file(".env", "APP_JWT__ISSUER=from-dotenv\n"));
    assert!(text.contains("jwt.issuer = \"hexauth\""), "{text}");
}

#[test]
fn help_and_version_answer_quickly_whatever_the_configuration() {
    let workplace = Workplace::default().with("APP_NON__SENSE", "1");
    for argument in ["--help", "--version"] {
        let finished = workplace.run(&[argument]);
        assert!(finished.ran < Duration::from_secs(5));
        assert!(finished.success().contains("hexauth"));
    }
}
