//! [`domain::units::UnitOfWork`] and its factory.

use std::time::{Duration, Instant};

use domain::StoreError;
use domain::sessions::{Generation, RefreshToken, Revocation, RevocationReason};
use domain::tasks::TaskUnit;
use domain::units::{AccountUnit, Begin};
use domain::users::{Epoch, Role, User};
use infra_postgres::PostgresSettings;
use infra_sqlite::SqliteSettings;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};

use crate::fixtures::{Stored, admin, assert_waits, at, called, revoked_session, session, session_id, user, user_id};

on_each_database_and_pgbouncer!(
    nobody_sees_a_write_before_the_commit_and_everybody_after_it,
    a_unit_sees_its_own_writes,
    a_dropped_unit_leaves_nothing_behind,
    a_row_that_a_unit_wrote_is_left_alone_until_it_ends,
    what_is_read_behind_a_lock_is_as_new_as_the_lock,
    whoever_is_held_is_as_new_as_the_lock_and_stays_so,
    of_an_account_or_a_session_that_is_gone_nobody_is_held,
    a_unit_with_a_refused_statement_cannot_commit,
    many_units_at_once_all_get_their_turn,
    units_that_lock_the_admins_and_an_account_never_wait_in_a_circle,
    one_unit_at_a_time_has_the_turn_to_clean_up,
);

async fn one_unit_at_a_time_has_the_turn_to_clean_up(db: TestDatabase) {
    let first = db.cleanup_units.begin().await.unwrap();
    assert!(first.try_lock().await.unwrap());
    let units = db.cleanup_units.clone();
    let second = tokio::spawn(async move { units.begin().await.unwrap().try_lock().await.unwrap() });
    tokio::time::sleep(Duration::from_millis(250)).await;
    // On SQLite it has not even begun.
    let has_waited = !second.is_finished();
    drop(first);
    assert_eq!(second.await.unwrap(), has_waited);
    // A unit that was dropped ends in its own time, and one that was committed has ended.
    let mut unit = db.cleanup_units.begin().await.unwrap();
    let dropped = Instant::now();
    while !unit.try_lock().await.unwrap() {
        assert!(dropped.elapsed() < Duration::from_secs(10), "the turn is lost with a unit that was dropped");
        drop(unit);
        unit = db.cleanup_units.begin().await.unwrap();
    }
    unit.commit().await.unwrap();
    assert!(db.cleanup_units.begin().await.unwrap().try_lock().await.unwrap());
}

async fn nobody_sees_a_write_before_the_commit_and_everybody_after_it(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let unit = db.units.begin().await.unwrap();
    unit.users().insert(&user(2)).await.unwrap();
    unit.refresh_tokens().insert(&session(21, user_id(2))).await.unwrap();
    unit.users().update(&called("ada", user(1))).await.unwrap();
    unit.revocations().insert(&revoked_session(1, 1000)).await.unwrap();
    let mut feed = db.feed();
    assert_eq!(feed.poll(at(0)).await.unwrap(), []);
    assert_eq!(db.users.find_by_id(user_id(2)).await.unwrap(), None);
    assert_eq!(db.refresh_tokens.find_with_user(session_id(21)).await.unwrap(), None);
    assert_eq!(db.user(user_id(1)).await, user(1));
    unit.commit().await.unwrap();
    assert_eq!(db.user(user_id(2)).await, user(2));
    assert_eq!(db.session(session_id(21)).await, session(21, user_id(2)));
    assert_eq!(db.user(user_id(1)).await, called("ada", user(1)));
    assert_eq!(feed.poll(at(0)).await.unwrap(), [revoked_session(1, 1000)]);
}

async fn a_unit_sees_its_own_writes(db: TestDatabase) {
    let unit = db.units.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    unit.refresh_tokens().insert(&session(11, user_id(1))).await.unwrap();
    let found = unit.refresh_tokens().find_with_user(session_id(11)).await.unwrap();
    assert_eq!(found, Some((session(11, user_id(1)), user(1))));
}

async fn a_dropped_unit_leaves_nothing_behind(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_sessions(&[session(11, user_id(1))]).await;
    let unit = db.units.begin().await.unwrap();
    unit.users().insert(&user(2)).await.unwrap();
    let revocation = Revocation { at: at(1), reason: RevocationReason::Logout };
    assert!(unit.refresh_tokens().revoke(session_id(11), revocation).await.unwrap());
    assert!(unit.users().delete(user_id(1)).await.unwrap());
    unit.revocations().insert(&revoked_session(1, 1000)).await.unwrap();
    drop(unit);
    // Another unit gets its turn, so the locks are gone too.
    let next = db.units.begin().await.unwrap();
    assert_eq!(next.users().find_by_id_for_update(user_id(1)).await.unwrap(), Some(user(1)));
    next.users().update(&user(1)).await.unwrap();
    next.commit().await.unwrap();
    assert_eq!(db.users.find_by_id(user_id(2)).await.unwrap(), None);
    assert_eq!(db.session(session_id(11)).await, session(11, user_id(1)));
    assert_eq!(db.feed().poll(at(0)).await.unwrap(), []);
}

async fn a_row_that_a_unit_wrote_is_left_alone_until_it_ends(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_sessions(&[session(11, user_id(1))]).await;
    let first = db.units.begin().await.unwrap();
    let revocation = Revocation { at: at(1), reason: RevocationReason::Reuse };
    assert!(first.refresh_tokens().revoke(session_id(11), revocation).await.unwrap());
    let units = db.units.clone();
    let second = tokio::spawn(async move {
        let unit = units.begin().await.unwrap();
        let late = Revocation { at: at(2), reason: RevocationReason::Logout };
        let ended = unit.refresh_tokens().revoke_all(user_id(1), None, late).await.unwrap();
        unit.commit().await.unwrap();
        ended
    });
    assert_waits(&second).await;
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap(), []);
    assert_eq!(db.session(session_id(11)).await.revocation, Some(revocation));
}

/// What was committed while a unit waited for a lock belongs to what the lock is about.
async fn what_is_read_behind_a_lock_is_as_new_as_the_lock(db: TestDatabase) {
    db.insert_users(&[admin(1)]).await;
    db.insert_sessions(&[session(11, user_id(1))]).await;
    for (number, lock_admins) in [(1, false), (2, true)] {
        let first = db.units.begin().await.unwrap();
        first.users().find_by_id_for_update(user_id(1)).await.unwrap();
        let units = db.units.clone();
        let second = tokio::spawn(async move {
            let unit = units.begin().await.unwrap();
            if lock_admins {
                assert_eq!(unit.users().lock_active_admins(None).await.unwrap(), [user_id(1)]);
            } else {
                unit.users().find_by_id_for_update(user_id(1)).await.unwrap();
            }
            unit.refresh_tokens().find_with_user(session_id(11)).await.unwrap().unwrap()
        });
        assert_waits(&second).await;
        let changed = User { epoch: Epoch::new(number), ..admin(1) };
        first.users().update(&changed).await.unwrap();
        let rotated = RefreshToken { generation: Generation::new(number + 1), ..session(11, user_id(1)) };
        assert!(first.refresh_tokens().rotate(&rotated).await.unwrap());
        first.commit().await.unwrap();
        let (session, user) = second.await.unwrap();
        assert_eq!((user.epoch, session.generation), (changed.epoch, rotated.generation));
    }
}

async fn whoever_is_held_is_as_new_as_the_lock_and_stays_so(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_sessions(&[session(11, user_id(1))]).await;
    let first = db.units.begin().await.unwrap();
    let held = first.hold(user_id(1), session_id(11)).await.unwrap();
    assert_eq!(held, Some((session(11, user_id(1)), user(1))));
    let units = port!(db, dyn Begin<dyn TaskUnit>);
    let second = tokio::spawn(async move {
        let unit = units.begin().await.unwrap();
        unit.hold(user_id(1), session_id(11)).await.unwrap().unwrap()
    });
    assert_waits(&second).await;
    let changed = User { epoch: Epoch::new(1), ..user(1) };
    first.users().update(&changed).await.unwrap();
    let revocation = Revocation { at: at(1), reason: RevocationReason::Logout };
    first.refresh_tokens().revoke(session_id(11), revocation).await.unwrap();
    first.commit().await.unwrap();
    let (session, user) = second.await.unwrap();
    assert_eq!((session.revocation, user), (Some(revocation), changed));
}

async fn of_an_account_or_a_session_that_is_gone_nobody_is_held(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let unit = db.units.begin().await.unwrap();
    for (user, session) in [(user_id(1), session_id(11)), (user_id(2), session_id(21))] {
        assert_eq!(unit.hold(user, session).await.unwrap(), None);
    }
}

/// PostgreSQL undoes the whole transaction when one statement of it fails, and takes a COMMIT of it without complaint.
async fn a_unit_with_a_refused_statement_cannot_commit(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let unit = db.units.begin().await.unwrap();
    unit.users().insert(&user(2)).await.unwrap();
    let result = unit.users().insert(&user(1)).await;
    assert!(result.is_err());
    let committed = unit.commit().await;
    assert!(matches!(committed, Err(StoreError::Internal(_))), "{committed:?}");
    assert_eq!(db.users.find_by_id(user_id(2)).await.unwrap(), None);
}

async fn many_units_at_once_all_get_their_turn(db: TestDatabase) {
    let unit = |number| {
        let units = db.units.clone();
        tokio::spawn(async move {
            let unit = units.begin().await.unwrap();
            unit.users().lock_active_admins(None).await.unwrap();
            unit.users().insert(&user(number)).await.unwrap();
            unit.refresh_tokens().insert(&session(number, user_id(number))).await.unwrap();
            unit.commit().await.unwrap();
        })
    };
    let tasks: Vec<_> = (1..=50).map(unit).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.users.count(&domain::users::UserFilter::default()).await.unwrap(), 50);
}

/// An admin who is demoted while others wait for them leaves some who locked them, and some who did not.
async fn units_that_lock_the_admins_and_an_account_never_wait_in_a_circle(db: TestDatabase) {
    const ADMINS: u128 = 4;
    db.insert_users(&(1..=ADMINS).map(admin).collect::<Vec<_>>()).await;
    let turns = |seed: u128| {
        let units = db.units.clone();
        tokio::spawn(async move {
            for turn in 0..50 {
                let number = (seed * 7 + turn * 3) % ADMINS + 1;
                let unit = units.begin().await.unwrap();
                unit.users().lock_active_admins(Some(user_id(number))).await.unwrap();
                let account = unit.users().find_by_id_for_update(user_id(number)).await.unwrap().unwrap();
                let changed = if account.role == Role::Admin { user(number) } else { admin(number) };
                unit.users().update(&changed).await.unwrap();
                unit.commit().await.unwrap();
            }
        })
    };
    let tasks: Vec<_> = (0..8).map(turns).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn without_a_free_connection_to_postgres_a_unit_is_unavailable() {
    let url = tests::postgres::create_migrated_database().await;
    let settings =
        PostgresSettings { max_connections: 1, acquire_timeout: SHORT, ..PostgresSettings::new(url).unwrap() };
    assert_one_unit_at_a_time(&infra_postgres::connect(&settings).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_writer_of_sqlite_a_unit_is_unavailable() {
    let (_folder, url) = tests::sqlite::create_migrated_database().await;
    let settings = SqliteSettings { acquire_timeout: SHORT, ..SqliteSettings::new(url) };
    assert_one_unit_at_a_time(&infra_sqlite::connect(&settings).await.unwrap()).await;
}

async fn assert_one_unit_at_a_time(units: &dyn Begin<dyn AccountUnit>) {
    let first = units.begin().await.unwrap();
    let second = units.begin().await.map(drop);
    assert!(matches!(second, Err(StoreError::Unavailable(_))), "{second:?}");
    first.commit().await.unwrap();
    units.begin().await.unwrap();
}
