//! [`domain::attempts::AttemptRepository`].

use std::sync::Arc;

use chrono::{SubsecRound, TimeDelta};
use domain::Timestamp;
use domain::attempts::{
    AttemptCount, AttemptKey, AttemptLimit, AttemptRepository, Attempted, Counted, Network, Reservation, Subject,
};
use domain::keys::RootSecret;
use domain::one_time_tokens::Purpose;
use domain::users::Email;
use futures_util::future::join_all;
use infra_security::HmacSha256;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};

use crate::fixtures::{at, user_id};

on_each_database_and_pgbouncer!(
    attempts_are_free_at_first_and_then_waits_double_up_to_the_longest,
    what_is_refused_does_not_count,
    of_many_at_once_no_more_are_taken_than_are_free,
    a_clock_that_was_set_back_keeps_nobody_waiting_for_longer_than_the_longest_wait,
    a_clock_that_is_a_little_behind_spares_nobody_a_wait,
    a_count_that_rested_begins_anew,
    what_is_given_back_did_not_happen,
    what_is_taken_in_a_unit_counts_if_that_is_committed,
    those_that_come_at_once_are_taken_in_any_order,
    a_count_is_forgotten_and_no_other,
    what_is_counted_of_a_user_is_listed_and_forgotten_and_nothing_else,
    what_rested_is_deleted_and_nothing_else,
);

const LIMIT: AttemptLimit = AttemptLimit {
    free: 3,
    first_delay: TimeDelta::seconds(2),
    max_delay: TimeDelta::seconds(10),
    forget_after: TimeDelta::minutes(10),
};

fn attempts(db: &TestDatabase) -> Arc<dyn AttemptRepository> {
    port!(db, dyn AttemptRepository)
}

fn key(number: u128) -> AttemptKey {
    let mac = HmacSha256::new(&RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap());
    let network = Network::of("192.0.2.1".parse().unwrap());
    AttemptKey::new(Attempted::Password, Subject::User(user_id(number)), Some(network), &mac)
}

/// Whether an attempt is taken at that second, or when the next one is.
async fn reserve(db: &TestDatabase, number: u128, now: i64) -> Result<(), i64> {
    match attempts(db).reserve(&key(number), &LIMIT, at(now)).await.unwrap() {
        Reservation::Taken => Ok(()),
        // Whole milliseconds are kept.
        Reservation::Refused { free_at } => Err((free_at - at(0)).num_milliseconds().div_euclid(1000) + 1),
    }
}

async fn what_is_taken_in_a_unit_counts_if_that_is_committed(db: TestDatabase) {
    for is_committed in [false, true] {
        let unit = db.units.begin().await.unwrap();
        let reserved = unit.attempts().reserve(&key(1), &LIMIT, at(0)).await.unwrap();
        assert_eq!(reserved, Reservation::Taken);
        if is_committed {
            unit.commit().await.unwrap()
        } else {
            drop(unit)
        }
        assert_eq!(count(&db, 1).await, is_committed.then_some(1));
    }
}

async fn count(db: &TestDatabase, number: u128) -> Option<u32> {
    find(attempts(db).as_ref(), &key(number)).await.map(|count| count.count)
}

/// The count of this key alone, if any of its attempts was not given back.
async fn find(attempts: &dyn AttemptRepository, key: &AttemptKey) -> Option<AttemptCount> {
    let nobody = user_id(0);
    attempts.list(nobody, &[*key], 1).await.unwrap().pop().map(|counted| counted.count)
}

async fn attempts_are_free_at_first_and_then_waits_double_up_to_the_longest(db: TestDatabase) {
    for _ in 0..3 {
        assert_eq!(reserve(&db, 1, 0).await, Ok(()));
    }
    // Each wait begins with the attempt before it: 2, 4, 8, and 10 seconds from then on.
    for (early, free) in [(1, 2), (5, 6), (13, 14), (23, 24), (33, 34)] {
        assert_eq!(reserve(&db, 1, early).await, Err(free));
        assert_eq!(reserve(&db, 1, free).await, Ok(()));
    }
    assert_eq!(count(&db, 1).await, Some(8));
    // Another key has a count of its own.
    assert_eq!((reserve(&db, 2, 33).await, count(&db, 2).await), (Ok(()), Some(1)));
}

async fn what_is_refused_does_not_count(db: TestDatabase) {
    for _ in 0..3 {
        reserve(&db, 1, 0).await.unwrap();
    }
    for _ in 0..5 {
        assert_eq!(reserve(&db, 1, 1).await, Err(2));
    }
    assert_eq!((count(&db, 1).await, reserve(&db, 1, 2).await), (Some(3), Ok(())));
}

async fn of_many_at_once_no_more_are_taken_than_are_free(db: TestDatabase) {
    // First where there is no row yet, and then where there is one.
    for now in [0, 10_000] {
        let reserving = (0..40).map(|_| {
            let attempts = attempts(&db);
            tokio::spawn(async move { attempts.reserve(&key(1), &LIMIT, at(now)).await.unwrap() })
        });
        let taken = join_all(reserving).await.into_iter().filter(|it| *it.as_ref().unwrap() == Reservation::Taken);
        assert_eq!(taken.count(), 3);
    }
}

async fn a_clock_that_was_set_back_keeps_nobody_waiting_for_longer_than_the_longest_wait(db: TestDatabase) {
    for _ in 0..3 {
        reserve(&db, 1, 3600).await.unwrap();
    }
    assert_eq!(reserve(&db, 1, 0).await, Ok(()));
    // Now the wait counts from the earlier time, and it is as long as it would have been.
    assert_eq!(reserve(&db, 1, 3).await, Err(4));
}

async fn a_clock_that_is_a_little_behind_spares_nobody_a_wait(db: TestDatabase) {
    let limit = AttemptLimit { first_delay: LIMIT.max_delay, ..LIMIT };
    for second in [100, 100, 100, 99, 40] {
        let reservation = attempts(&db).reserve(&key(1), &limit, at(second)).await.unwrap();
        assert_eq!(reservation == Reservation::Taken, second == 100, "{second}");
    }
}

async fn a_count_that_rested_begins_anew(db: TestDatabase) {
    for _ in 0..3 {
        reserve(&db, 1, 0).await.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(reserve(&db, 1, 600).await, Ok(()));
    }
    assert_eq!((count(&db, 1).await, reserve(&db, 1, 601).await), (Some(3), Err(602)));
}

async fn what_is_given_back_did_not_happen(db: TestDatabase) {
    for _ in 0..3 {
        reserve(&db, 1, 0).await.unwrap();
    }
    attempts(&db).give_back(&key(1)).await.unwrap();
    assert_eq!(count(&db, 1).await, Some(2));
    assert_eq!((reserve(&db, 1, 0).await, reserve(&db, 1, 1).await), (Ok(()), Err(2)));
    attempts(&db).give_back(&key(2)).await.unwrap();
    assert_eq!(count(&db, 2).await, None);
}

async fn those_that_come_at_once_are_taken_in_any_order(db: TestDatabase) {
    reserve(&db, 1, 1).await.unwrap();
    reserve(&db, 1, 0).await.unwrap();
    attempts(&db).give_back(&key(1)).await.unwrap();
    reserve(&db, 1, -1).await.unwrap();
}

async fn a_count_is_forgotten_and_no_other(db: TestDatabase) {
    for number in [1, 2] {
        reserve(&db, number, 0).await.unwrap();
    }
    assert!(attempts(&db).forget(&key(1)).await.unwrap());
    assert!(!attempts(&db).forget(&key(1)).await.unwrap());
    assert_eq!((count(&db, 1).await, count(&db, 2).await), (None, Some(1)));
}

async fn what_rested_is_deleted_and_nothing_else(db: TestDatabase) {
    for number in 1..=4 {
        reserve(&db, number, i64::try_from(number).unwrap()).await.unwrap();
    }
    assert_eq!(attempts(&db).count_rested(at(3)).await.unwrap(), 3);
    assert_eq!(attempts(&db).delete_rested(at(3), 2).await.unwrap(), 2);
    assert_eq!(attempts(&db).delete_rested(at(3), 2).await.unwrap(), 1);
    let left = find(attempts(&db).as_ref(), &key(4)).await;
    assert!(matches!(left, Some(AttemptCount { count: 1, .. })), "{left:?}");
}

async fn what_is_counted_of_a_user_is_listed_and_forgotten_and_nothing_else(db: TestDatabase) {
    let mac = HmacSha256::new(&RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap());
    let email = Email::parse("ada@example.com").unwrap();
    let from = |address: &str| Some(Network::of(address.parse().unwrap()));
    let password =
        |number, network| AttemptKey::new(Attempted::Password, Subject::User(user_id(number)), network, &mac);
    let code = Attempted::MailedCode(Purpose::ResetPassword);
    let by_address = AttemptKey::new(code, Subject::Address(&email), None, &mac);
    let unknown = AttemptKey::new(Attempted::Password, Subject::Unknown("ada"), None, &mac);
    let asked = AttemptKey::new(Attempted::Mail(Purpose::ChangeEmail), Subject::User(user_id(1)), None, &mac);
    let keys = [password(1, None), password(1, from("192.0.2.1")), by_address, password(2, None), unknown, asked];
    let attempts = attempts(&db);
    for (key, second) in keys.iter().zip(0..) {
        attempts.reserve(key, &LIMIT, at(second)).await.unwrap();
    }
    let given_back = password(1, from("198.51.100.1"));
    attempts.reserve(&given_back, &LIMIT, at(9)).await.unwrap();
    attempts.give_back(&given_back).await.unwrap();
    let listed = async |limit| attempts.list(user_id(1), &[by_address], limit).await.unwrap();
    let expected = |second, attempted, network| {
        // Whole milliseconds are kept.
        let at = at(second).trunc_subsecs(3);
        Counted { attempted, network, count: AttemptCount { count: 1, last_at: at, free_at: Timestamp::default() } }
    };
    let all = [
        expected(5, Attempted::Mail(Purpose::ChangeEmail), None),
        expected(2, code, None),
        expected(1, Attempted::Password, from("192.0.2.1")),
        expected(0, Attempted::Password, None),
    ];
    assert_eq!((listed(9).await, listed(1).await), (all.to_vec(), all[..1].to_vec()));
    assert_eq!(attempts.forget_all(user_id(1), &[by_address]).await.unwrap(), 5);
    assert_eq!(listed(9).await, []);
    for key in &keys[3..5] {
        assert!(find(attempts.as_ref(), key).await.is_some());
    }
}
