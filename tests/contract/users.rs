//! [`domain::users::UserRepository`], but for lists.

use chrono::NaiveDate;
use domain::StoreError;
use domain::users::{
    Birthday, Direction, Email, Epoch, FullName, Locale, Profile, Role, User, UserFilter, UserQuery, UserSort,
    UserSortField, Username,
};
use tests::{OnDatabase, TestDatabase, on_each_database_and_pgbouncer};

use crate::fixtures::{
    Stored, admin, assert_same_user, assert_waits, at, called, email, full_user, session, session_id, user, user_id,
};

on_each_database_and_pgbouncer!(
    a_user_reads_back_equal_in_every_field,
    a_user_is_found_by_email_in_whatever_case,
    nobody_is_found_by_what_nobody_has,
    an_email_is_taken_in_whatever_case,
    a_username_is_taken_once,
    many_users_may_have_no_username,
    an_update_replaces_every_field,
    an_update_of_nobody_is_not_found,
    a_user_may_take_another_spelling_of_their_own_email,
    a_user_read_for_update_waits_for_the_unit_to_end,
    reading_for_update_outside_of_a_unit_locks_nothing,
    all_active_admins_are_locked_and_nobody_else_is_listed,
    a_locked_admin_and_account_cannot_be_changed_until_the_unit_ends,
    two_admins_cannot_demote_each_other,
    a_login_is_recorded,
    a_login_is_not_recorded_for_a_disabled_user_or_another_epoch,
    a_recorded_login_holds_the_user_until_the_unit_ends,
    deleting_a_user_removes_their_sessions_only,
    a_row_that_is_not_valid_any_more_is_read_as_it_is_and_hides_no_other,
);

async fn a_user_reads_back_equal_in_every_field(db: TestDatabase) {
    let users = [user(1), full_user(2)];
    db.insert_users(&users).await;
    for user in &users {
        assert_same_user(&db.user(user.id).await, user);
        assert_same_user(&db.users.find_by_id_for_update(user.id).await.unwrap().unwrap(), user);
        assert_same_user(&db.users.find_by_email(&user.email).await.unwrap().unwrap(), user);
    }
}

async fn a_user_is_found_by_email_in_whatever_case(db: TestDatabase) {
    db.insert_users(&[User { email: email("Ada.L@Example.com"), ..user(1) }, user(2)]).await;
    let found = db.users.find_by_email(&email("aDA.l@eXample.COM")).await.unwrap().unwrap();
    assert_eq!((found.id, found.email.as_str()), (user_id(1), "Ada.L@example.com"));
}

async fn nobody_is_found_by_what_nobody_has(db: TestDatabase) {
    db.insert_users(&[called("a_b", User { email: email("a_b@example.com"), ..user(1) })]).await;
    assert_eq!(db.users.find_by_id(user_id(9)).await.unwrap(), None);
    assert_eq!(db.users.find_by_id_for_update(user_id(9)).await.unwrap(), None);
    assert_eq!(db.users.find_by_email(&email("axb@example.com")).await.unwrap(), None);
}

#[track_caller]
fn assert_duplicate(result: Result<(), StoreError>, expected: &str) {
    assert!(matches!(result, Err(StoreError::Duplicate(field)) if field == expected), "{result:?}");
}

async fn an_email_is_taken_in_whatever_case(db: TestDatabase) {
    db.insert_users(&[User { email: email("ada@example.com"), ..user(1) }, user(2)]).await;
    let taken = email("ADA@example.com");
    let third = User { email: taken.clone(), ..user(3) };
    assert_duplicate(db.users.insert(&third).await, "email");
    assert_eq!(db.users.find_by_id(third.id).await.unwrap(), None);
    assert_duplicate(db.users.update(&User { email: taken, ..user(2) }).await, "email");
    assert_same_user(&db.user(user_id(2)).await, &user(2));
}

async fn a_username_is_taken_once(db: TestDatabase) {
    db.insert_users(&[called("ada", user(1)), user(2)]).await;
    assert_duplicate(db.users.insert(&called("ada", user(3))).await, "username");
    assert_eq!(db.users.find_by_id(user_id(3)).await.unwrap(), None);
    assert_duplicate(db.users.update(&called("ada", user(2))).await, "username");
    assert_eq!(db.user(user_id(2)).await, user(2));
}

async fn many_users_may_have_no_username(db: TestDatabase) {
    db.insert_users(&[user(1), user(2), user(3)]).await;
}

async fn an_update_replaces_every_field(db: TestDatabase) {
    db.insert_users(&[user(1), full_user(2)]).await;
    let changed = [User { id: user_id(2), ..user(7) }, User { id: user_id(1), ..full_user(8) }];
    for user in &changed {
        db.users.update(user).await.unwrap();
    }
    for user in &changed {
        assert_same_user(&db.user(user.id).await, user);
    }
}

async fn an_update_of_nobody_is_not_found(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let result = db.users.update(&user(2)).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
    assert_eq!(db.users.find_by_id(user_id(2)).await.unwrap(), None);
}

async fn a_user_may_take_another_spelling_of_their_own_email(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let changed = User { email: email("USER1@example.com"), ..user(1) };
    db.users.update(&changed).await.unwrap();
    assert_same_user(&db.user(user_id(1)).await, &changed);
}

async fn a_user_read_for_update_waits_for_the_unit_to_end(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let first = db.units.begin().await.unwrap();
    let mut mine = first.users().find_by_id_for_update(user_id(1)).await.unwrap().unwrap();
    let units = db.units.clone();
    let second = tokio::spawn(async move {
        let unit = units.begin().await.unwrap();
        let mut seen = unit.users().find_by_id_for_update(user_id(1)).await.unwrap().unwrap();
        seen = called("second", seen);
        unit.users().update(&seen).await.unwrap();
        unit.commit().await.unwrap();
    });
    let users = db.users.clone();
    let outside = tokio::spawn(async move { users.record_login(user_id(1), Epoch::default(), at(5)).await.unwrap() });
    assert_waits(&second).await;
    assert_waits(&outside).await;
    mine.set_role(Role::Admin);
    first.users().update(&mine).await.unwrap();
    first.commit().await.unwrap();
    second.await.unwrap();
    assert!(!outside.await.unwrap(), "the change of role came first, so the login is of an old epoch");
    assert_eq!(db.user(user_id(1)).await, called("second", mine));
}

async fn reading_for_update_outside_of_a_unit_locks_nothing(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.users.find_by_id_for_update(user_id(1)).await.unwrap();
    db.users.update(&admin(1)).await.unwrap();
}

async fn all_active_admins_are_locked_and_nobody_else_is_listed(db: TestDatabase) {
    let disabled = User { is_active: false, ..admin(3) };
    db.insert_users(&[admin(1), user(2), disabled, admin(4)]).await;
    let unit = db.units.begin().await.unwrap();
    for and in [None, Some(user_id(1)), Some(user_id(2)), Some(user_id(3)), Some(user_id(9))] {
        let mut ids = unit.users().lock_active_admins(and).await.unwrap();
        ids.sort();
        assert_eq!(ids, [user_id(1), user_id(4)]);
    }
}

async fn a_locked_admin_and_account_cannot_be_changed_until_the_unit_ends(db: TestDatabase) {
    db.insert_users(&[admin(1), user(2)]).await;
    let unit = db.units.begin().await.unwrap();
    unit.users().lock_active_admins(Some(user_id(2))).await.unwrap();
    let users = db.users.clone();
    let demoting = tokio::spawn(async move { users.update(&user(1)).await.unwrap() });
    let users = db.users.clone();
    let deleting = tokio::spawn(async move { users.delete(user_id(2)).await.unwrap() });
    assert_waits(&demoting).await;
    assert_waits(&deleting).await;
    assert_eq!(db.user(user_id(1)).await, admin(1));
    drop(unit);
    demoting.await.unwrap();
    assert!(deleting.await.unwrap());
}

async fn two_admins_cannot_demote_each_other(db: TestDatabase) {
    db.insert_users(&[admin(1), admin(2)]).await;
    for round in 0..20 {
        let (first, second) = tokio::join!(
            tokio::spawn(demote_unless_last(db.units.clone(), 2)),
            tokio::spawn(demote_unless_last(db.units.clone(), 1)),
        );
        assert_ne!(first.unwrap(), second.unwrap(), "round {round}: exactly one must see the other gone");
        db.users.update(&admin(1)).await.unwrap();
        db.users.update(&admin(2)).await.unwrap();
    }
}

async fn demote_unless_last(
    units: std::sync::Arc<dyn domain::units::Begin<dyn domain::units::AccountUnit>>,
    number: u128,
) -> bool {
    let unit = units.begin().await.unwrap();
    let remain = unit.users().lock_active_admins(None).await.unwrap().into_iter().any(|id| id != user_id(number));
    if remain {
        unit.users().update(&user(number)).await.unwrap();
        unit.commit().await.unwrap();
    }
    remain
}

async fn a_login_is_recorded(db: TestDatabase) {
    let before = User { is_active: true, ..full_user(1) };
    db.insert_users(&[before.clone(), user(2)]).await;
    assert!(db.users.record_login(before.id, before.epoch, at(60)).await.unwrap());
    assert_same_user(&db.user(before.id).await, &User { last_login: Some(at(60)), ..before });
    assert_eq!(db.user(user_id(2)).await, user(2));
}

async fn a_login_is_not_recorded_for_a_disabled_user_or_another_epoch(db: TestDatabase) {
    let users = [User { epoch: Epoch::new(5), ..user(1) }, User { is_active: false, epoch: Epoch::new(5), ..user(2) }];
    db.insert_users(&users).await;
    for (number, epoch) in [(1, 4), (1, 6), (2, 5), (9, 5)] {
        let recorded = db.users.record_login(user_id(number), Epoch::new(epoch), at(60)).await.unwrap();
        assert!(!recorded, "user {number} at epoch {epoch}");
    }
    for user in &users {
        assert_same_user(&db.user(user.id).await, user);
    }
}

async fn a_recorded_login_holds_the_user_until_the_unit_ends(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let unit = db.units.begin().await.unwrap();
    assert!(unit.users().record_login(user_id(1), Epoch::default(), at(60)).await.unwrap());
    let (users, disabled) = (db.users.clone(), User { is_active: false, ..user(1) });
    let disabling = tokio::spawn(async move { users.update(&disabled).await.unwrap() });
    assert_waits(&disabling).await;
    unit.commit().await.unwrap();
    disabling.await.unwrap();
    assert!(!db.user(user_id(1)).await.is_active);
}

async fn deleting_a_user_removes_their_sessions_only(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    db.insert_sessions(&[session(11, user_id(1)), session(12, user_id(1)), session(21, user_id(2))]).await;
    assert!(db.users.delete(user_id(1)).await.unwrap());
    assert!(!db.users.delete(user_id(1)).await.unwrap());
    assert_eq!(db.users.find_by_id(user_id(1)).await.unwrap(), None);
    for number in [11, 12] {
        assert_eq!(db.refresh_tokens.find_with_user(session_id(number)).await.unwrap(), None);
    }
    // Not even a row without its user is left, which a user of the same id would inherit.
    db.insert_users(&[user(1)]).await;
    assert_eq!(db.refresh_tokens.list_live(user_id(1), at(0), 10).await.unwrap(), []);
    assert_eq!(db.session(session_id(21)).await, session(21, user_id(2)));
}

async fn a_row_that_is_not_valid_any_more_is_read_as_it_is_and_hides_no_other(db: TestDatabase) {
    let (text, old) = (|text: &str| text.to_owned(), NaiveDate::from_ymd_opt(1815, 12, 10).unwrap());
    let expected = user(7);
    let profile = |profile| User { profile, ..expected.clone() };
    let columns = [
        ("email", "'nonsense'", User { email: Email::stored(text("nonsense"), text("user7@example.com")), ..user(7) }),
        ("username", "'?'", profile(Profile { username: Some(Username::stored(text("?"))), ..Profile::default() })),
        ("full_name", "''", profile(Profile { full_name: Some(FullName::stored(text(""))), ..Profile::default() })),
        ("birthday", "'1815-12-10'", profile(Profile { birthday: Some(Birthday::stored(old)), ..Profile::default() })),
        ("locale", "'x y'", profile(Profile { locale: Some(Locale::stored(text("x y"))), ..Profile::default() })),
        ("role", "'nonsense'", User { role: Role::User, ..user(7) }),
        ("epoch", "-1", User { epoch: Epoch::UNREADABLE, ..user(7) }),
        ("epoch", "4294967295", User { epoch: Epoch::UNREADABLE, ..user(7) }),
        ("epoch", "4294967296", User { epoch: Epoch::UNREADABLE, ..user(7) }),
    ];
    db.insert_users(&[user(8)]).await;
    for (column, value, expected) in columns {
        db.insert_users(&[user(7)]).await;
        db.run_sql(&format!("UPDATE users SET {column} = {value} WHERE email_key = 'user7@example.com'")).await;
        let sort = UserSort { field: UserSortField::Email, direction: Direction::Ascending };
        let query = UserQuery { filter: UserFilter::default(), sort, after: None, offset: 0, limit: 10 };
        let listed = db.users.list(&query).await.unwrap();
        let locked = db.users.find_by_id_for_update(user_id(7)).await.unwrap().unwrap();
        assert_eq!(listed.len(), 2, "{column} = {value}");
        for found in [&db.user(user_id(7)).await, &locked, &listed[0]] {
            assert_same_user(found, &expected);
        }
        assert_same_user(&listed[1], &user(8));
        assert!(db.users.record_login(user_id(7), expected.epoch, at(9)).await.unwrap(), "{column} = {value}");
        assert!(!db.users.record_login(user_id(7), Epoch::new(5), at(9)).await.unwrap(), "{column} = {value}");
        db.users.update(&user(7)).await.unwrap();
        assert_same_user(&db.user(user_id(7)).await, &user(7));
        assert!(db.users.delete(user_id(7)).await.unwrap());
    }
}

/// PostgreSQL keeps times that no calendar has.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_no_time_is_shown_without_it() {
    let db = TestDatabase::postgres().await;
    for column in ["birthday", "created_at", "updated_at", "last_login"] {
        for value in ["infinity", "-infinity", "200000-01-01"] {
            db.insert_users(&[full_user(7)]).await;
            db.run_sql(&format!("UPDATE users SET {column} = '{value}'")).await;
            db.user(user_id(7)).await;
            db.users.update(&full_user(7)).await.unwrap();
            assert_same_user(&db.user(user_id(7)).await, &full_user(7));
            assert!(db.users.delete(user_id(7)).await.unwrap());
        }
    }
}

/// SQLite keeps anything in any column.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_no_driver_can_read_is_shown_without_it() {
    let db = TestDatabase::sqlite().await;
    db.insert_users(&[user(8)]).await;
    let columns = ["birthday", "is_active", "email_verified", "epoch", "created_at", "updated_at", "last_login"];
    for column in columns.into_iter().chain(["role", "email", "username", "full_name", "locale"]) {
        let stored = User { is_active: true, ..full_user(7) };
        db.insert_users(std::slice::from_ref(&stored)).await;
        db.run_sql(&format!("UPDATE users SET {column} = x'ff' WHERE id <> x'00000000000000000000000000000008'")).await;
        let found = db.user(user_id(7)).await;
        assert_ne!(format!("{found:?}"), format!("{stored:?}"), "{column}");
        assert!(found.role == Role::User || column != "role");
        assert!(!found.is_active || column != "is_active");
        db.users.update(&user(7)).await.unwrap();
        assert_same_user(&db.user(user_id(7)).await, &user(7));
        assert!(db.users.delete(user_id(7)).await.unwrap());
    }
}
