use std::net::TcpListener;
use std::time::Duration;

use tests::postgres;
use tests::process::{Finished, Workplace};

const SECRET: &str = "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T";

/// Serving must fail quickly with one plain message that has these words in it, and leave the folder as it was.
#[track_caller]
fn assert_refused(workplace: &Workplace, words: &[&str]) -> Finished {
    let before = workplace.content();
    let finished = workplace.run(&["serve"]);
    assert_plain_message(&finished, words);
    assert!(finished.ran < Duration::from_secs(8), "it took {:?}", finished.ran);
    let after = workplace.content();
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "the folder has other files");
    assert_eq!(after, before, "a file was changed");
    finished
}

/// One message, to which a list of faults may belong, and nothing of the program's internals.
#[track_caller]
fn assert_plain_message(finished: &Finished, words: &[&str]) {
    let message = &finished.stderr;
    assert_eq!(finished.code(), Some(1), "{message}");
    assert_eq!(finished.stdout, "");
    let mut lines = message.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("hexauth: ")), "{message}");
    assert!(lines.all(|line| line.starts_with("  - ")), "{message}");
    for word in words {
        assert!(message.contains(word), "it does not say '{word}': {message}");
    }
    for word in ["panicked", "backtrace", "stack", "Some(", "Err(", "Os {", "Error {", "src/", ".rs:", "SELECT"] {
        assert!(!message.contains(word), "it says '{word}': {message}");
    }
}

fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn at_port(port: u16) -> Workplace {
    Workplace::default().with("DATABASE_URL", format!("postgres://ada:hunter2-hunter2@127.0.0.1:{port}/hexauth"))
}

fn in_production() -> Workplace {
    Workplace::default().with("APP_ENV", "production")
}

#[test]
fn an_unknown_variable_is_refused() {
    let workplace = Workplace::default().with("APP_SERVER__PROT", "8080");
    assert_refused(&workplace, &["APP_SERVER__PROT", "not a setting"]);
}

#[test]
fn a_setting_set_as_if_it_were_a_section_is_one_fault() {
    let workplace = Workplace::default().with("APP_SERVER__PORT__X", "8080");
    let finished = assert_refused(&workplace, &["APP_SERVER__PORT__X"]);
    assert!(finished.stderr.lines().count() <= 2, "{}", finished.stderr);
}

#[test]
fn all_faults_are_listed_at_once() {
    let workplace = Workplace::default()
        .with("APP_SERVER__PORT", "70000")
        .with("APP_AUTH__REFRESH_GRACE", "soon")
        .with("APP_LOG__FORMAT", "xml")
        .with("APP_NON__SENSE", "1")
        .with("APP_SECRET_KEY_FILE", "missing.txt")
        .with("DATABASE_URL", "mysql://localhost/hexauth");
    let words = [
        "APP_SERVER__PORT",
        "APP_AUTH__REFRESH_GRACE",
        "APP_LOG__FORMAT",
        "APP_NON__SENSE",
        "APP_SECRET_KEY_FILE",
        "DATABASE_URL",
    ];
    assert_refused(&workplace, &words);
}

#[test]
fn a_bad_duration_is_refused() {
    for duration in ["15 bananas", "-1s", "0s", "900", "100years", " "] {
        let workplace = Workplace::default().with("APP_AUTH__ACCESS_TOKEN_TTL", duration);
        assert_refused(&workplace, &["APP_AUTH__ACCESS_TOKEN_TTL", "15m"]);
    }
}

#[test]
fn a_configuration_file_that_is_missing_is_refused() {
    assert_refused(&Workplace::default().with("APP_CONFIG", "hexauth.toml"), &["hexauth.toml"]);
}

#[test]
fn a_malformed_configuration_file_is_refused_without_a_word_of_what_is_in_it() {
    let malformed = Workplace::default().with("APP_CONFIG", "hexauth.toml");
    let malformed = malformed.with_file("hexauth.toml", format!("secret_key = {SECRET}\n"));
    let finished = malformed.run(&["serve"]);
    assert!(!finished.stderr.contains(SECRET), "{}", finished.stderr);
    assert_plain_message(&finished, &["hexauth.toml"]);
}

#[test]
fn a_malformed_dotenv_file_is_refused_without_a_word_of_what_is_in_it() {
    let workplace = Workplace::default().with_file(".env", format!("APP_SECRET_KEY=\"{SECRET}\n"));
    let finished = workplace.run(&["serve"]);
    assert!(!finished.stderr.contains(SECRET), "{}", finished.stderr);
    assert_plain_message(&finished, &[".env"]);
}

#[test]
fn postgres_at_a_closed_port_is_refused() {
    let port = closed_port();
    let finished = assert_refused(&at_port(port), &["PostgreSQL", &port.to_string(), "hexauth"]);
    assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
}

#[test]
fn postgres_that_accepts_and_says_nothing_is_refused_after_the_acquire_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let workplace = at_port(silent.local_addr().unwrap().port()).with("APP_DATABASE__ACQUIRE_TIMEOUT", "1s");
    let finished = assert_refused(&workplace, &["PostgreSQL"]);
    assert!(finished.ran < Duration::from_secs(4), "{:?}", finished.ran);
}

#[test]
fn a_url_of_postgres_that_cannot_be_read_is_refused_without_the_password() {
    for rest in ["@host:notaport/hexauth", "@[::1/hexauth", "@127.0.0.1/hexauth?sslmode=perhaps"] {
        let workplace = Workplace::default().with("DATABASE_URL", format!("postgres://ada:hunter2-hunter2{rest}"));
        let finished = assert_refused(&workplace, &["PostgreSQL"]);
        assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_postgres_does_not_have_is_refused() {
    let url = postgres::create_database().await;
    postgres::drop_database(&url).await;
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    assert_refused(&Workplace::default().with("DATABASE_URL", &url), &["PostgreSQL", name]);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let workplace = Workplace::default().with_file("data/hexauth.db", "this is not a database\n".repeat(100));
    assert_refused(&workplace, &["data/hexauth.db"]);
}

#[test]
fn a_folder_in_place_of_the_database_is_refused() {
    let workplace = Workplace::default().with("DATABASE_URL", "sqlite://data");
    std::fs::create_dir(workplace.path("data")).unwrap();
    assert_refused(&workplace, &["data"]);
}

#[test]
fn a_file_in_place_of_the_folder_of_the_database_is_refused() {
    assert_refused(&Workplace::default().with_file("data", "a file"), &["data/hexauth.db"]);
}

#[test]
fn a_database_in_memory_is_refused() {
    for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://data/hexauth.db?mode=memory"] {
        assert_refused(&Workplace::default().with("DATABASE_URL", url), &["memory"]);
    }
}

#[test]
fn a_database_url_without_a_place_is_refused() {
    for url in ["sqlite:", "sqlite://"] {
        assert_refused(&Workplace::default().with("DATABASE_URL", url), &[]);
    }
}

#[test]
fn an_unknown_parameter_in_the_url_of_sqlite_is_refused() {
    let workplace = Workplace::default().with("DATABASE_URL", "sqlite://data/hexauth.db?nonsense=1");
    assert_refused(&workplace, &["SQLite"]);
}

#[test]
fn production_needs_a_secret() {
    assert_refused(&in_production(), &["APP_SECRET_KEY", "openssl rand"]);
    assert_refused(&in_production().with("APP_SECRET_KEY", ""), &["APP_SECRET_KEY"]);
}

#[test]
fn a_short_secret_is_refused_without_showing_it() {
    for workplace in [in_production(), Workplace::default()] {
        let finished = assert_refused(&workplace.with("APP_SECRET_KEY", "q7Vt1w0m3kJp"), &["APP_SECRET_KEY", "32"]);
        assert!(!finished.stderr.contains("q7Vt1w0m3kJp"), "{}", finished.stderr);
    }
}

#[test]
fn production_refuses_a_well_known_secret_without_showing_it() {
    for secret in ["change-me-change-me-change-me-change-me", "secretsecretsecretsecretsecretsecret", &"x".repeat(48)] {
        let finished = assert_refused(&in_production().with("APP_SECRET_KEY", secret), &["APP_SECRET_KEY"]);
        assert!(!finished.stderr.contains(secret), "{}", finished.stderr);
    }
}

#[test]
fn a_secret_and_a_file_with_the_secret_at_once_are_refused() {
    let workplace = Workplace::default().with("APP_SECRET_KEY", SECRET).with("APP_SECRET_KEY_FILE", "secret.txt");
    assert_refused(&workplace.with_file("secret.txt", SECRET), &["APP_SECRET_KEY", "APP_SECRET_KEY_FILE"]);
}

#[test]
fn a_file_with_the_secret_that_cannot_be_read_is_refused() {
    let missing = Workplace::default().with("APP_SECRET_KEY_FILE", "missing.txt");
    assert_refused(&missing, &["APP_SECRET_KEY_FILE"]);
    let folder = Workplace::default().with("APP_SECRET_KEY_FILE", ".");
    assert_refused(&folder, &["APP_SECRET_KEY_FILE"]);
    let binary = Workplace::default().with("APP_SECRET_KEY_FILE", "secret.bin").with_file("secret.bin", [0xff; 48]);
    assert_refused(&binary, &["APP_SECRET_KEY_FILE"]);
}

#[test]
fn a_spoiled_development_secret_is_refused() {
    let workplace = Workplace::default().with_file("data/hexauth.secret", "short");
    assert_refused(&workplace, &["data/hexauth.secret"]);
}

#[test]
fn a_taken_port_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let workplace = Workplace::default().with("APP_SERVER__PORT", address.port().to_string());
    assert_refused(&workplace, &[&address.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_taken_port_postgres_is_not_migrated() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let workplace = Workplace::default().with("DATABASE_URL", postgres::create_database().await);
    let workplace = workplace.with("APP_SERVER__PORT", port);
    assert_refused(&workplace, &["cannot listen"]);
    let status = workplace.run(&["migrate", "status"]).success();
    assert!(!status.is_empty() && status.lines().all(|line| line.starts_with("pending ")), "{status}");
}

#[test]
fn an_address_that_is_not_ours_is_refused() {
    assert_refused(&Workplace::default().with("APP_SERVER__HOST", "192.0.2.1"), &["192.0.2.1"]);
}

#[test]
fn words_that_are_no_command_are_refused() {
    let workplace = Workplace::default();
    let finished = workplace.run(&["sevre"]);
    assert_eq!(finished.code(), Some(2));
    assert!(finished.stderr.contains("serve"), "{}", finished.stderr);
    assert!(workplace.content().is_empty());
}
