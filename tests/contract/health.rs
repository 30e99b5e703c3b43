//! [`domain::ports::HealthCheck`].

use std::time::Duration;

use domain::ports::{HealthCheck, RepositoryError};
use infra_postgres::PostgresSettings;
use tests::{TestDatabase, on_each_database};

on_each_database!(a_database_that_answers_is_healthy);

async fn a_database_that_answers_is_healthy(db: TestDatabase) {
    db.health.check().await.unwrap();
    db.health.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_unavailable_at_once() {
    let url = tests::postgres::create_migrated_database().await;
    let settings = PostgresSettings { acquire_timeout: Duration::from_millis(500), ..PostgresSettings::new(&url) };
    let store = infra_postgres::connect(&settings).await.unwrap();
    HealthCheck::check(&store).await.unwrap();
    tests::postgres::drop_database(&url).await;
    let result = HealthCheck::check(&store).await;
    assert!(matches!(result, Err(RepositoryError::Unavailable(_))), "{result:?}");
}
