//! [`domain::keys::SigningKeyRepository`].

use chrono::TimeDelta;
use domain::StoreError;
use domain::keys::{Algorithm, KeyState, SealedKey, SigningKey};
use tests::{TestDatabase, on_each_database_and_pgbouncer};

use crate::fixtures::{assert_waits, at, key, key_id};

on_each_database_and_pgbouncer!(
    keys_read_back_equal_in_every_field_oldest_first,
    there_is_one_next_key_and_one_active_key,
    of_many_who_add_a_key_at_once_one_does,
    a_key_that_is_not_added_after_all_leaves_room,
    a_state_is_changed_only_from_the_one_that_is_stored,
    of_many_who_change_a_state_at_once_one_does,
    a_key_is_deleted_once,
    a_key_is_deleted_only_from_the_state_that_is_stored,
    all_keys_are_deleted_at_once,
    retired_keys_are_deleted_when_they_are_accepted_no_more,
    a_row_that_cannot_be_read_is_named_and_hides_no_other,
);

const ACTIVE: fn(i64) -> KeyState = |since| KeyState::Active { since: at(since), token_ttl: TimeDelta::seconds(since) };
const RETIRED: fn(i64) -> KeyState = |until| KeyState::Retired { accepted_until: at(until) };

impl Keys for TestDatabase {
    async fn insert_keys(&self, keys: &[SigningKey]) {
        for key in keys {
            assert!(self.signing_keys.insert(key).await.unwrap());
        }
    }

    async fn keys(&self) -> Vec<SigningKey> {
        let stored = self.signing_keys.list().await.unwrap();
        assert_eq!(stored.unreadable, []);
        stored.readable
    }
}

/// Short ways to what most tests begin and end with.
trait Keys {
    async fn insert_keys(&self, keys: &[SigningKey]);
    async fn keys(&self) -> Vec<SigningKey>;
}

async fn keys_read_back_equal_in_every_field_oldest_first(db: TestDatabase) {
    let mut keys = vec![key(3, KeyState::Next), key(1, ACTIVE(7)), key(2, RETIRED(-9)), key(5, RETIRED(9))];
    for (number, algorithm) in (10..).zip(Algorithm::ALL) {
        let sealed = SealedKey::new((0..=255).chain([0, 0]).collect());
        keys.push(SigningKey { algorithm, sealed, ..key(number, RETIRED(5)) });
    }
    db.insert_keys(&keys).await;
    keys.sort_by_key(|key| key.created_at);
    assert_eq!(db.keys().await, keys);
}

async fn there_is_one_next_key_and_one_active_key(db: TestDatabase) {
    let keys = [key(1, RETIRED(1)), key(2, RETIRED(2)), key(3, ACTIVE(3)), key(4, KeyState::Next)];
    db.insert_keys(&keys).await;
    for another in [key(5, KeyState::Next), key(6, ACTIVE(3)), key(7, ACTIVE(9))] {
        assert!(!db.signing_keys.insert(&another).await.unwrap(), "{another:?}");
    }
    assert_eq!(db.keys().await, keys);
    // Nor by a change of state, which is a fault of ours: the previous one has to be retired first.
    let changed = db.signing_keys.change_state(key_id(4), KeyState::Next, ACTIVE(10)).await;
    assert!(matches!(changed, Err(StoreError::Internal(_))), "{changed:?}");
    assert_eq!(db.keys().await, keys);
}

async fn of_many_who_add_a_key_at_once_one_does(db: TestDatabase) {
    for state in [KeyState::Next, ACTIVE(0)] {
        let callers: Vec<_> = (1..=30)
            .map(|number| {
                let keys = db.signing_keys.clone();
                tokio::spawn(async move { keys.insert(&key(number, state)).await.unwrap() })
            })
            .collect();
        let mut added = 0;
        for caller in callers {
            added += u32::from(caller.await.unwrap());
        }
        assert_eq!((added, db.keys().await.len()), (1, 1), "{state:?}");
        db.run_sql("DELETE FROM signing_keys").await;
    }
}

async fn a_key_that_is_not_added_after_all_leaves_room(db: TestDatabase) {
    let unit = db.key_units.begin().await.unwrap();
    assert!(unit.signing_keys().insert(&key(1, KeyState::Next)).await.unwrap());
    let keys = db.signing_keys.clone();
    let second = tokio::spawn(async move { keys.insert(&key(2, KeyState::Next)).await.unwrap() });
    assert_waits(&second).await;
    drop(unit);
    assert!(second.await.unwrap());
    assert_eq!(db.keys().await, [key(2, KeyState::Next)]);
}

async fn a_state_is_changed_only_from_the_one_that_is_stored(db: TestDatabase) {
    let bystander = key(2, RETIRED(50));
    db.insert_keys(&[key(1, KeyState::Next), bystander.clone()]).await;
    let life = [KeyState::Next, ACTIVE(5), RETIRED(50), RETIRED(60), ACTIVE(6), KeyState::Next];
    for step in life.windows(2) {
        for wrong in [KeyState::Next, ACTIVE(5), ACTIVE(6), ACTIVE(7), RETIRED(50), RETIRED(60), RETIRED(70)] {
            if wrong != step[0] {
                assert!(!db.signing_keys.change_state(key_id(1), wrong, step[1]).await.unwrap(), "{wrong:?}, {step:?}");
            }
        }
        assert_eq!(db.keys().await, [key(1, step[0]), bystander.clone()]);
        assert!(db.signing_keys.change_state(key_id(1), step[0], step[1]).await.unwrap(), "{step:?}");
        assert_eq!(db.keys().await, [key(1, step[1]), bystander.clone()]);
    }
    let shorter = KeyState::Active { since: at(5), token_ttl: TimeDelta::microseconds(1) };
    assert!(db.signing_keys.change_state(key_id(1), KeyState::Next, ACTIVE(5)).await.unwrap());
    assert!(!db.signing_keys.change_state(key_id(1), shorter, RETIRED(50)).await.unwrap(), "it signs longer tokens");
    assert!(db.signing_keys.change_state(key_id(1), ACTIVE(5), shorter).await.unwrap());
    assert_eq!(db.keys().await, [key(1, shorter), bystander]);
    assert!(!db.signing_keys.change_state(key_id(9), KeyState::Next, ACTIVE(5)).await.unwrap());
}

async fn of_many_who_change_a_state_at_once_one_does(db: TestDatabase) {
    db.insert_keys(&[key(1, KeyState::Next)]).await;
    let callers: Vec<_> = (1..=30)
        .map(|second| {
            let keys = db.signing_keys.clone();
            tokio::spawn(async move {
                keys.change_state(key_id(1), KeyState::Next, ACTIVE(second)).await.unwrap().then_some(second)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for caller in callers {
        winners.extend(caller.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(db.keys().await, [key(1, ACTIVE(winners[0]))]);
}

async fn a_key_is_deleted_once(db: TestDatabase) {
    db.insert_keys(&[key(1, KeyState::Next), key(2, ACTIVE(0))]).await;
    assert!(db.signing_keys.delete(key_id(1), KeyState::Next).await.unwrap());
    assert!(!db.signing_keys.delete(key_id(1), KeyState::Next).await.unwrap());
    assert_eq!(db.keys().await, [key(2, ACTIVE(0))]);
}

async fn a_key_is_deleted_only_from_the_state_that_is_stored(db: TestDatabase) {
    db.insert_keys(&[key(1, KeyState::Next), key(2, RETIRED(9))]).await;
    for wrong in [ACTIVE(5), RETIRED(9)] {
        assert!(!db.signing_keys.delete(key_id(1), wrong).await.unwrap(), "{wrong:?}");
    }
    // As where one node begins to sign with the key that another is about to throw away.
    let unit = db.key_units.begin().await.unwrap();
    assert!(unit.signing_keys().change_state(key_id(1), KeyState::Next, ACTIVE(5)).await.unwrap());
    let keys = db.signing_keys.clone();
    let deleting = tokio::spawn(async move { keys.delete(key_id(1), KeyState::Next).await.unwrap() });
    assert_waits(&deleting).await;
    unit.commit().await.unwrap();
    assert!(!deleting.await.unwrap());
    assert_eq!(db.keys().await.len(), 2);
    assert!(db.signing_keys.delete(key_id(1), ACTIVE(5)).await.unwrap());
}

async fn all_keys_are_deleted_at_once(db: TestDatabase) {
    db.insert_keys(&[key(1, KeyState::Next), key(2, ACTIVE(0)), key(3, RETIRED(9))]).await;
    assert_eq!(db.signing_keys.delete_all().await.unwrap(), 3);
    assert_eq!(db.keys().await, []);
}

async fn retired_keys_are_deleted_when_they_are_accepted_no_more(db: TestDatabase) {
    let keys =
        [key(1, RETIRED(99)), key(2, RETIRED(100)), key(3, RETIRED(101)), key(4, ACTIVE(0)), key(5, KeyState::Next)];
    db.insert_keys(&keys).await;
    assert_eq!(db.signing_keys.count_retired(at(100)).await.unwrap(), 2);
    assert_eq!(db.signing_keys.delete_retired(at(100)).await.unwrap(), 2);
    assert_eq!(db.signing_keys.count_retired(at(100)).await.unwrap(), 0);
    assert_eq!(db.keys().await, keys[2..]);
    assert_eq!(db.signing_keys.delete_retired(at(100)).await.unwrap(), 0);
}

async fn a_row_that_cannot_be_read_is_named_and_hides_no_other(db: TestDatabase) {
    let changes = [
        ("algorithm", "algorithm = 'none'"),
        ("algorithm", "algorithm = 'PS256', state = 'retired', accepted_until = created_at"),
        ("state", "state = 'nonsense'"),
        ("state", "state = 'active'"),
        ("state", "state = 'retired'"),
        ("accepted_until", "state = 'retired', accepted_until = 'infinity'"),
        ("created_at", "created_at = 'infinity'"),
        ("state", "active_since = created_at"),
        ("state", "accepted_until = created_at"),
        ("state", "state = 'active', active_since = created_at, accepted_until = created_at"),
    ];
    for (expected, change) in changes {
        db.insert_keys(&[key(1, KeyState::Next)]).await;
        db.run_sql(&format!("UPDATE signing_keys SET {change}")).await;
        db.insert_keys(&[key(2, RETIRED(9))]).await;
        let stored = db.signing_keys.list().await.unwrap();
        assert_eq!(stored.readable, [key(2, RETIRED(9))], "{change}");
        let [unreadable] = &stored.unreadable[..] else { panic!("{change}: {stored:?}") };
        assert_eq!((unreadable.id, unreadable.column), (key_id(1), expected), "{change}");
        assert!(change.contains(&unreadable.state) || unreadable.state == "next", "{change}: {unreadable:?}");
        db.run_sql("DELETE FROM signing_keys").await;
    }
}
