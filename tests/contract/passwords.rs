//! [`domain::passwords::PasswordRepository`].

use domain::StoreError;
use domain::passwords::PasswordHash;
use domain::users::{Epoch, User, UserIdentifier};
use tests::{OnDatabase, TestDatabase, on_each_database_and_pgbouncer};

use crate::fixtures::{
    Stored, assert_same_user, assert_waits, at, called, email, full_user, hash, user, user_id, username,
};

on_each_database_and_pgbouncer!(
    a_password_is_found_with_its_user_by_each_identifier,
    a_user_without_a_password_is_found_and_nobody_else,
    storing_again_replaces_the_password,
    a_password_of_nobody_is_not_found,
    a_hash_is_replaced_only_where_it_is_the_stored_one,
    a_hash_that_waits_for_a_change_of_the_password_is_not_replaced,
    a_password_goes_with_its_user,
    a_password_is_removed_and_no_others,
    what_a_unit_stores_is_seen_once_it_is_committed,
    a_hash_that_is_not_valid_any_more_is_read_as_it_is,
);

fn id(number: u128) -> UserIdentifier {
    UserIdentifier::Id(user_id(number))
}

async fn hash_of(db: &TestDatabase, number: u128) -> Option<PasswordHash> {
    db.passwords.find_with_user(&id(number)).await.unwrap().and_then(|(_, hash)| hash)
}

async fn a_password_is_found_with_its_user_by_each_identifier(db: TestDatabase) {
    let ada = called("a_b", User { email: email("Ada.L@Example.com"), ..full_user(1) });
    db.insert_users(&[ada.clone(), user(2)]).await;
    let stored = hash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA");
    db.passwords.store(ada.id, &stored, at(3)).await.unwrap();
    db.passwords.store(user_id(2), &hash("$another"), at(3)).await.unwrap();
    for whose in [id(1), UserIdentifier::Email(email("aDA.l@eXample.COM")), UserIdentifier::Username(username("A_B"))] {
        let (user, found) = db.passwords.find_with_user(&whose).await.unwrap().unwrap();
        assert_same_user(&user, &ada);
        assert_eq!(found.as_ref(), Some(&stored), "{whose:?}");
    }
    for whose in [id(9), UserIdentifier::Email(email("adaxl@example.com")), UserIdentifier::Username(username("axb"))] {
        assert_eq!(db.passwords.find_with_user(&whose).await.unwrap(), None, "{whose:?}");
    }
}

async fn a_user_without_a_password_is_found_and_nobody_else(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    db.passwords.store(user_id(2), &hash("$another"), at(3)).await.unwrap();
    assert_eq!(db.passwords.find_with_user(&id(1)).await.unwrap(), Some((user(1), None)));
}

async fn storing_again_replaces_the_password(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    for text in ["$first", "$second", "$second"] {
        db.passwords.store(user_id(1), &hash(text), at(3)).await.unwrap();
        assert_eq!(hash_of(&db, 1).await, Some(hash(text)));
    }
    assert_eq!(hash_of(&db, 2).await, None);
}

async fn a_password_of_nobody_is_not_found(db: TestDatabase) {
    let result = db.passwords.store(user_id(1), &hash("$new"), at(3)).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
}

async fn a_hash_is_replaced_only_where_it_is_the_stored_one(db: TestDatabase) {
    db.insert_users(&[user(1), user(2), user(3)]).await;
    for number in [1, 2] {
        db.passwords.store(user_id(number), &hash("$old"), at(3)).await.unwrap();
    }
    let replace =
        async |number, old| db.passwords.replace_hash(user_id(number), &hash(old), &hash("$new")).await.unwrap();
    for (number, old) in [(1, "$older"), (3, "$old"), (9, "$old")] {
        assert!(!replace(number, old).await, "{number} {old}");
    }
    assert_eq!((hash_of(&db, 1).await, hash_of(&db, 3).await), (Some(hash("$old")), None));
    assert!(replace(1, "$old").await);
    assert!(!replace(1, "$old").await);
    assert_eq!((hash_of(&db, 1).await, hash_of(&db, 2).await), (Some(hash("$new")), Some(hash("$old"))));
    // It is the same password: when it was changed stays.
    assert_eq!(changed_at(&db).await, [at(3), at(3)]);
    db.passwords.store(user_id(1), &hash("$other"), at(4)).await.unwrap();
    assert_eq!(changed_at(&db).await, [at(4), at(3)]);
}

/// When the passwords were changed, in the order of the users.
async fn changed_at(db: &TestDatabase) -> Vec<domain::Timestamp> {
    use sea_orm::{ConnectionTrait, Statement};
    let connection = tests::connect(&db.url).await;
    let sql = "SELECT changed_at FROM passwords ORDER BY user_id";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "changed_at").unwrap()).collect()
}

async fn a_hash_that_waits_for_a_change_of_the_password_is_not_replaced(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.passwords.store(user_id(1), &hash("$old"), at(3)).await.unwrap();
    let unit = db.units.begin().await.unwrap();
    unit.passwords().store(user_id(1), &hash("$changed"), at(4)).await.unwrap();
    let passwords = db.passwords.clone();
    let rehashing = async move { passwords.replace_hash(user_id(1), &hash("$old"), &hash("$rehashed")).await.unwrap() };
    let rehashing = tokio::spawn(rehashing);
    assert_waits(&rehashing).await;
    unit.commit().await.unwrap();
    assert!(!rehashing.await.unwrap());
    assert_eq!(hash_of(&db, 1).await, Some(hash("$changed")));
}

async fn a_password_goes_with_its_user(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    for number in [1, 2] {
        db.passwords.store(user_id(number), &hash("$stored"), at(3)).await.unwrap();
    }
    assert!(db.users.delete(user_id(1)).await.unwrap());
    // Not even a row without its user is left, which a user of the same id would inherit.
    db.insert_users(&[user(1)]).await;
    assert_eq!((hash_of(&db, 1).await, hash_of(&db, 2).await), (None, Some(hash("$stored"))));
}

async fn a_password_is_removed_and_no_others(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    for number in [1, 2] {
        db.passwords.store(user_id(number), &hash("$a_hash"), at(3)).await.unwrap();
    }
    assert!(db.passwords.remove(user_id(1)).await.unwrap());
    assert!(!db.passwords.remove(user_id(1)).await.unwrap());
    assert_eq!((hash_of(&db, 1).await, hash_of(&db, 2).await), (None, Some(hash("$a_hash"))));
    assert_eq!(db.user(user_id(1)).await, user(1));
}

async fn what_a_unit_stores_is_seen_once_it_is_committed(db: TestDatabase) {
    let unit = db.units.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    unit.passwords().store(user_id(1), &hash("$new"), at(0)).await.unwrap();
    let inside = unit.passwords().find_with_user(&id(1)).await.unwrap();
    assert_eq!(inside, Some((user(1), Some(hash("$new")))));
    assert_eq!(db.passwords.find_with_user(&id(1)).await.unwrap(), None);
    unit.commit().await.unwrap();
    assert_eq!(hash_of(&db, 1).await, Some(hash("$new")));

    let unit = db.units.begin().await.unwrap();
    assert!(unit.users().record_login(user_id(1), Epoch::default(), at(5)).await.unwrap());
    unit.passwords().store(user_id(1), &hash("$lost"), at(0)).await.unwrap();
    drop(unit);
    assert_eq!(hash_of(&db, 1).await, Some(hash("$new")));
}

async fn a_hash_that_is_not_valid_any_more_is_read_as_it_is(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.passwords.store(user_id(1), &hash("$new"), at(0)).await.unwrap();
    for text in ["nonsense".to_owned(), String::new(), "$".repeat(513)] {
        db.run_sql(&format!("UPDATE passwords SET hash = '{text}'")).await;
        assert_eq!(hash_of(&db, 1).await, Some(PasswordHash::stored(text)));
    }
    db.passwords.store(user_id(1), &hash("$newer"), at(1)).await.unwrap();
    assert_eq!(hash_of(&db, 1).await, Some(hash("$newer")));
}

/// SQLite keeps anything in any column.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_even_a_text_is_read_as_a_hash_that_fits_no_password() {
    let db = TestDatabase::sqlite().await;
    db.insert_users(&[user(1)]).await;
    db.passwords.store(user_id(1), &hash("$new"), at(0)).await.unwrap();
    db.run_sql("UPDATE passwords SET hash = x'ff'").await;
    assert_eq!(hash_of(&db, 1).await, Some(PasswordHash::stored(String::new())));
}
