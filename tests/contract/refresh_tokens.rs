//! [`domain::sessions::RefreshTokenRepository`].

use std::net::IpAddr;
use std::time::Duration;

use domain::StoreError;
use domain::sessions::{
    Authentication, Device, Generation, Method, Methods, RefreshToken, Revocation, RevocationReason, SessionId,
};
use infra_postgres::PostgresSettings;
use migration::Step;
use tests::cluster::Cluster;
use tests::{OnDatabase, TestDatabase, on_each_database_and_pgbouncer};

use crate::fixtures::{Stored, at, rotated, session, session_id, user, user_id};

on_each_database_and_pgbouncer!(
    a_session_reads_back_equal_in_every_field,
    a_session_comes_with_its_user,
    a_session_of_nobody_is_not_found,
    live_sessions_are_listed_last_used_first,
    only_live_sessions_of_the_user_are_listed,
    all_sessions_of_the_user_are_listed_last_used_first,
    devices_of_all_sessions_of_the_user_are_listed_once,
    a_rotation_is_stored,
    one_of_many_who_rotate_at_once_wins,
    a_rotation_needs_the_generation_before_it,
    a_revoked_session_does_not_rotate,
    the_first_revocation_stays,
    all_sessions_but_one_are_revoked,
    a_use_is_noted_unless_there_was_one_lately,
    the_uses_of_many_sessions_are_noted_at_once,
    a_new_authentication_is_noted_and_nothing_else,
    ended_sessions_are_deleted_and_no_others,
    no_more_sessions_are_deleted_than_asked,
    a_session_that_is_renewed_meanwhile_is_not_deleted,
    a_row_that_is_not_valid_any_more_is_as_if_it_were_not_there_and_hides_no_other,
    of_a_device_that_is_not_valid_any_more_the_rest_is_read,
);

async fn a_session_that_is_renewed_meanwhile_is_not_deleted(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let ended = RefreshToken { idle_expires_at: at(50), ..session(11, user_id(1)) };
    db.insert_sessions(std::slice::from_ref(&ended)).await;
    let renewed = RefreshToken { idle_expires_at: at(500), ..rotated(&ended) };
    let unit = db.units.begin().await.unwrap();
    assert!(unit.refresh_tokens().rotate(&renewed).await.unwrap());
    let repository = db.refresh_tokens.clone();
    let deleting = tokio::spawn(async move { repository.delete_ended(at(100), 10).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    unit.commit().await.unwrap();
    assert_eq!(deleting.await.unwrap(), 0);
    assert_eq!(db.session(session_id(11)).await, renewed);
}

fn because(reason: RevocationReason) -> Revocation {
    Revocation { at: at(60), reason }
}

fn revoked(session: RefreshToken, seconds: i64) -> RefreshToken {
    let revocation = Revocation { at: at(seconds), reason: RevocationReason::Logout };
    RefreshToken { revocation: Some(revocation), ..session }
}

fn ids(sessions: &[RefreshToken]) -> Vec<SessionId> {
    sessions.iter().map(|session| session.id).collect()
}

async fn a_session_reads_back_equal_in_every_field(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let addresses = ["2001:db8::8a2e:370:7334", "::ffff:192.0.2.1", "192.0.2.1", "::"];
    let mut sessions = vec![session(1, user_id(1))];
    for (number, address) in (2..).zip(addresses) {
        let device = Device::new(Some("Mozilla/5.0 (Ünïcode; 👩‍🚀) 'x' \\"), Some(address.parse::<IpAddr>().unwrap()));
        sessions.push(RefreshToken { device, generation: Generation::new(u32::MAX), ..session(number, user_id(1)) });
    }
    for (number, reason) in (10..).zip(RevocationReason::ALL) {
        sessions.push(RefreshToken { revocation: Some(because(reason)), ..session(number, user_id(1)) });
    }
    let times = RefreshToken {
        created_at: at(1),
        rotated_at: at(2),
        last_used_at: at(3),
        idle_expires_at: at(4),
        expires_at: at(5),
        ..session(20, user_id(1))
    };
    sessions.push(times);
    db.insert_sessions(&sessions).await;
    for session in &sessions {
        assert_eq!(db.session(session.id).await, *session);
    }
}

async fn a_session_comes_with_its_user(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    db.insert_sessions(&[session(11, user_id(1)), session(22, user_id(2))]).await;
    let found = db.refresh_tokens.find_with_user(session_id(22)).await.unwrap();
    assert_eq!(found, Some((session(22, user_id(2)), user(2))));
    assert_eq!(db.refresh_tokens.find_with_user(session_id(33)).await.unwrap(), None);
}

async fn a_session_of_nobody_is_not_found(db: TestDatabase) {
    let result = db.refresh_tokens.insert(&session(1, user_id(1))).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
    db.insert_users(&[user(1)]).await;
    assert_eq!(db.refresh_tokens.find_with_user(session_id(1)).await.unwrap(), None);
}

async fn live_sessions_are_listed_last_used_first(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    for (number, last_used) in [(1, 20), (2, 40), (3, 10), (4, 30)] {
        db.insert_sessions(&[RefreshToken { last_used_at: at(last_used), ..session(number, user_id(1)) }]).await;
    }
    let expected = [2, 4, 1, 3].map(session_id);
    for limit in [0, 1, 3, 4, 100] {
        let listed = db.refresh_tokens.list_live(user_id(1), at(50), limit).await.unwrap();
        assert_eq!(ids(&listed), expected[..expected.len().min(limit as usize)]);
    }
}

async fn only_live_sessions_of_the_user_are_listed(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let mine = |number| session(number, user_id(1));
    let sessions = [
        mine(1),
        session(2, user_id(2)),
        revoked(mine(3), 10),
        RefreshToken { idle_expires_at: at(100), ..mine(4) },
        RefreshToken { idle_expires_at: at(101), ..mine(5) },
        RefreshToken { idle_expires_at: at(100), expires_at: at(100), ..mine(6) },
        RefreshToken { idle_expires_at: at(200), expires_at: at(100), ..mine(7) },
    ];
    db.insert_sessions(&sessions).await;
    let mut listed = db.refresh_tokens.list_live(user_id(1), at(100), 10).await.unwrap();
    listed.sort_by_key(|session| session.id);
    let live: Vec<_> = sessions.into_iter().filter(|s| s.user_id == user_id(1) && s.is_live(at(100))).collect();
    assert_eq!(listed, live);
    assert_eq!(ids(&listed), [1, 5].map(session_id));
}

async fn all_sessions_of_the_user_are_listed_last_used_first(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let used = |at_second, session| RefreshToken { last_used_at: at(at_second), ..session };
    let mine = |number| session(number, user_id(1));
    let sessions = [
        used(40, revoked(mine(1), 50)),
        used(30, mine(2)),
        used(20, RefreshToken { idle_expires_at: at(21), expires_at: at(21), ..mine(3) }),
    ];
    db.insert_sessions(&[sessions[1].clone(), sessions[2].clone(), sessions[0].clone()]).await;
    db.insert_sessions(&[used(35, session(4, user_id(2)))]).await;
    for limit in [0, 1, 3, 100] {
        let listed = db.refresh_tokens.list(user_id(1), limit).await.unwrap();
        assert_eq!(listed, sessions[..sessions.len().min(limit as usize)]);
    }
    assert_eq!(db.refresh_tokens.list(user_id(9), 9).await.unwrap(), []);
}

async fn devices_of_all_sessions_of_the_user_are_listed_once(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let address = Some("192.0.2.1".parse().unwrap());
    let with = |user_agent: Option<&str>, session| RefreshToken { device: Device::new(user_agent, address), ..session };
    let mine = |number| session(number, user_id(1));
    let sessions = [
        with(Some("a"), mine(1)),
        with(Some("a"), revoked(mine(2), 10)),
        with(Some("b"), revoked(mine(3), 10)),
        with(None, RefreshToken { idle_expires_at: at(-1), ..mine(4) }),
        with(Some("c"), session(5, user_id(2))),
    ];
    db.insert_sessions(&sessions).await;
    let mut listed = db.refresh_tokens.list_devices(user_id(1), 10).await.unwrap();
    listed.sort_by_key(|device| device.user_agent().map(str::to_owned));
    assert_eq!(listed, [None, Some("a"), Some("b")].map(|user_agent| Device::new(user_agent, None)));
    assert_eq!(db.refresh_tokens.list_devices(user_id(1), 2).await.unwrap().len(), 2);
}

async fn a_rotation_is_stored(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let (first, bystander) = (session(1, user_id(1)), session(2, user_id(1)));
    db.insert_sessions(&[first.clone(), bystander.clone()]).await;
    let second = rotated(&first);
    assert!(db.refresh_tokens.rotate(&second).await.unwrap());
    assert_eq!(db.session(first.id).await, second);
    assert!(db.refresh_tokens.rotate(&rotated(&second)).await.unwrap());
    assert_eq!(db.session(first.id).await, rotated(&second));
    assert_eq!(db.session(bystander.id).await, bystander);
}

async fn one_of_many_who_rotate_at_once_wins(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let mut current = session(1, user_id(1));
    db.insert_sessions(std::slice::from_ref(&current)).await;
    for round in 0..3 {
        let next = rotated(&current);
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let (tokens, next) = (db.refresh_tokens.clone(), next.clone());
                tokio::spawn(async move { tokens.rotate(&next).await.unwrap() })
            })
            .collect();
        let mut winners = 0;
        for caller in callers {
            winners += u32::from(caller.await.unwrap());
        }
        assert_eq!(winners, 1, "round {round}");
        assert!(!db.refresh_tokens.rotate(&next).await.unwrap(), "round {round}: a late caller");
        current = next;
    }
}

async fn a_rotation_needs_the_generation_before_it(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let stored = RefreshToken { generation: Generation::new(5), ..session(1, user_id(1)) };
    db.insert_sessions(std::slice::from_ref(&stored)).await;
    for generation in [0, 1, 4, 5, 7, u32::MAX] {
        let next = RefreshToken { generation: Generation::new(generation), ..rotated(&stored) };
        assert!(!db.refresh_tokens.rotate(&next).await.unwrap(), "{generation}");
    }
    assert!(!db.refresh_tokens.rotate(&rotated(&session(9, user_id(1)))).await.unwrap(), "there is no such session");
    assert_eq!(db.session(stored.id).await, stored);
}

async fn a_revoked_session_does_not_rotate(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let stored = session(1, user_id(1));
    db.insert_sessions(std::slice::from_ref(&stored)).await;
    let revocation = because(RevocationReason::Reuse);
    assert!(db.refresh_tokens.revoke(stored.id, revocation).await.unwrap());
    assert!(!db.refresh_tokens.rotate(&rotated(&stored)).await.unwrap());
    assert_eq!(db.session(stored.id).await, RefreshToken { revocation: Some(revocation), ..stored });
}

async fn the_first_revocation_stays(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let stored = session(1, user_id(1));
    db.insert_sessions(&[stored.clone(), session(2, user_id(1))]).await;
    let first = because(RevocationReason::Reuse);
    let second = Revocation { at: at(90), reason: RevocationReason::Logout };
    assert!(db.refresh_tokens.revoke(stored.id, first).await.unwrap());
    assert!(!db.refresh_tokens.revoke(stored.id, second).await.unwrap());
    assert!(!db.refresh_tokens.revoke(session_id(9), second).await.unwrap());
    assert_eq!(db.refresh_tokens.revoke_all(user_id(1), None, second).await.unwrap(), [session_id(2)]);
    assert_eq!(db.session(stored.id).await, RefreshToken { revocation: Some(first), ..stored });
}

async fn all_sessions_but_one_are_revoked(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let mine = |number| session(number, user_id(1));
    let ended = revoked(mine(4), 30);
    db.insert_sessions(&[mine(1), mine(2), mine(3), ended.clone(), session(5, user_id(2))]).await;
    let revocation = because(RevocationReason::PasswordChanged);
    let mut ids = db.refresh_tokens.revoke_all(user_id(1), Some(session_id(2)), revocation).await.unwrap();
    ids.sort();
    assert_eq!(ids, [1, 3].map(session_id));
    for number in [1, 3] {
        assert_eq!(db.session(session_id(number)).await.revocation, Some(revocation));
    }
    assert_eq!(db.session(session_id(2)).await, mine(2));
    assert_eq!(db.session(ended.id).await, ended);
    assert_eq!(db.session(session_id(5)).await, session(5, user_id(2)));
    assert_eq!(db.refresh_tokens.revoke_all(user_id(1), None, revocation).await.unwrap(), [session_id(2)]);
    assert_eq!(db.refresh_tokens.revoke_all(user_id(1), None, revocation).await.unwrap(), []);
}

async fn a_use_is_noted_unless_there_was_one_lately(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let last_used = |number, seconds| RefreshToken { last_used_at: at(seconds), ..session(number, user_id(1)) };
    let sessions = [last_used(1, 40), last_used(2, 41), last_used(3, 39), last_used(4, 39)];
    db.insert_sessions(&sessions).await;
    let used = [1, 2, 3, 9].map(session_id);
    db.refresh_tokens.record_use(&used, at(100), at(40)).await.unwrap();
    for (number, seconds) in [(1, 100), (2, 41), (3, 100), (4, 39)] {
        assert_eq!(db.session(session_id(number)).await, last_used(number, seconds));
    }
    db.refresh_tokens.record_use(&[], at(200), at(200)).await.unwrap();
    assert_eq!(db.session(session_id(1)).await, last_used(1, 100));
}

async fn the_uses_of_many_sessions_are_noted_at_once(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let sessions: Vec<_> = (1..=250).map(|number| session(number, user_id(1))).collect();
    db.insert_sessions(&sessions).await;
    db.refresh_tokens.record_use(&ids(&sessions[1..]), at(100), at(40)).await.unwrap();
    let listed = db.refresh_tokens.list_live(user_id(1), at(100), 1000).await.unwrap();
    let (unused, used): (Vec<_>, Vec<_>) = listed.into_iter().partition(|session| session.last_used_at == at(0));
    assert_eq!(ids(&unused), [session_id(1)]);
    assert!(used.len() == 249 && used.iter().all(|session| session.last_used_at == at(100)));
}

/// Or else it could wait for somebody who waits for another session that it has noted already. SQLite has one writer,
/// who is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_somebody_else_changes_is_not_waited_for() {
    let db = TestDatabase::postgres().await;
    db.insert_users(&[user(1)]).await;
    db.insert_sessions(&[session(1, user_id(1)), session(2, user_id(1))]).await;
    let unit = db.units.begin().await.unwrap();
    assert!(unit.refresh_tokens().revoke(session_id(1), because(RevocationReason::Logout)).await.unwrap());
    db.refresh_tokens.record_use(&[1, 2].map(session_id), at(100), at(40)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(db.session(session_id(1)).await.last_used_at, at(0));
    assert_eq!(db.session(session_id(2)).await.last_used_at, at(100));
}

async fn a_new_authentication_is_noted_and_nothing_else(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let sessions = [session(11, user_id(1)), session(12, user_id(1))];
    db.insert_sessions(&sessions).await;
    let methods = Methods::only(Method::Password).and(Method::Totp);
    let authentication = Authentication { at: at(70), methods };
    assert!(db.refresh_tokens.record_authentication(session_id(11), authentication).await.unwrap());
    assert_eq!(db.session(session_id(11)).await, RefreshToken { authentication, ..sessions[0].clone() });
    assert_eq!(db.session(session_id(12)).await, sessions[1]);
    assert!(!db.refresh_tokens.record_authentication(session_id(13), authentication).await.unwrap());
}

async fn ended_sessions_are_deleted_and_no_others(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let mine = |number| session(number, user_id(1));
    let sessions = [
        mine(1),
        revoked(mine(2), 99),
        revoked(mine(3), 101),
        RefreshToken { idle_expires_at: at(99), ..mine(4) },
        RefreshToken { idle_expires_at: at(101), ..mine(5) },
        RefreshToken { idle_expires_at: at(99), expires_at: at(99), ..mine(6) },
        RefreshToken { idle_expires_at: at(99), ..revoked(mine(7), 50) },
    ];
    db.insert_sessions(&sessions).await;
    assert_eq!(db.refresh_tokens.count_ended(at(100)).await.unwrap(), 4);
    assert_eq!(db.refresh_tokens.delete_ended(at(100), 100).await.unwrap(), 4);
    assert_eq!(db.refresh_tokens.count_ended(at(100)).await.unwrap(), 0);
    for session in sessions {
        let is_left = db.refresh_tokens.find_with_user(session.id).await.unwrap().is_some();
        assert_eq!(is_left, [1, 3, 5].map(session_id).contains(&session.id), "{}", session.id);
    }
    assert_eq!(db.refresh_tokens.delete_ended(at(100), 100).await.unwrap(), 0);
}

async fn no_more_sessions_are_deleted_than_asked(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let sessions: Vec<_> = (1..=5).map(|number| revoked(session(number, user_id(1)), 10)).collect();
    db.insert_sessions(&sessions).await;
    for (limit, expected) in [(0, 0), (2, 2), (2, 2), (2, 1), (2, 0)] {
        assert_eq!(db.refresh_tokens.delete_ended(at(100), limit).await.unwrap(), expected);
    }
}

async fn a_row_that_is_not_valid_any_more_is_as_if_it_were_not_there_and_hides_no_other(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let changes = [
        "nonce = substr(nonce, 1, 3)",
        "generation = -1",
        "generation = 4294967296",
        "revoked_at = created_at, revoked_reason = 'nonsense'",
        "revoked_at = created_at",
        "revoked_reason = 'logout'",
        "expires_at = 'infinity'",
    ];
    db.insert_sessions(&[session(50, user_id(1))]).await;
    for (number, change) in (1..).zip(changes) {
        db.run_sql("UPDATE refresh_tokens SET generation = 7").await;
        db.insert_sessions(&[session(number, user_id(1))]).await;
        db.run_sql(&format!("UPDATE refresh_tokens SET {change} WHERE generation <> 7")).await;
        assert_eq!(db.refresh_tokens.find_with_user(session_id(number)).await.unwrap(), None, "{change}");
        let live = db.refresh_tokens.list_live(user_id(1), at(0), 10).await.unwrap();
        assert_eq!(live.iter().map(|session| session.id).collect::<Vec<_>>(), [session_id(50)], "{change}");
        db.run_sql("DELETE FROM refresh_tokens WHERE generation <> 7").await;
    }
    let revocation = Revocation { at: at(1), reason: RevocationReason::Admin };
    let ended = db.refresh_tokens.revoke_all(user_id(1), None, revocation).await.unwrap();
    assert_eq!(ended, [session_id(50)]);
}

async fn of_a_device_that_is_not_valid_any_more_the_rest_is_read(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_sessions(&[session(1, user_id(1))]).await;
    db.run_sql("UPDATE refresh_tokens SET address = 'nonsense', user_agent = 'a\u{1b}\u{202e}b'").await;
    db.run_sql("UPDATE users SET role = 'nonsense'").await;
    let (found, owner) = db.refresh_tokens.find_with_user(session_id(1)).await.unwrap().unwrap();
    assert_eq!(found, RefreshToken { device: Device::new(Some("ab"), None), ..session(1, user_id(1)) });
    assert_eq!(owner, user(1));
}

/// PostgreSQL itself tells how it ran the statements that are really sent.
#[tokio::test(flavor = "multi_thread")]
async fn the_clean_up_reads_what_has_ended_by_an_index_and_nothing_else() {
    let cluster = Cluster::with(&["session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0"]);
    let settings = PostgresSettings::new(cluster.url()).unwrap();
    infra_postgres::migrate(&settings, Step::Up).await.unwrap();
    let db = TestDatabase::with_settings(cluster.url(), settings).await;
    db.insert_users(&[user(1)]).await;
    db.insert_sessions(&[session(1, user_id(1))]).await;
    db.run_sql(MANY_LIVE_SESSIONS).await;
    db.run_sql("UPDATE refresh_tokens SET idle_expires_at = created_at WHERE generation <= 30").await;
    db.run_sql("UPDATE refresh_tokens SET revoked_at = created_at WHERE generation BETWEEN 31 AND 50").await;
    db.run_sql("INSERT INTO revocations (session_id, expires_at) SELECT id, expires_at FROM refresh_tokens").await;
    db.run_sql("ANALYZE").await;

    // More often than PostgreSQL needs to settle for one plan for all values.
    for deleted in [10, 10, 10, 10, 10, 0, 0, 0] {
        assert_eq!(db.refresh_tokens.delete_ended(at(100), 10).await.unwrap(), deleted);
        assert_eq!(db.revocations.delete_expired(at(100), 10).await.unwrap(), 0);
    }
    assert_eq!(db.refresh_tokens.count_ended(at(100)).await.unwrap(), 0);
    let log = cluster.log();
    for index in ["ix_refresh_tokens_idle_expires_at", "ix_refresh_tokens_revoked_at", "ix_revocations_expires_at"] {
        assert!(log.contains(&format!("Index Scan using {index}")), "{index}:\n{log}");
    }
    let plans = log.split("Query Text: ").filter(|plan| plan.starts_with("DELETE ") || plan.contains("num_items"));
    assert!(plans.clone().count() > 16);
    assert!(plans.clone().all(|plan| !plan.contains("Seq Scan")), "{}", plans.collect::<String>());
}

const MANY_LIVE_SESSIONS: &str = "
INSERT INTO refresh_tokens SELECT gen_random_uuid(), user_id, nonce, number, created_at, rotated_at, last_used_at,
idle_expires_at, expires_at, revoked_at, revoked_reason, user_agent, address
FROM refresh_tokens, generate_series(2, 20000) number";
