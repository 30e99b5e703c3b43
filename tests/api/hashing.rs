use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, TransactionTrait};
use tests::on_each_database;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::app::{Answer, App, PASSWORD};

on_each_database!(a_refused_sign_in_does_not_wait_for_the_database);

#[tokio::test(flavor = "multi_thread")]
async fn when_the_queue_is_full_the_answer_is_503_and_others_are_served() {
    let settings = [
        ("APP_PASSWORD__THREADS", "1"),
        ("APP_PASSWORD__QUEUE", "2"),
        ("APP_PASSWORD__MEMORY_KIB", "19456"),
        ("APP_PASSWORD__ITERATIONS", "2"),
    ];
    let app = App::sqlite_with(&settings).await;
    app.register("ada@example.com").await;
    let answers = join_all((0..20).map(|_| app.login("ada@example.com", PASSWORD))).await;
    let (served, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert!(served.len() >= 3, "{} served", served.len());
    assert!(!refused.is_empty());
    for answer in refused {
        answer.problem(503, "overloaded");
        assert_eq!(answer.header("retry-after"), "1");
    }
    app.login("ada@example.com", PASSWORD).await.tokens();
}

async fn a_refused_sign_in_does_not_wait_for_the_database(app: App) {
    app.register("ada@example.com").await;
    let node = Arc::new(app.another_node(&[("APP_PASSWORD__THREADS", "1"), ("APP_PASSWORD__QUEUE", "1")]).await);
    let lock = lock_users(&app).await;
    let mut answers = sign_in_often(&node, 20);
    let refused = async {
        for _ in 0..18 {
            answers.join_next().await.unwrap().unwrap().problem(503, "overloaded");
        }
    };
    timeout(Duration::from_secs(5), refused).await.expect("only two have a place at the hasher");
    // Judging a password takes a place, too.
    let asked = node.post("/api/v1/auth/password-check", serde_json::json!({"password": PASSWORD})).await;
    asked.problem(503, "overloaded");
    lock.rollback().await.unwrap();
    for answer in answers.join_all().await {
        answer.tokens();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_and_registrations_leave_half_of_the_connections_to_others() {
    let app = App::postgres_with(&[]).await;
    let token = app.sign_up("ada@example.com").await.access;
    for max_connections in ["2", "5"] {
        let node = Arc::new(app.another_node(&[("APP_DATABASE__MAX_CONNECTIONS", max_connections)]).await);
        let lock = lock_users(&app).await;
        let answers = sign_in_often(&node, 20);
        let register = async |number| node.register(&format!("{number}@example.com")).await;
        let registering = join_all((0..20).map(register));
        // The connections that they get are stuck by now.
        assert!(timeout(Duration::from_secs(1), registering).await.is_err());
        let tasks = timeout(Duration::from_secs(2), node.get("/api/v1/tasks", &token)).await;
        assert_eq!(tasks.expect("others get a connection").status, StatusCode::OK);
        lock.rollback().await.unwrap();
        for answer in answers.join_all().await {
            answer.tokens();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_in_a_storm_cannot_ask_again_at_once() {
    let app = App::sqlite_with(&[("APP_PASSWORD__THREADS", "1"), ("APP_PASSWORD__QUEUE", "1")]).await;
    app.register("ada@example.com").await;
    let app = Arc::new(app);
    let lock = lock_users(&app).await;
    let begun = Instant::now();
    let mut answers = sign_in_often(&app, 3);
    answers.join_next().await.unwrap().unwrap().problem(503, "overloaded");
    assert!(begun.elapsed() >= Duration::from_millis(80), "{:?}", begun.elapsed());
    lock.rollback().await.unwrap();
}

fn sign_in_often(app: &Arc<App>, times: usize) -> JoinSet<Answer> {
    let mut answers = JoinSet::new();
    for _ in 0..times {
        let app = Arc::clone(app);
        answers.spawn(async move { app.login("ada@example.com", PASSWORD).await });
    }
    answers
}

/// Keeps everybody from writing users and, on PostgreSQL, from reading them.
async fn lock_users(app: &App) -> DatabaseTransaction {
    let lock = tests::connect(&app.database_url).await.begin().await.unwrap();
    let sql = match lock.get_database_backend() {
        DbBackend::Sqlite => "UPDATE users SET full_name = full_name",
        _ => "LOCK TABLE users",
    };
    lock.execute_unprepared(sql).await.unwrap();
    lock
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_renews_a_hash_of_other_parameters() {
    let old = App::postgres_with(&[]).await;
    old.register("ada@example.com").await;
    let new = old.another_node(&[("APP_PASSWORD__ITERATIONS", "2")]).await;
    assert!(stored_hash(&old).await.contains("t=1"));
    new.login("ada@example.com", PASSWORD).await.tokens();
    assert!(stored_hash(&old).await.contains("t=2"));
    old.login("ada@example.com", PASSWORD).await.tokens();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_hash_over_the_cap_is_refused_and_not_computed() {
    let app = App::postgres_with(&[]).await;
    app.register("ada@example.com").await;
    let hash = "$argon2id$v=19$m=4000000,t=9,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    execute(&app, &format!("UPDATE passwords SET hash = '{hash}'")).await;
    let started = std::time::Instant::now();
    app.login("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
}

async fn stored_hash(app: &App) -> String {
    use sea_orm::{ConnectionTrait, Statement};
    let connection = tests::connect(&app.database_url).await;
    let statement = Statement::from_string(connection.get_database_backend(), "SELECT hash FROM passwords");
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "hash").unwrap()
}

async fn execute(app: &App, sql: &str) {
    use sea_orm::ConnectionTrait;
    let connection = tests::connect(&app.database_url).await;
    connection.execute_unprepared(sql).await.unwrap();
}
