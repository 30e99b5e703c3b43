//! [`domain::factors::FactorRepository`].

use std::sync::Arc;

use domain::factors::{
    FactorName, FactorRepository, Grace, HashedRecoveryCode, NewTotpDevice, SealedTotpSecret, TotpCode, TotpDevice,
    TotpDeviceId, TotpStep,
};
use domain::{StoreError, Timestamp};
use futures_util::future::join_all;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};
use uuid::Uuid;

use crate::fixtures::{Stored, at, user, user_id};

on_each_database_and_pgbouncer!(
    every_field_is_kept_and_the_oldest_comes_first,
    a_user_has_no_two_devices_of_one_name,
    factors_of_a_user_who_is_not_there_are_not_found,
    a_device_is_confirmed_once,
    of_many_who_use_a_code_exactly_one_does_and_no_earlier_code_is_used_after_it,
    no_more_codes_than_may_be_wrong_in_a_row_are_looked_at,
    a_device_is_deleted_by_its_user_alone,
    a_recovery_code_is_used_once_and_by_its_user_alone,
    two_recovery_codes_at_once_are_both_used,
    new_recovery_codes_replace_the_old,
    all_factors_of_a_user_are_deleted_and_no_others,
    the_time_without_a_factor_begins_once,
    a_password_that_came_by_mail_is_noted_where_that_time_has_begun,
    factors_go_with_their_user,
);

fn factors(db: &TestDatabase) -> Arc<dyn FactorRepository> {
    port!(db, dyn FactorRepository)
}

fn id(number: u128) -> TotpDeviceId {
    TotpDeviceId::new(Uuid::from_u128(number))
}

fn code(number: u8) -> HashedRecoveryCode {
    HashedRecoveryCode::new([number; HashedRecoveryCode::LENGTH])
}

/// A device of this user, set up at that second.
fn device(number: u8, owner: u128, name: &str) -> TotpDevice {
    let new = NewTotpDevice {
        id: id(number.into()),
        user_id: user_id(owner),
        name: FactorName::parse(name).unwrap(),
        secret: SealedTotpSecret::new(vec![number; 49]),
    };
    TotpDevice::set_up(new, at(number.into()))
}

fn confirmed(device: TotpDevice, at: Timestamp) -> TotpDevice {
    TotpDevice { confirmed_at: Some(at), last_step: Some(TotpStep::new(5)), ..device }
}

async fn every_field_is_kept_and_the_oldest_comes_first(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let devices = [device(1, 1, "Phone"), confirmed(device(2, 1, "Zoë's 📱"), at(7)), device(3, 2, "Phone")];
    let factors = factors(&db);
    for number in [1, 0, 2] {
        factors.insert_totp(&devices[number]).await.unwrap();
    }
    assert_eq!(factors.list_totp(user_id(1)).await.unwrap(), devices[..2]);
    assert_eq!(factors.list_totp(user_id(3)).await.unwrap(), []);
}

async fn a_user_has_no_two_devices_of_one_name(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    factors(&db).insert_totp(&device(1, 1, "Élodie")).await.unwrap();
    let result = factors(&db).insert_totp(&device(2, 1, "éLODIE")).await;
    assert!(matches!(result, Err(StoreError::Duplicate("name"))), "{result:?}");
}

async fn factors_of_a_user_who_is_not_there_are_not_found(db: TestDatabase) {
    let result = factors(&db).insert_totp(&device(1, 1, "Phone")).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
    let result = factors(&db).replace_recovery_codes(user_id(1), &[code(1)]).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
}

async fn a_device_is_confirmed_once(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let (factors, set_up) = (factors(&db), device(1, 1, "Phone"));
    factors.insert_totp(&set_up).await.unwrap();
    // Until then it is no factor.
    assert!(!factors.use_totp(id(1), TotpStep::new(9)).await.unwrap());
    assert!(factors.confirm_totp(id(1), TotpStep::new(5), at(7)).await.unwrap());
    assert!(!factors.confirm_totp(id(1), TotpStep::new(6), at(8)).await.unwrap());
    assert_eq!(factors.list_totp(user_id(1)).await.unwrap(), [confirmed(set_up, at(7))]);
    // The code that confirmed it is spent.
    assert!(!factors.use_totp(id(1), TotpStep::new(5)).await.unwrap());
    assert!(factors.use_totp(id(1), TotpStep::new(6)).await.unwrap());
    assert_eq!(factors.delete_unconfirmed_totp(user_id(1)).await.unwrap(), 0);
    factors.insert_totp(&device(2, 1, "Tablet")).await.unwrap();
    assert_eq!(factors.delete_unconfirmed_totp(user_id(1)).await.unwrap(), 1);
}

async fn of_many_who_use_a_code_exactly_one_does_and_no_earlier_code_is_used_after_it(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    factors(&db).insert_totp(&confirmed(device(1, 1, "Phone"), at(7))).await.unwrap();
    let using = (0..20).map(|_| {
        let factors = factors(&db);
        tokio::spawn(async move { factors.use_totp(id(1), TotpStep::new(8)).await.unwrap() })
    });
    assert_eq!(join_all(using).await.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
    assert!(!factors(&db).use_totp(id(1), TotpStep::new(7)).await.unwrap());
    assert_eq!(factors(&db).list_totp(user_id(1)).await.unwrap()[0].last_step, Some(TotpStep::new(8)));
}

async fn no_more_codes_than_may_be_wrong_in_a_row_are_looked_at(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let factors = factors(&db);
    assert!(matches!(factors.take_totp_attempt(user_id(3)).await, Err(StoreError::NotFound)));
    let attempts = (0..TotpCode::MAX_IN_A_ROW + 20).map(|_| factors.take_totp_attempt(user_id(1)));
    let taken = join_all(attempts).await.into_iter().filter(|taken| *taken.as_ref().unwrap()).count();
    assert_eq!(u32::try_from(taken).unwrap(), TotpCode::MAX_IN_A_ROW);
    assert!(factors.take_totp_attempt(user_id(2)).await.unwrap());
    factors.forget_totp_attempts(user_id(2)).await.unwrap();
    assert!(!factors.take_totp_attempt(user_id(1)).await.unwrap());
    factors.forget_totp_attempts(user_id(1)).await.unwrap();
    assert!(factors.take_totp_attempt(user_id(1)).await.unwrap());
}

async fn a_device_is_deleted_by_its_user_alone(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let factors = factors(&db);
    factors.insert_totp(&device(1, 1, "Phone")).await.unwrap();
    assert!(!factors.delete_totp(user_id(2), id(1)).await.unwrap());
    assert!(factors.delete_totp(user_id(1), id(1)).await.unwrap());
    assert!(!factors.delete_totp(user_id(1), id(1)).await.unwrap());
}

async fn a_recovery_code_is_used_once_and_by_its_user_alone(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    factors(&db).replace_recovery_codes(user_id(1), &[code(1), code(2)]).await.unwrap();
    assert!(!factors(&db).use_recovery_code(user_id(2), &code(1)).await.unwrap());
    let using = (0..20).map(|_| {
        let factors = factors(&db);
        tokio::spawn(async move { factors.use_recovery_code(user_id(1), &code(1)).await.unwrap() })
    });
    assert_eq!(join_all(using).await.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
    assert_eq!(factors(&db).count_recovery_codes(user_id(1)).await.unwrap(), 1);
}

async fn two_recovery_codes_at_once_are_both_used(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    factors(&db).replace_recovery_codes(user_id(1), &[code(1), code(2), code(3)]).await.unwrap();
    let using = [1, 2].map(|number| {
        let factors = factors(&db);
        async move { factors.use_recovery_code(user_id(1), &code(number)).await.unwrap() }
    });
    assert_eq!(join_all(using).await, [true, true]);
    assert_eq!(factors(&db).count_recovery_codes(user_id(1)).await.unwrap(), 1);
}

async fn new_recovery_codes_replace_the_old(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let factors = factors(&db);
    for owner in [1, 2] {
        factors.replace_recovery_codes(user_id(owner), &[code(1), code(2)]).await.unwrap();
    }
    factors.replace_recovery_codes(user_id(1), &[code(2), code(3)]).await.unwrap();
    assert!(!factors.use_recovery_code(user_id(1), &code(1)).await.unwrap());
    assert!(factors.use_recovery_code(user_id(1), &code(2)).await.unwrap());
    factors.replace_recovery_codes(user_id(1), &[]).await.unwrap();
    assert_eq!(factors.count_recovery_codes(user_id(1)).await.unwrap(), 0);
    assert_eq!(factors.count_recovery_codes(user_id(2)).await.unwrap(), 2);
}

async fn all_factors_of_a_user_are_deleted_and_no_others(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let factors = factors(&db);
    for (number, owner) in [(1, 1), (2, 2)] {
        factors.insert_totp(&device(number, owner, "Phone")).await.unwrap();
        factors.replace_recovery_codes(user_id(owner), &[code(1), code(2)]).await.unwrap();
    }
    assert_eq!(factors.delete_all(user_id(1)).await.unwrap(), 3);
    assert_eq!(factors.delete_all(user_id(1)).await.unwrap(), 0);
    assert_eq!(factors.list_totp(user_id(2)).await.unwrap().len(), 1);
    assert_eq!(factors.count_recovery_codes(user_id(2)).await.unwrap(), 2);
}

async fn the_time_without_a_factor_begins_once(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let factors = factors(&db);
    assert_eq!(factors.find_grace(user_id(1)).await.unwrap(), None);
    let begun = join_all((1..=20).map(|second| {
        let factors = Arc::clone(&factors);
        async move { factors.begin_grace(user_id(1), at(second)).await }
    }));
    assert!(begun.await.iter().all(Result::is_ok));
    let grace = factors.find_grace(user_id(1)).await.unwrap().unwrap();
    assert!((at(1)..=at(20)).contains(&grace.began_at) && grace.reset_at.is_none(), "{grace:?}");
    factors.begin_grace(user_id(1), at(30)).await.unwrap();
    factors.delete_all(user_id(1)).await.unwrap();
    assert_eq!(factors.find_grace(user_id(1)).await.unwrap(), Some(grace));
    assert_eq!(factors.find_grace(user_id(2)).await.unwrap(), None);
    let result = factors.begin_grace(user_id(3), at(1)).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
}

async fn a_password_that_came_by_mail_is_noted_where_that_time_has_begun(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let factors = factors(&db);
    factors.begin_grace(user_id(1), at(1)).await.unwrap();
    for reset_at in [Some(at(5)), None] {
        for number in [1, 2] {
            factors.note_reset(user_id(number), reset_at).await.unwrap();
        }
        let grace = Grace { began_at: at(1), reset_at };
        assert_eq!(factors.find_grace(user_id(1)).await.unwrap(), Some(grace));
        assert_eq!(factors.find_grace(user_id(2)).await.unwrap(), None);
    }
}

async fn factors_go_with_their_user(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    factors(&db).insert_totp(&device(1, 1, "Phone")).await.unwrap();
    factors(&db).replace_recovery_codes(user_id(1), &[code(1)]).await.unwrap();
    factors(&db).begin_grace(user_id(1), at(1)).await.unwrap();
    assert!(db.users.delete(user_id(1)).await.unwrap());
    assert_eq!(factors(&db).list_totp(user_id(1)).await.unwrap(), []);
    assert_eq!(factors(&db).find_grace(user_id(1)).await.unwrap(), None);
    assert_eq!(factors(&db).count_recovery_codes(user_id(1)).await.unwrap(), 0);
}
