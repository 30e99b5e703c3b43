//! What else the URL of PostgreSQL may say, and roles that may do less than usual.

use std::io::Write;
use std::net::TcpListener;

use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use tests::cluster::Cluster;
use tests::process::Workplace;
use tests::{pgbouncer, postgres, run_sql};

use tests::client::{Client, EMAIL};

const FALLBACK: &str = "may not execute pg_control_checkpoint()";

/// Adds a parameter to a URL.
fn with(url: &str, parameter: &str) -> String {
    format!("{url}{}{parameter}", if url.contains('?') { '&' } else { '?' })
}

/// The names of the tables in a schema.
async fn tables(url: &str, schema: &str) -> Vec<String> {
    let connection = tests::connect(url).await;
    let sql = format!("SELECT tablename::text AS name FROM pg_tables WHERE schemaname = '{schema}' ORDER BY 1");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    connection.close().await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

/// What one node ends, the other one refuses as soon as it was notified.
async fn assert_two_nodes_serve(workplace: &Workplace) {
    let nodes = [workplace.serve().await, workplace.serve().await];
    let clients = [Client::of(&nodes[0]), Client::of(&nodes[1])];
    let tokens = clients[0].sign_up(EMAIL).await;
    assert_eq!(clients[1].me(&tokens.access).await.status(), StatusCode::OK);
    let logout = clients[0].send(Method::POST, "/auth/logout", Some(&tokens.access), None).await;
    assert_eq!(logout.status(), StatusCode::NO_CONTENT);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(clients[1].me(&tokens.access).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_in_the_schema_that_the_url_names() {
    for parameter in ["search_path=tenant", "schema=tenant", "options=-c%20search_path%3Dtenant"] {
        let url = postgres::create_database().await;
        run_sql(&url, "CREATE SCHEMA tenant").await;
        let workplace = Workplace::default().with("APP_SECRET_KEY", "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T");
        assert_two_nodes_serve(&workplace.with("DATABASE_URL", with(&url, parameter))).await;
        let made = tables(&url, "tenant").await;
        assert!(["hexauth_migrations", "users"].iter().all(|name| made.iter().any(|table| table == name)), "{made:?}");
        assert_eq!(tables(&url, "public").await, Vec::<String>::new(), "{parameter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_in_the_schema_that_the_url_names_through_pgbouncer() {
    let url = postgres::create_database().await;
    run_sql(&url, "CREATE SCHEMA \"My Tenant\"").await;
    let workplace = Workplace::default()
        .with("APP_SECRET_KEY", "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T")
        .with("APP_DATABASE__PREPARED_STATEMENTS", "false")
        .with("DATABASE_URL", with(&pgbouncer::url_of(&url), "search_path=My%20Tenant"));
    assert_two_nodes_serve(&workplace).await;
    assert!(tables(&url, "My Tenant").await.iter().any(|table| table == "users"));
    assert_eq!(tables(&url, "public").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_not_there_is_refused_with_what_to_do() {
    let url = postgres::create_database().await;
    let finished = Workplace::default().with("DATABASE_URL", with(&url, "schema=tenant")).run(&["serve"]);
    assert_eq!(finished.code(), Some(1));
    assert!(finished.stderr.contains("CREATE SCHEMA"), "{}", finished.stderr);
}

#[test]
fn what_a_url_may_not_say_is_refused_by_name() {
    for (url, words) in [
        ("postgres://ada:hunter2@db/hexauth?sslmod=require", "'sslmod'"),
        ("postgres://ada:hunter2@db/hexauth?connect_timeout=5", "'connect_timeout'"),
        ("postgres://ada:hunter2@db/hexauth?sslrootcert=system&sslmode=require", "verify-full"),
        ("postgres://ada:hunter2@one,two/hexauth", "one host"),
        ("postgres://ada:hunter2@db/hexauth?password=hunter2&password=hunter2", "'password'"),
        ("postgres://ada:hunter2@db/hexauth?search_path=,", "search_path"),
        ("postgres://ada:hunter2@::1/hexauth", "postgres://user:password@host:port/database"),
    ] {
        for command in ["check", "show"] {
            let finished = Workplace::default().with("DATABASE_URL", url).run(&["config", command]);
            assert_eq!(finished.code(), Some(1), "{url}");
            assert!(finished.stderr.contains("DATABASE_URL") && finished.stderr.contains(words), "{}", finished.stderr);
            assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
        }
    }
}

/// Where it listens on addresses of both kinds, and by its socket.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_found_by_ipv6_and_by_its_socket() {
    let cluster = Cluster::with(&["fsync=off", "listen_addresses=127.0.0.1,::1"]);
    let (folder, port) = (cluster.folder().display().to_string(), cluster.port());
    run_sql(&cluster.url(), "CREATE ROLE \"a@b\" SUPERUSER LOGIN PASSWORD 'p@ss/w%rd+'").await;
    let mut urls = vec![
        format!("postgres:///postgres?host={folder}&port={port}&user=postgres"),
        format!("postgresql://postgres@{}:{port}/postgres", folder.replace('/', "%2F")),
        format!("postgresql://a%40b:p%40ss%2Fw%25rd%2B@127.0.0.1:{port}/postgres"),
    ];
    match TcpListener::bind("[::1]:0") {
        Ok(_) => urls.push(format!("postgres://postgres@[::1]:{port}/postgres")),
        Err(_) => drop(writeln!(std::io::stderr(), "NOT TESTED: a server on IPv6. This machine has none.")),
    }
    let mut workplace = Workplace::default();
    for url in urls {
        workplace.set("DATABASE_URL", &url);
        let node = workplace.serve().await;
        assert_eq!(Client::of(&node).get("/health/ready").await.status(), StatusCode::OK, "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_ask_for_checkpoints_serves_with_one_warning() {
    let cluster = Cluster::create();
    for sql in [
        "CREATE ROLE service LOGIN",
        "GRANT USAGE, CREATE ON SCHEMA public TO service",
        "REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM PUBLIC",
    ] {
        run_sql(&cluster.url(), sql).await;
    }
    let url = cluster.url().replace("postgres@", "service@");
    let workplace = Workplace::default().with("APP_SECRET_KEY", "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T");
    let workplace = workplace.with("DATABASE_URL", url);
    assert_two_nodes_serve(&workplace).await;
    let node = workplace.serve().await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hexauth feed'";
    run_sql(&cluster.url(), end).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(Client::of(&node).get("/health/ready").await.status(), StatusCode::OK);
    let logs = node.stop().logs();
    assert_eq!(logs.matches(FALLBACK).count(), 1, "{logs}");
}
