//! [`domain::HealthCheck`].

use std::time::Duration;

use domain::{HealthCheck, StoreError};
use futures_util::future::join_all;
use infra_postgres::PostgresSettings;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tests::{TestDatabase, on_each_database};

on_each_database!(a_database_that_answers_is_healthy);
on_each_database!(many_checks_write_little);

async fn a_database_that_answers_is_healthy(db: TestDatabase) {
    db.health.check().await.unwrap();
    db.health.check().await.unwrap();
}

/// Whoever asks is let in without a token.
async fn many_checks_write_little(db: TestDatabase) {
    for _ in 0..20 {
        for checked in join_all((0..20).map(|_| db.health.check())).await {
            checked.unwrap();
        }
    }
    assert_eq!(writes(&db).await, 1);
}

/// How often a row was written only to see whether it can be.
async fn writes(db: &TestDatabase) -> i64 {
    let connection = tests::connect(&db.url).await;
    let backend = connection.get_database_backend();
    let sql = match backend {
        // Each takes a page.
        DbBackend::Postgres => "SELECT pg_relation_size('health_probes') / 8192",
        _ => "SELECT seq FROM sqlite_sequence WHERE name = 'health_probes'",
    };
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await.unwrap();
    connection.close().await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_unavailable_at_once() {
    let url = tests::postgres::create_migrated_database().await;
    let settings =
        PostgresSettings { acquire_timeout: Duration::from_millis(500), ..PostgresSettings::new(&url).unwrap() };
    let store = infra_postgres::connect(&settings).await.unwrap();
    HealthCheck::check(&store).await.unwrap();
    tests::postgres::drop_database(&url).await;
    let result = HealthCheck::check(&store).await;
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
}
