//! TLS to PostgreSQL, as the URL asks for it.

use sea_orm::{ConnectionTrait, Statement};
use tests::client::{Client, EMAIL};
use tests::cluster::Cluster;
use tests::process::Workplace;

/// The server under a name, with these parameters. Its certificate has the first name only.
fn url(cluster: &Cluster, host: &str, parameters: &str) -> String {
    format!("postgres://postgres@{host}:{}/postgres?{parameters}", cluster.port())
}

fn file(cluster: &Cluster, knows_it: bool) -> String {
    format!("sslrootcert={}", cluster.authority(knows_it).display())
}

/// What the command says that cannot connect.
fn refusal(url: String) -> String {
    let finished = Workplace::default().with("DATABASE_URL", url).run(&["migrate", "status"]);
    assert_eq!(finished.code(), Some(1), "{}", finished.stdout);
    let message = finished.stderr.lines().last().unwrap_or_default().to_owned();
    assert!(message.starts_with("hexauth: cannot connect to PostgreSQL at "), "{message}");
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_of_a_server_is_checked_by_its_own_authority() {
    let cluster = Cluster::with_tls();
    let url = url(&cluster, "localhost", &format!("sslmode=verify-full&{}", file(&cluster, true)));
    let node = Workplace::default().with("DATABASE_URL", url).serve().await;
    Client::of(&node).sign_up(EMAIL).await;
    let connection = tests::connect(&cluster.url()).await;
    let sql = "SELECT application_name AS name, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
               WHERE application_name LIKE 'hexauth%' ORDER BY 1";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    assert!(rows.iter().all(|row| row.try_get::<bool>("", "ssl").unwrap()), "{names:?}");
    for name in ["hexauth", "hexauth feed", "hexauth listener"] {
        assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
    }
    connection.close().await.unwrap();
}

#[test]
fn a_server_is_checked_as_the_url_asks() {
    let cluster = Cluster::with_tls();
    let (known, stranger) = (file(&cluster, true), file(&cluster, false));
    for (host, parameters) in [
        ("localhost", format!("sslmode=verify-full&{known}")),
        ("localhost", format!("sslmode=verify-ca&{known}")),
        // The address is not in the certificate, and is not asked for.
        ("127.0.0.1", format!("sslmode=verify-ca&{known}")),
        ("127.0.0.1", format!("sslmode=require&{known}")),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", "sslmode=prefer".to_owned()),
        ("127.0.0.1", "sslmode=disable".to_owned()),
        ("127.0.0.1", String::new()),
    ] {
        let url = url(&cluster, host, &parameters);
        Workplace::default().with("DATABASE_URL", url).run(&["migrate", "status"]).success();
    }
    for (host, parameters, words) in [
        ("127.0.0.1", format!("sslmode=verify-full&{known}"), "not valid for name"),
        ("localhost", format!("sslmode=verify-full&{stranger}"), "no authority of sslrootcert"),
        ("localhost", format!("sslmode=verify-ca&{stranger}"), "no authority of sslrootcert"),
        // As in libpq: whoever names an authority wants it asked.
        ("localhost", format!("sslmode=require&{stranger}"), "no authority of sslrootcert"),
        ("localhost", "sslmode=verify-full".to_owned(), "no authority of sslrootcert"),
        ("localhost", "sslmode=verify-full&sslrootcert=missing.pem".to_owned(), "No such file"),
    ] {
        let message = refusal(url(&cluster, host, &parameters));
        assert!(message.contains(words), "{host} {parameters}: {message}");
    }
}

#[test]
fn the_authorities_of_the_system_are_asked_by_name() {
    let cluster = Cluster::with_tls();
    let workplace = |host: &str, authority: bool| {
        let authorities = cluster.authority(authority).display().to_string();
        let workplace = Workplace::default().with("SSL_CERT_FILE", authorities);
        workplace.with("DATABASE_URL", url(&cluster, host, "sslrootcert=system"))
    };
    workplace("localhost", true).run(&["migrate", "status"]).success();
    for (host, authority) in [("127.0.0.1", true), ("localhost", false)] {
        assert_eq!(workplace(host, authority).run(&["migrate", "status"]).code(), Some(1), "{host}");
    }
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let cluster = Cluster::create();
    for mode in ["require", "verify-ca", "verify-full"] {
        let message = refusal(url(&cluster, "localhost", &format!("sslmode={mode}")));
        assert!(message.contains("server does not support TLS"), "{message}");
    }
    // Within a machine there is none, whatever is asked for, as in libpq.
    let socket = format!(
        "postgres:///postgres?user=postgres&host={}&port={}&sslmode=verify-full",
        cluster.folder().display(),
        cluster.port()
    );
    Workplace::default().with("DATABASE_URL", socket).run(&["migrate", "status"]).success();
}

#[test]
fn a_misspelt_mode_is_never_none() {
    for (name, value) in [("DATABASE_URL", "postgres://db/hexauth?sslmode=verify-ful"), ("PGSSLMODE", "verify-ful")] {
        let workplace = Workplace::default().with("DATABASE_URL", "postgres://db/hexauth").with(name, value);
        let finished = workplace.run(&["config", "check"]);
        assert_eq!(finished.code(), Some(1), "{name}");
        assert!(
            finished.stderr.contains("disable, allow, prefer, require, verify-ca, verify-full"),
            "{}",
            finished.stderr
        );
    }
}
