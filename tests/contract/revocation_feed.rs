//! [`domain::sessions::RevocationFeed`].

use std::collections::HashSet;
use std::time::{Duration, Instant};

use domain::sessions::{RevocationFeed, Revoked, RevokedTokens};
use domain::users::Epoch;
use domain::{StoreError, Timestamp};
use infra_postgres::{PostgresRevocationFeed, PostgresSettings};
use migration::Step;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use tests::cluster::Cluster;
use tests::proxy::{Line, Proxy};
use tests::{OnDatabase, OnPgBouncer, TestDatabase, on_each_database_and_pgbouncer};
use tokio::time::{sleep, timeout};

use crate::fixtures::{at, revoked_session, user_id};
use crate::revocations::Revocations;

on_each_database_and_pgbouncer!(
    the_first_poll_answers_all_that_was_committed,
    each_poll_answers_what_was_committed_since_the_last,
    what_has_expired_is_not_answered,
    at_an_earlier_time_all_that_counts_again_is_answered,
    every_feed_answers_for_itself,
    a_poll_makes_up_for_those_that_failed,
    a_poll_that_is_given_up_loses_nothing,
    whatever_many_revoke_at_once_is_answered,
    what_was_revoked_until_no_time_stays_revoked_and_stops_no_other,
);

fn revoked_user(number: u128, epoch: Epoch) -> Revoked {
    Revoked { tokens: RevokedTokens::OfUser(user_id(number), epoch), until: at(1000) }
}

async fn poll(feed: &mut Box<dyn RevocationFeed>) -> Vec<Revoked> {
    feed.poll(at(0)).await.unwrap()
}

async fn the_first_poll_answers_all_that_was_committed(db: TestDatabase) {
    assert_eq!(poll(&mut db.feed()).await, []);
    let all = [
        revoked_session(1, 1000),
        revoked_session(u128::MAX, 1000),
        revoked_user(1, Epoch::default()),
        revoked_user(2, Epoch::new(7)),
        revoked_user(3, Epoch::END),
        revoked_session(1, 2000),
    ];
    db.revoke(&all).await;
    let mut answered = poll(&mut db.feed()).await;
    assert_eq!(answered.len(), all.len());
    answered.retain(|revoked| !all.contains(revoked));
    assert_eq!(answered, []);
}

async fn what_was_revoked_until_no_time_stays_revoked_and_stops_no_other(db: TestDatabase) {
    db.revoke(&[revoked_session(1, 1000), revoked_session(2, 2000)]).await;
    db.run_sql("UPDATE revocations SET expires_at = 'infinity' WHERE id = (SELECT MIN(id) FROM revocations)").await;
    let answered = poll(&mut db.feed()).await;
    let for_good = Revoked { until: Timestamp::MAX_UTC, ..revoked_session(1, 1000) };
    assert_eq!(answered, [for_good, revoked_session(2, 2000)]);
}

async fn each_poll_answers_what_was_committed_since_the_last(db: TestDatabase) {
    let mut feed = db.feed();
    for number in 1..=5 {
        let unit = db.units.begin().await.unwrap();
        unit.revocations().insert(&revoked_session(number, 1000)).await.unwrap();
        assert!(!poll(&mut feed).await.contains(&revoked_session(number, 1000)));
        unit.commit().await.unwrap();
        assert!(poll(&mut feed).await.contains(&revoked_session(number, 1000)));
    }
    assert_repeats_end(&mut feed).await;
}

/// A feed may repeat what it returned before, as long as an earlier transaction has not ended. On PostgreSQL that may
/// be another test, in another database of the server.
async fn assert_repeats_end(feed: &mut Box<dyn RevocationFeed>) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !poll(feed).await.is_empty() {
        assert!(Instant::now() < deadline, "it repeats itself for ever");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn what_has_expired_is_not_answered(db: TestDatabase) {
    let mut feed = db.feed();
    feed.poll(at(0)).await.unwrap();
    db.revoke(&[revoked_session(1, 99), revoked_session(2, 100), revoked_session(3, 101)]).await;
    assert_eq!(feed.poll(at(100)).await.unwrap(), [revoked_session(3, 101)]);
    assert_eq!(db.feed().poll(at(100)).await.unwrap(), [revoked_session(3, 101)]);
}

async fn at_an_earlier_time_all_that_counts_again_is_answered(db: TestDatabase) {
    let mut feed = db.feed();
    let all = [revoked_session(1, 100), revoked_session(2, 101), revoked_session(3, 1000)];
    db.revoke(&all[..2]).await;
    assert_eq!(feed.poll(at(200)).await.unwrap(), []);
    db.revoke(&all[2..]).await;
    assert_eq!(feed.poll(at(200)).await.unwrap(), all[2..]);
    for (earlier, expected) in [(100, &all[1..]), (0, &all[..])] {
        let mut answered = feed.poll(at(earlier)).await.unwrap();
        answered.sort_by_key(|revoked| revoked.until);
        assert_eq!(answered, expected, "at {earlier} s");
    }
    assert_repeats_end(&mut feed).await;
}

async fn every_feed_answers_for_itself(db: TestDatabase) {
    let (mut first, mut second) = (db.feed(), db.feed());
    poll(&mut first).await;
    db.revoke(&[revoked_session(1, 1000)]).await;
    assert_eq!(poll(&mut first).await, [revoked_session(1, 1000)]);
    assert_eq!(poll(&mut second).await, [revoked_session(1, 1000)]);
    assert_eq!(poll(&mut db.feed()).await, [revoked_session(1, 1000)]);
}

async fn a_poll_makes_up_for_those_that_failed(db: TestDatabase) {
    let (mut old, mut new) = (db.feed(), db.feed());
    poll(&mut old).await;
    db.revoke(&[revoked_session(1, 1000)]).await;
    db.run_sql("ALTER TABLE revocations RENAME TO lost").await;
    for feed in [&mut old, &mut new] {
        for _ in 0..3 {
            let result = feed.poll(at(0)).await;
            assert!(matches!(result, Err(StoreError::Internal(_))), "{result:?}");
        }
    }
    db.run_sql("ALTER TABLE lost RENAME TO revocations").await;
    assert_eq!(poll(&mut old).await, [revoked_session(1, 1000)]);
    assert_eq!(poll(&mut new).await, [revoked_session(1, 1000)]);
}

async fn a_poll_that_is_given_up_loses_nothing(db: TestDatabase) {
    let mut feed = db.feed();
    for number in 1..=50 {
        let revoked = revoked_session(number, 1000);
        db.revoke(&[revoked]).await;
        // In the middle of something, or just before.
        let given_up = timeout(Duration::from_micros(u64::try_from(number).unwrap() * 20), feed.poll(at(0))).await;
        let seen = given_up.is_ok_and(|answered| answered.unwrap().contains(&revoked));
        assert!(seen || poll(&mut feed).await.contains(&revoked), "{number}");
    }
}

async fn whatever_many_revoke_at_once_is_answered(db: TestDatabase) {
    let mut feed = db.feed();
    poll(&mut feed).await;
    let writers = (0..8).map(|writer| {
        let units = db.units.clone();
        tokio::spawn(async move {
            for number in 0..25 {
                let unit = units.begin().await.unwrap();
                unit.revocations().insert(&revoked_session(writer * 100 + number, 1000)).await.unwrap();
                // Those that began first do not end first.
                sleep(Duration::from_millis(u64::try_from((writer * 7 + number * 3) % 11).unwrap())).await;
                unit.commit().await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut answered = Vec::new();
    while writers.iter().any(|writer| !writer.is_finished()) {
        answered.extend(poll(&mut feed).await);
    }
    answered.extend(poll(&mut feed).await);
    for writer in 0..8 {
        for number in 0..25 {
            assert!(answered.contains(&revoked_session(writer * 100 + number, 1000)), "{writer}: {number}");
        }
    }
}

/// A transaction of somebody else's. The statements come one by one.
async fn begin(db: &TestDatabase) -> DatabaseTransaction {
    tests::connect(&db.url).await.begin().await.unwrap()
}

/// As [`revoked_session`] until the 1000th second.
async fn insert(transaction: &DatabaseTransaction, number: u128) {
    let (id, until) = (crate::fixtures::session_id(number), at(1000).to_rfc3339());
    let sql = format!("INSERT INTO revocations (session_id, expires_at) VALUES ('{id}', '{until}')");
    transaction.execute_unprepared(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_commits_long_after_others_is_answered() {
    let db = TestDatabase::postgres().await;
    let mut feed = db.feed();
    poll(&mut feed).await;
    let (late, later, latest) = (begin(&db).await, begin(&db).await, begin(&db).await);
    insert(&late, 1).await;
    insert(&latest, 2).await;
    for number in 100..120 {
        let unit = db.units.begin().await.unwrap();
        unit.revocations().insert(&revoked_session(number, 1000)).await.unwrap();
        unit.commit().await.unwrap();
        assert!(poll(&mut feed).await.contains(&revoked_session(number, 1000)));
    }
    insert(&later, 3).await;
    late.commit().await.unwrap();
    assert!(poll(&mut feed).await.contains(&revoked_session(1, 1000)));
    later.commit().await.unwrap();
    assert!(poll(&mut feed).await.contains(&revoked_session(3, 1000)));
    poll(&mut feed).await;
    latest.commit().await.unwrap();
    assert!(poll(&mut feed).await.contains(&revoked_session(2, 1000)));
    assert_repeats_end(&mut feed).await;
}

/// Session ids from 1 on, all in one transaction.
async fn revoke_many(db: &TestDatabase, count: usize) {
    let sql = format!(
        "INSERT INTO revocations (session_id, expires_at)
         SELECT lpad(to_hex(number), 32, '0')::uuid, '{}' FROM generate_series(1, {count}) AS number",
        at(1000).to_rfc3339()
    );
    db.run_sql(&sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_many_pages_is_answered_whole_and_with_what_comes_meanwhile() {
    const MANY: usize = 12_000;
    let db = TestDatabase::postgres().await;
    let (mut old, mut new) = (db.feed(), db.feed());
    poll(&mut old).await;
    let late = begin(&db).await;
    insert(&late, 1_000_000).await;
    revoke_many(&db, MANY).await;
    let (units, meanwhile) = (db.units.clone(), 2_000_000..2_000_020);
    let writer = tokio::spawn(async move {
        for number in meanwhile {
            let unit = units.begin().await.unwrap();
            unit.revocations().insert(&revoked_session(number, 1000)).await.unwrap();
            unit.commit().await.unwrap();
        }
        late.commit().await.unwrap();
    });
    let mut answers = Vec::new();
    for feed in [&mut old, &mut new] {
        answers.push(poll(feed).await);
    }
    writer.await.unwrap();
    for (feed, mut answered) in [&mut old, &mut new].into_iter().zip(answers) {
        answered.extend(poll(feed).await);
        let sessions: HashSet<_> = answered.into_iter().map(|revoked| format!("{:?}", revoked.tokens)).collect();
        assert_eq!(sessions.len(), MANY + 21);
        assert_repeats_end(feed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_keeps_up_over_many_transactions() {
    let db = TestDatabase::postgres().await;
    let mut feed = db.feed();
    poll(&mut feed).await;
    for round in 1..=5 {
        let many = "DO $$ BEGIN FOR i IN 1..2000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$";
        db.run_sql(many).await;
        db.revoke(&[revoked_session(round, 1000)]).await;
        assert!(poll(&mut feed).await.contains(&revoked_session(round, 1000)));
        assert_repeats_end(&mut feed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_wakes_within_a_tenth_of_a_second() {
    let db = TestDatabase::postgres().await;
    let mut feed = db.feed();
    // It connects in the background, and tells of that.
    feed.changed().await;
    let mut waits = Vec::new();
    for number in 1..=9 {
        let unit = db.units.begin().await.unwrap();
        unit.revocations().insert(&revoked_session(number, 1000)).await.unwrap();
        assert!(timeout(Duration::from_millis(50), feed.changed()).await.is_err(), "nothing is committed yet");
        unit.commit().await.unwrap();
        let committed = Instant::now();
        timeout(Duration::from_secs(5), feed.changed()).await.unwrap();
        waits.push(committed.elapsed());
    }
    // Other tests run at the same time, so it is not for each of them to be as fast.
    waits.sort();
    assert!(waits[4] < Duration::from_millis(100), "{waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_keys_wakes_too() {
    let db = TestDatabase::postgres().await;
    let mut feed = db.feed();
    feed.changed().await;
    let key = crate::fixtures::key(1, domain::keys::KeyState::Next);
    assert!(db.signing_keys.insert(&key).await.unwrap());
    timeout(Duration::from_secs(5), feed.changed()).await.unwrap();
    assert!(db.signing_keys.delete(key.id, key.state).await.unwrap());
    timeout(Duration::from_secs(5), feed.changed()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_that_nobody_waited_for_is_told_the_next_who_does() {
    let db = TestDatabase::postgres().await;
    let mut feed = db.feed();
    feed.changed().await;
    for number in 1..=20 {
        let waiting = timeout(Duration::from_millis(5), feed.changed());
        let (woken, ()) = tokio::join!(waiting, async {
            sleep(Duration::from_millis(5)).await;
            db.revoke(&[revoked_session(number, 1000)]).await;
        });
        if woken.is_err() {
            timeout(Duration::from_secs(5), feed.changed()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_pgbouncer_nothing_wakes() {
    let db = TestDatabase::pgbouncer().await;
    let mut feed = db.feed();
    db.revoke(&[revoked_session(1, 1000)]).await;
    assert!(timeout(Duration::from_millis(500), feed.changed()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_while_the_connections_of_the_feed_are_killed_again_and_again() {
    let db = TestDatabase::postgres().await;
    let mut feed = db.feed();
    let mut known = Vec::new();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name IN ('hexauth listener', 'hexauth feed')";
    let mut killed = Instant::now();
    for number in 1..=100 {
        if killed.elapsed() > Duration::from_millis(200) {
            db.run_sql(kill).await;
            killed = Instant::now();
        }
        db.revoke(&[revoked_session(number, 1000)]).await;
        let deadline = Instant::now() + Duration::from_millis(1500);
        while !known.contains(&revoked_session(number, 1000)) {
            assert!(Instant::now() < deadline, "{number} is not known");
            let _ = timeout(Duration::from_secs(1), feed.changed()).await;
            known.extend(feed.poll(at(0)).await.unwrap_or_default());
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_is_noticed_and_made_up_for() {
    let mut db = TestDatabase::postgres().await;
    let proxy = Proxy::to(&db.url).await;
    let settings = PostgresSettings::new(proxy.url_of(&db.url)).unwrap();
    let mut feed: Box<dyn RevocationFeed> = Box::new(PostgresRevocationFeed::new(&settings));
    poll(&mut feed).await;
    proxy.set(Line::Silent);
    db.revoke(&[revoked_session(1, 1000)]).await;
    for _ in 0..2 {
        let started = Instant::now();
        let result = feed.poll(at(0)).await;
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
        assert!(started.elapsed() < Duration::from_millis(2500), "{:?}", started.elapsed());
    }
    proxy.set(Line::Open);
    assert_eq!(poll(&mut feed).await, [revoked_session(1, 1000)]);
    db.url.clear();
}

/// Numbers of transactions that were not on disk yet are given out again after a crash.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_when_transaction_numbers_repeat_after_a_crash() {
    assert_nothing_is_missed_after_a_crash("postgres").await;
}

/// It may not ask for checkpoints.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_after_a_crash_by_a_role_with_fewer_rights() {
    assert_nothing_is_missed_after_a_crash("service").await;
}

async fn assert_nothing_is_missed_after_a_crash(role: &str) {
    let cluster = Cluster::with(&["fsync=off", "wal_writer_delay=10s", "restart_after_crash=on"]);
    let settings = PostgresSettings::new(cluster.url()).unwrap();
    infra_postgres::migrate(&settings, Step::Up).await.unwrap();
    let db = TestDatabase::with_settings(cluster.url(), settings).await;
    for sql in [
        "CREATE ROLE service LOGIN",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO service",
        "REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM PUBLIC",
    ] {
        db.run_sql(sql).await;
    }
    let settings = PostgresSettings::new(cluster.url().replace("postgres@", &format!("{role}@"))).unwrap();
    let mut feed: Box<dyn RevocationFeed> = Box::new(PostgresRevocationFeed::new(&settings));
    // They write little, and roll back, so nobody waits until it is on disk.
    let many = "DO $$ BEGIN FOR i IN 1..500 LOOP PERFORM pg_current_xact_id(); ROLLBACK; END LOOP; END $$";
    db.run_sql(many).await;
    poll(&mut feed).await;
    kill_a_backend(&db).await;
    let mut revoked = Err(StoreError::NotFound);
    while revoked.is_err() {
        sleep(Duration::from_millis(50)).await;
        revoked = db.revocations.insert(&revoked_session(1, 1000)).await;
    }
    assert_eq!(poll(&mut feed).await, [revoked_session(1, 1000)]);
}

/// Which makes the server end all others and recover as after a crash, without starting anew.
async fn kill_a_backend(db: &TestDatabase) {
    let transaction = begin(db).await;
    let query = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, "SELECT pg_backend_pid() AS pid");
    let row = transaction.query_one_raw(query).await.unwrap().unwrap();
    let process_id: i32 = row.try_get("", "pid").unwrap();
    std::process::Command::new("kill").args(["-KILL", &process_id.to_string()]).status().unwrap();
}
