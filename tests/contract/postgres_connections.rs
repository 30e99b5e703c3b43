//! What the connections to PostgreSQL must withstand.

use std::time::{Duration, Instant};

use domain::StoreError;
use domain::units::{AccountUnit, Begin};
use domain::users::UserFilter;
use futures_util::FutureExt;
use futures_util::future::join_all;
use infra_postgres::{PostgresConnections, PostgresError, PostgresSettings};
use infra_seaorm::{SqlConnections, Transaction};
use migration::Step;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};
use tests::cluster::Cluster;
use tests::proxy::{Line, Proxy};
use tests::{OnDatabase, OnPgBouncer, TestDatabase};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::fixtures::{Stored, at, user, user_id};

/// A database that is reached by one connection, so that whatever is left on it is met by the next.
async fn with_one_connection() -> TestDatabase {
    let url = tests::postgres::create_migrated_database().await;
    let settings = PostgresSettings { max_connections: 1, ..PostgresSettings::new(url.clone()).unwrap() };
    TestDatabase::with_settings(url, settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_after_a_unit_was_given_up_lasts() {
    let db = with_one_connection().await;
    let other = TestDatabase::with_settings(db.url.clone(), PostgresSettings::new(db.url.clone()).unwrap()).await;
    for number in 1..=200 {
        // It may be about to begin, or to write, or to commit.
        let unit = async {
            let unit = db.units.begin().await.unwrap();
            unit.users().insert(&user(1000 + number)).await.unwrap();
            unit.commit().await.unwrap();
        };
        let _ = timeout(Duration::from_micros(u64::try_from(number).unwrap() * 10), unit).await;
        db.insert_users(&[user(number)]).await;
        assert!(other.users.find_by_id(user_id(number)).await.unwrap().is_some(), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_given_up_leaves_no_warning_in_the_log() {
    let cluster = Cluster::create();
    let settings = PostgresSettings { max_connections: 1, ..PostgresSettings::new(cluster.url()).unwrap() };
    infra_postgres::migrate(&settings, Step::Up).await.unwrap();
    let db = TestDatabase::with_settings(cluster.url(), settings).await;
    for number in 1..=20 {
        let unit = db.units.begin().await.unwrap();
        unit.users().insert(&user(number)).await.unwrap();
        // COMMIT is sent, and nobody waits for what comes of it. It may be there at once nevertheless.
        if let Some(result) = unit.commit().now_or_never() {
            result.unwrap();
        }
        assert!(db.users.find_by_id(user_id(number)).await.unwrap().is_some(), "{number}");
    }
    let log = cluster.log();
    assert!(!log.contains("WARNING"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_was_given_up_does_not_spoil_the_next() {
    let db = with_one_connection().await;
    db.insert_users(&[user(1), user(2)]).await;
    for number in 0..200 {
        let given_up = db.users.find_by_id(user_id(1));
        let _ = timeout(Duration::from_micros(number * 5), given_up).await;
        assert_eq!(db.users.find_by_id(user_id(2)).await.unwrap(), Some(user(2)), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_all_connections_were_killed_few_notice() {
    let db = TestDatabase::postgres().await;
    for round in 0..5 {
        let all: Vec<_> = (0..10).map(|_| db.units.begin()).collect();
        drop(join_all(all).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
        db.run_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'hexauth'",
        )
        .await;
        let mut failures = 0;
        for _ in 0..20 {
            match db.users.count(&UserFilter::default()).await {
                Ok(_) => {}
                Err(StoreError::Unavailable(_)) => failures += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(failures <= 1, "round {round}: {failures}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_encoding_is_refused() {
    let settings = PostgresSettings::new(tests::postgres::create_latin_database().await).unwrap();
    let migrated = infra_postgres::migrate(&settings, Step::Up).await.err().unwrap();
    let connected = infra_postgres::connect(&settings).await.err().unwrap();
    for error in [migrated, connected] {
        assert!(matches!(&error, PostgresError::Encoding(encoding) if encoding == "LATIN1"), "{error}");
    }
}

/// As when one worker of a server ends while others still have requests in flight.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_moved_outlive_the_runtime_that_opened_them() {
    let url = tests::postgres::create_migrated_database().await;
    let store = infra_postgres::connect(&PostgresSettings::new(url).unwrap()).await.unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    let (end, ending) = tokio::sync::oneshot::channel::<()>();
    let worker_store = store.connection().clone();
    let worker = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let units = (0..10).map(|_| worker_store.begin_unit());
            let units: Vec<_> = join_all(units).await.into_iter().map(Result::unwrap).collect();
            let in_flight = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                join_all(units.into_iter().map(Transaction::commit)).await.into_iter().collect::<Result<(), _>>()
            });
            tell.send(()).unwrap();
            in_flight.await.unwrap().unwrap();
            let _ = ending.await;
        });
    });
    told.await.unwrap();
    store.connection().move_to(Handle::current()).await;
    end.send(()).unwrap();
    worker.join().unwrap();
    let units = join_all((0..10).map(|_| Begin::<dyn AccountUnit>::begin(&store))).await;
    for unit in units {
        unit.unwrap().commit().await.unwrap();
    }
}

/// Thirty ask this database until they are served, and tell when the last of them was.
fn all_are_served(db: &TestDatabase) -> impl Future<Output = Instant> + use<> {
    let asking = (0..30).map(|_| {
        let users = db.users.clone();
        tokio::spawn(async move {
            while users.count(&UserFilter::default()).await.is_err() {}
            Instant::now()
        })
    });
    let asking: Vec<_> = asking.collect();
    async { join_all(asking).await.into_iter().map(Result::unwrap).max().unwrap() }
}

/// How long a connection takes depends on the machine, so those who waited are compared with others who come once the
/// server is back, at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn when_the_server_is_back_everybody_is_served_at_once() {
    /// The longest pause between two tries, and a little more.
    const PAUSE: Duration = Duration::from_millis(400);
    let mut cluster = Cluster::create();
    let settings = PostgresSettings::new(cluster.url()).unwrap();
    infra_postgres::migrate(&settings, Step::Up).await.unwrap();
    let db = TestDatabase::with_settings(cluster.url(), settings.clone()).await;
    for round in 0..3 {
        cluster.kill();
        // They come while it is away, and wait for a connection or learn that there is none.
        let waiting = all_are_served(&db);
        // So long that pauses which only grew would now exceed what is allowed below.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        cluster.start();
        let back = Instant::now();
        let others = TestDatabase::with_settings(cluster.url(), settings.clone()).await;
        let others = all_are_served(&others).await - back;
        let waited = waiting.await.saturating_duration_since(back);
        assert!(waited < PAUSE + 2 * others, "round {round}: {waited:?} where others took {others:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_became_read_only_keeps_no_connection() {
    let db = TestDatabase::postgres().await;
    let name = db.url.rsplit('/').next().unwrap().to_owned();
    let server = tests::postgres::server_url();
    tests::run_sql(server, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    for number in 1..=10 {
        let result = db.users.insert(&user(number)).await;
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    }
    tests::run_sql(server, &format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await;
    db.insert_users(&[user(1)]).await;
}

/// A server that vanishes sends nothing more, not even an end.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_vanished_is_given_up_and_its_connections_with_it() {
    let url = tests::postgres::create_migrated_database().await;
    let proxy = Proxy::to(&url).await;
    let settings = PostgresSettings {
        statement_timeout: Duration::from_secs(1),
        max_connections: 3,
        ..PostgresSettings::new(proxy.url_of(&url)).unwrap()
    };
    let db = TestDatabase::with_settings(url, settings).await;
    db.insert_users(&[user(1)]).await;
    proxy.set(Line::Silent);
    let started = Instant::now();
    let asking = (0..10).map(|_| db.users.find_by_id(user_id(1)));
    for result in futures_util::future::join_all(asking).await {
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    proxy.set(Line::Open);
    let started = Instant::now();
    assert!(db.users.find_by_id(user_id(1)).await.unwrap().is_some());
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_through_pgbouncer_has_its_limit() {
    let db = TestDatabase::pgbouncer().await;
    db.insert_users(&[user(1)]).await;
    let settings = PostgresSettings {
        prepared_statements: false,
        statement_timeout: Duration::from_millis(300),
        ..PostgresSettings::new(tests::pgbouncer::url_of(&db.url)).unwrap()
    };
    let hasty = TestDatabase::with_settings(db.url.clone(), settings).await;
    let unit = db.units.begin().await.unwrap();
    unit.users().update(&user(1)).await.unwrap();
    let started = Instant::now();
    let result = hasty.users.update(&user(1)).await;
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    unit.commit().await.unwrap();
    hasty.users.update(&user(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_share_few_servers_behind_pgbouncer() {
    let db = TestDatabase::pgbouncer().await;
    let task = |number: u128| {
        let (units, users) = (db.units.clone(), db.users.clone());
        tokio::spawn(async move {
            for step in 0..20 {
                let id = number * 100 + step;
                let unit = units.begin().await.unwrap();
                unit.users().insert(&user(id)).await.unwrap();
                assert!(unit.users().find_by_id_for_update(user_id(id)).await.unwrap().is_some());
                unit.commit().await.unwrap();
                assert_eq!(users.find_by_id(user_id(id)).await.unwrap(), Some(user(id)));
                assert!(users.delete(user_id(id)).await.unwrap());
            }
        })
    };
    let tasks: Vec<_> = (1..=30).map(task).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.users.count(&UserFilter::default()).await.unwrap(), 0);
}

/// Sets this on the database, as its owner may. It holds for connections that are made from now on.
async fn set_on_database(url: &str, setting: &str) {
    let name = url.rsplit('/').next().unwrap();
    tests::run_sql(tests::postgres::server_url(), &format!("ALTER DATABASE {name} SET {setting}")).await;
}

fn through_pgbouncer(url: &str) -> PostgresSettings {
    PostgresSettings { prepared_statements: false, ..PostgresSettings::new(tests::pgbouncer::url_of(url)).unwrap() }
}

/// A setting as single statements and units of work see it.
async fn seen(connections: &PostgresConnections, setting: &str) -> [String; 2] {
    let ask = || Statement::from_string(DbBackend::Postgres, format!("SELECT current_setting('{setting}') AS value"));
    let value = |row: Option<QueryResult>| row.unwrap().try_get::<String>("", "value").unwrap();
    let single = value(connections.query_one_raw(ask()).await.unwrap());
    let unit = connections.begin_unit().await.unwrap();
    let in_unit = value(unit.query_one_raw(ask()).await.unwrap());
    unit.commit().await.unwrap();
    [single, in_unit]
}

/// Our statements are written for READ COMMITTED: a `WHERE` that is looked at again when a lock was waited for.
async fn assert_settings_are_ours(url: &str, settings: PostgresSettings) {
    for level in ["serializable", "repeatable read"] {
        set_on_database(url, &format!("default_transaction_isolation = '{level}'")).await;
        set_on_database(url, "lock_timeout = '200ms'").await;
        set_on_database(url, "statement_timeout = '200ms'").await;
        set_on_database(url, "idle_in_transaction_session_timeout = '200ms'").await;
        let store = infra_postgres::connect(&settings).await.unwrap();
        for (setting, expected) in [
            ("transaction_isolation", "read committed"),
            ("lock_timeout", "0"),
            ("statement_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10s"),
        ] {
            assert_eq!(seen(store.connection(), setting).await, [expected, expected], "{setting} under {level}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_is_set_to_changes_no_statement() {
    let url = tests::postgres::create_migrated_database().await;
    assert_settings_are_ours(&url, PostgresSettings::new(&url).unwrap()).await;
}

/// The feed waits for a lock, longer than the database allows and not as long as we do.
async fn assert_feeds_limits_are_ours(url: &str, settings: PostgresSettings) {
    set_on_database(url, "default_transaction_isolation = 'serializable'").await;
    set_on_database(url, "lock_timeout = '100ms'").await;
    set_on_database(url, "statement_timeout = '100ms'").await;
    let db = TestDatabase::with_settings(url.to_owned(), settings).await;
    let lock = "SET statement_timeout = 0; BEGIN; LOCK TABLE revocations; SELECT pg_sleep(1); COMMIT";
    let locking = tokio::spawn({
        let url = url.to_owned();
        async move { tests::run_sql(&url, lock).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(db.feed().poll(at(0)).await.unwrap(), []);
    locking.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_is_set_to_changes_no_feed() {
    let url = tests::postgres::create_migrated_database().await;
    assert_feeds_limits_are_ours(&url, PostgresSettings::new(&url).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_is_set_to_changes_no_feed_through_pgbouncer() {
    let url = tests::postgres::create_migrated_database().await;
    let settings = through_pgbouncer(&url);
    assert_feeds_limits_are_ours(&url, settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_is_set_to_changes_no_statement_through_pgbouncer() {
    let url = tests::postgres::create_migrated_database().await;
    let settings = through_pgbouncer(&url);
    assert_settings_are_ours(&url, settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unprepared_statement_through_pgbouncer_is_read_committed_too() {
    let url = tests::postgres::create_migrated_database().await;
    set_on_database(&url, "default_transaction_isolation = 'serializable'").await;
    let store = infra_postgres::connect(&through_pgbouncer(&url)).await.unwrap();
    let check =
        "DO $$ BEGIN ASSERT current_setting('transaction_isolation') = 'read committed', 'it is inherited'; END $$";
    store.connection().execute_unprepared(check).await.unwrap();
}

/// A migration may take as long as it needs, and builds on what others committed while it waited for the lock.
async fn assert_migrations_settings_are_ours(url: &str, settings: PostgresSettings) {
    set_on_database(url, "default_transaction_isolation = 'serializable'").await;
    set_on_database(url, "lock_timeout = '200ms'").await;
    set_on_database(url, "statement_timeout = '200ms'").await;
    set_on_database(url, "idle_in_transaction_session_timeout = '200ms'").await;
    infra_postgres::migrate_with::<SeesItsSettings>(&settings, Step::Up).await.unwrap();
}

struct SeesItsSettings;

impl MigratorTrait for SeesItsSettings {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(SeesItsSettings)]
    }
}

impl MigrationName for SeesItsSettings {
    fn name(&self) -> &str {
        "sees_its_settings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SeesItsSettings {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let settings = [
            ("transaction_isolation", "read committed"),
            ("lock_timeout", "0"),
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
        ];
        for (setting, expected) in settings {
            let check = format!("ASSERT current_setting('{setting}') = '{expected}', '{setting} is inherited'");
            manager.get_connection().execute_unprepared(&format!("DO $$ BEGIN {check}; END $$")).await?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_is_set_to_changes_no_migration() {
    let url = tests::postgres::create_database().await;
    assert_migrations_settings_are_ours(&url, PostgresSettings::new(&url).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_is_set_to_changes_no_migration_through_pgbouncer() {
    let url = tests::postgres::create_database().await;
    let settings = through_pgbouncer(&url);
    assert_migrations_settings_are_ours(&url, settings).await;
}
