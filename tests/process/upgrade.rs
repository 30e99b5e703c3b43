//! Versions that follow each other on one database: the data of the previous version, and an older binary beside a
//! newer one. `previous_version/` has a database as the previous version left it, with a few rows of every kind, its
//! times of expiry moved far ahead. At each release it is made anew with that version's binary: by hand, since a dump
//! that the new version made would show nothing.

use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tests::process::Workplace;
use tests::{on_each_database, run_sql};

use tests::client::{Client, tokens};

on_each_database!(
    the_data_of_the_previous_version_are_there_and_people_sign_in,
    an_older_binary_serves_on_a_newer_schema_with_one_warning,
    migrations_of_a_newer_version_are_listed_left_alone_and_not_reverted,
    the_table_of_migrations_of_an_earlier_version_gets_its_name,
    the_table_of_migrations_of_another_program_is_left_alone,
);

const SECRET: &str = "q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T";
const PASSWORD: &str = "correct horse battery";
/// A migration that this version does not know.
const NEWER: &str = "m29991231_000001_of_a_newer_version";

/// A workplace on the database of the previous version, and a refresh token from there.
async fn upgraded(workplace: Workplace) -> (Workplace, &'static str) {
    let workplace = workplace.with("APP_SECRET_KEY", SECRET).with("APP_JWT__ROTATE_AFTER", "0s");
    // What has expired by now is to stay.
    let workplace = workplace.with("APP_CLEANUP__INTERVAL", "0s");
    if workplace.database_url().starts_with("sqlite:") {
        let workplace = workplace.with_file("data/hexauth.db", "");
        run_sql(&workplace.database_url(), include_str!("previous_version/sqlite.sql")).await;
        (workplace, "hxr_nW7xDz85S72D8gYKmzbvzAAAAAIOKMr6qas_DhHFYpi7DPvuy_7Uq4TD0xj4YdVMledT6g")
    } else {
        run_sql(&workplace.database_url(), include_str!("previous_version/postgres.sql")).await;
        (workplace, "hxr_F0ysKfmHSR2n9HPG1io4XgAAAAJohz7ekOiWwoiG5XU2N8ddAxdg-nFz5-Fy663eSdV8SQ")
    }
}

async fn count(workplace: &Workplace, table: &str) -> i64 {
    let connection = tests::connect(&workplace.database_url()).await;
    let sql = format!("SELECT count(*) AS rows FROM {table}");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    connection.close().await.unwrap();
    row.try_get("", "rows").unwrap()
}

async fn the_data_of_the_previous_version_are_there_and_people_sign_in(workplace: Workplace) {
    let (workplace, refresh_token) = upgraded(workplace).await;
    workplace.run(&["migrate", "up"]).success();
    let status = workplace.run(&["migrate", "status"]).success();
    assert!(status.lines().count() >= 9 && status.lines().all(|line| line.starts_with("applied ")), "{status}");
    for (table, rows) in [("users", 3), ("passwords", 3), ("refresh_tokens", 2), ("signing_keys", 3)] {
        assert_eq!(count(&workplace, table).await, rows, "{table}");
    }
    for (table, rows) in [("revocations", 2), ("events", 8), ("tasks", 2)] {
        assert_eq!(count(&workplace, table).await, rows, "{table}");
    }

    let node = workplace.serve().await;
    let client = Client::of(&node);
    let refresh = json!({"refresh_token": refresh_token});
    let refreshed = client.send(Method::POST, "/auth/refresh", None, Some(refresh)).await;
    let ada: Value = client.me(&tokens(refreshed).await.access).await.json().await.unwrap();
    assert_eq!((&ada["full_name"], &ada["birthday"]), (&"Ada Augusta Lovelace".into(), &"1990-12-10".into()));
    let login = client.login("ada", PASSWORD).await;
    assert_eq!(login.status(), StatusCode::OK);
    let token = tokens(login).await.access;
    let tasks: Value = client.send(Method::GET, "/tasks", Some(&token), None).await.json().await.unwrap();
    let titles: Vec<_> = tasks["items"].as_array().unwrap().iter().map(|task| &task["title"]).collect();
    assert_eq!(titles, ["Write notes", "Compute Bernoulli numbers"]);
    assert_eq!(client.login("alan@example.com", PASSWORD).await.status(), StatusCode::FORBIDDEN, "is disabled");
    let admin = tokens(client.login("grace@example.com", PASSWORD).await).await.access;
    let users: Value = client.send(Method::GET, "/users", Some(&admin), None).await.json().await.unwrap();
    assert_eq!(users["items"].as_array().unwrap().len(), 3);
}

/// As the next version would leave the database, which adds tables and columns and takes none away.
async fn migrate_as_a_newer_version(workplace: &Workplace) {
    workplace.run(&["migrate", "up"]).success();
    let url = workplace.database_url();
    run_sql(&url, "ALTER TABLE users ADD COLUMN phone text").await;
    record_newer(&url).await;
}

async fn record_newer(database_url: &str) {
    run_sql(database_url, &format!("INSERT INTO hexauth_migrations VALUES ('{NEWER}', 1)")).await;
}

async fn an_older_binary_serves_on_a_newer_schema_with_one_warning(mut workplace: Workplace) {
    migrate_as_a_newer_version(&workplace).await;
    for migrates in ["true", "false"] {
        workplace.set("APP_DATABASE__MIGRATE_ON_START", migrates);
        let node = workplace.serve().await;
        Client::of(&node).sign_up(&format!("{migrates}@example.com")).await;
        let logs = node.stop().logs();
        let warnings: Vec<_> = logs.lines().filter(|line| line.contains("migrations of a newer version")).collect();
        assert_eq!(warnings.len(), 1, "{logs}");
        assert!(warnings[0].contains("\"WARN\"") && warnings[0].contains(NEWER), "{}", warnings[0]);
    }
}

async fn migrations_of_a_newer_version_are_listed_left_alone_and_not_reverted(workplace: Workplace) {
    migrate_as_a_newer_version(&workplace).await;
    let status = workplace.run(&["migrate", "status"]).success();
    assert_eq!(status.lines().last(), Some(format!("unknown {NEWER}").as_str()), "{status}");
    let up = workplace.run(&["migrate", "up"]).success();
    assert_eq!(up, format!("nothing to do\nleft alone {NEWER}, which is of a newer version\n"));

    let down = workplace.run(&["migrate", "down"]);
    assert_eq!(down.code(), Some(1));
    let refusal = format!(
        "hexauth: the database cannot be migrated: {NEWER} is of a newer version, and has to be reverted by that one \
         first"
    );
    assert_eq!(down.stderr.lines().last(), Some(refusal.as_str()));
    assert_eq!(workplace.run(&["migrate", "status"]).success(), status);

    // What this version knows and the database lacks is applied, whatever comes after it.
    let last = status.lines().rev().nth(1).unwrap().strip_prefix("applied ").unwrap();
    let url = workplace.database_url();
    run_sql(&url, &format!("DELETE FROM hexauth_migrations WHERE version = '{NEWER}'")).await;
    assert_eq!(workplace.run(&["migrate", "down"]).success(), format!("reverted {last}\n"));
    record_newer(&url).await;
    let up = workplace.run(&["migrate", "up"]).success();
    assert_eq!(up, format!("applied {last}\nleft alone {NEWER}, which is of a newer version\n"));
}

async fn the_table_of_migrations_of_an_earlier_version_gets_its_name(workplace: Workplace) {
    let (workplace, _) = upgraded(workplace).await;
    let status = workplace.run(&["migrate", "status"]).success();
    assert!(status.lines().take(9).all(|line| line.starts_with("applied ")), "{status}");
    assert_eq!(count(&workplace, "seaql_migrations").await, 9, "only looking at it changes nothing");
    workplace.serve().await.stop().success();
    assert!(count(&workplace, "hexauth_migrations").await >= 9);
    // The name is free for another program.
    run_sql(&workplace.database_url(), "CREATE TABLE seaql_migrations (version text PRIMARY KEY, applied_at bigint)")
        .await;
    workplace.serve().await.stop().success();
}

async fn the_table_of_migrations_of_another_program_is_left_alone(workplace: Workplace) {
    let workplace = workplace.with_file("data/empty", "");
    let url = workplace.database_url();
    if url.starts_with("sqlite:") {
        std::fs::write(workplace.path("data/hexauth.db"), "").unwrap();
    }
    for sql in [
        "CREATE TABLE seaql_migrations (version text PRIMARY KEY, applied_at bigint)",
        "INSERT INTO seaql_migrations VALUES ('m20200101_000001_of_another_program', 1)",
        "INSERT INTO seaql_migrations VALUES ('m20261126_000001_create_users', 1)",
    ] {
        run_sql(&url, sql).await;
    }
    workplace.serve().await.stop().success();
    assert_eq!(count(&workplace, "seaql_migrations").await, 2);
    let count = workplace.run(&["migrate", "status"]).success().lines().count();
    assert!(count >= 9);
    workplace.run(&["migrate", "down", "--steps", &count.to_string()]).success();
    workplace.run(&["migrate", "up"]).success();
}
