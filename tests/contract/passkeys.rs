//! [`domain::passkeys::PasskeyRepository`] and [`domain::passkeys::CeremonyRepository`].

use std::sync::Arc;

use domain::StoreError;
use domain::factors::FactorName;
use domain::one_time_tokens::OneTimeTokenId;
use domain::passkeys::{
    Ceremony, CeremonyId, CeremonyPurpose, CeremonyRepository, CeremonyState, CredentialId, NewPasskey, Passkey,
    PasskeyId, PasskeyPublicKey, PasskeyRepository, PasskeyUse, RegisteredCredential,
};
use domain::sessions::SessionId;
use futures_util::future::join_all;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};
use uuid::Uuid;

use crate::fixtures::{Stored, at, user, user_id};

on_each_database_and_pgbouncer!(
    every_field_is_kept_and_the_oldest_comes_first,
    a_credential_is_of_one_user_and_a_name_of_one_passkey,
    a_passkey_of_nobody_is_not_found,
    a_passkey_is_found_by_its_credential_whoever_has_it,
    a_use_never_lowers_the_count,
    of_two_uses_of_one_count_one_is_recorded,
    a_passkey_that_does_not_count_is_used_again_and_again,
    a_passkey_that_verified_its_user_once_is_known_to_for_ever,
    a_passkey_is_renamed_by_its_user_alone,
    a_passkey_is_deleted_by_its_user_alone,
    all_passkeys_of_a_user_are_deleted_and_no_others,
    passkeys_go_with_their_user,
    a_ceremony_is_taken_as_it_was_begun,
    of_many_who_take_a_ceremony_exactly_one_gets_it,
    an_expired_ceremony_is_not_returned_and_is_gone,
    expired_ceremonies_are_deleted_the_oldest_first,
);

fn passkeys(db: &TestDatabase) -> Arc<dyn PasskeyRepository> {
    port!(db, dyn PasskeyRepository)
}

fn ceremonies(db: &TestDatabase) -> Arc<dyn CeremonyRepository> {
    port!(db, dyn CeremonyRepository)
}

fn id(number: u128) -> PasskeyId {
    PasskeyId::new(Uuid::from_u128(number))
}

fn credential(number: u8) -> CredentialId {
    CredentialId::new(vec![number; 32]).unwrap()
}

/// A passkey of this user, registered at that second.
fn passkey(number: u8, owner: u128, name: &str) -> Passkey {
    let credential = RegisteredCredential {
        id: credential(number),
        public_key: PasskeyPublicKey::new(vec![number; 77]),
        sign_count: 0,
        is_backup_eligible: number.is_multiple_of(2),
        is_backed_up: false,
        is_user_verified: number.is_multiple_of(2),
    };
    let name = FactorName::parse(name).unwrap();
    let new = NewPasskey { id: id(number.into()), user_id: user_id(owner), name, credential };
    Passkey::register(new, at(number.into()))
}

fn used(sign_count: u32) -> PasskeyUse {
    PasskeyUse { sign_count, is_backup_eligible: true, is_backed_up: true, is_user_verified: false, at: at(9) }
}

async fn every_field_is_kept_and_the_oldest_comes_first(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let counting = Passkey { sign_count: u32::MAX, last_used_at: Some(at(8)), ..passkey(2, 1, "Zoë's 🔑") };
    let stored = [passkey(1, 1, "Phone"), counting, passkey(3, 2, "Phone")];
    for number in [1, 0, 2] {
        passkeys(&db).insert(&stored[number]).await.unwrap();
    }
    assert_eq!(passkeys(&db).list(user_id(1)).await.unwrap(), stored[..2]);
    assert_eq!(passkeys(&db).list(user_id(3)).await.unwrap(), []);
}

async fn a_credential_is_of_one_user_and_a_name_of_one_passkey(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    passkeys(&db).insert(&passkey(1, 1, "Élodie")).await.unwrap();
    let same = Passkey { credential_id: credential(1), ..passkey(2, 2, "Phone") };
    let result = passkeys(&db).insert(&same).await;
    assert!(matches!(result, Err(StoreError::Duplicate("credential"))), "{result:?}");
    let result = passkeys(&db).insert(&passkey(3, 1, "éLODIE")).await;
    assert!(matches!(result, Err(StoreError::Duplicate("name"))), "{result:?}");
}

async fn a_passkey_of_nobody_is_not_found(db: TestDatabase) {
    let result = passkeys(&db).insert(&passkey(1, 1, "Phone")).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
}

async fn a_passkey_is_found_by_its_credential_whoever_has_it(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let stored = [passkey(1, 1, "Phone"), passkey(2, 2, "Phone")];
    for passkey in &stored {
        passkeys(&db).insert(passkey).await.unwrap();
    }
    assert_eq!(passkeys(&db).find_by_credential(&credential(2)).await.unwrap().as_ref(), Some(&stored[1]));
    assert_eq!(passkeys(&db).find_by_credential(&credential(3)).await.unwrap(), None);
}

async fn a_use_never_lowers_the_count(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    passkeys(&db).insert(&passkey(1, 1, "Phone")).await.unwrap();
    assert!(passkeys(&db).record_use(id(1), &used(5)).await.unwrap());
    for count in [0, 4, 5] {
        assert!(!passkeys(&db).record_use(id(1), &used(count)).await.unwrap(), "{count}");
    }
    assert!(passkeys(&db).record_use(id(1), &used(u32::MAX)).await.unwrap());
    let expected = Passkey {
        sign_count: u32::MAX,
        is_backup_eligible: true,
        is_backed_up: true,
        last_used_at: Some(at(9)),
        ..passkey(1, 1, "Phone")
    };
    assert_eq!(passkeys(&db).list(user_id(1)).await.unwrap(), [expected]);
    assert!(!passkeys(&db).record_use(id(2), &used(7)).await.unwrap());
}

async fn of_two_uses_of_one_count_one_is_recorded(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    passkeys(&db).insert(&passkey(1, 1, "Phone")).await.unwrap();
    let using = (0..20).map(|_| {
        let passkeys = passkeys(&db);
        tokio::spawn(async move { passkeys.record_use(id(1), &used(8)).await.unwrap() })
    });
    assert_eq!(join_all(using).await.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
}

async fn a_passkey_that_does_not_count_is_used_again_and_again(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    passkeys(&db).insert(&passkey(1, 1, "Phone")).await.unwrap();
    for _ in 0..3 {
        assert!(passkeys(&db).record_use(id(1), &used(0)).await.unwrap());
    }
}

async fn a_passkey_that_verified_its_user_once_is_known_to_for_ever(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    for number in [1, 2] {
        passkeys(&db).insert(&passkey(number, 1, &number.to_string())).await.unwrap();
    }
    let have_verified = async || {
        let found = passkeys(&db).list(user_id(1)).await.unwrap();
        [found[0].has_verified_user, found[1].has_verified_user]
    };
    for (is_user_verified, expected) in [(false, [false, true]), (true, [true, true]), (false, [true, true])] {
        for number in [1, 2] {
            let used = PasskeyUse { is_user_verified, ..used(0) };
            assert!(passkeys(&db).record_use(id(number), &used).await.unwrap());
        }
        assert_eq!(have_verified().await, expected, "{is_user_verified}");
    }
}

async fn a_passkey_is_renamed_by_its_user_alone(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    for stored in [passkey(1, 1, "Phone"), passkey(2, 1, "Key"), passkey(3, 2, "Phone")] {
        passkeys(&db).insert(&stored).await.unwrap();
    }
    let name = FactorName::parse("PHONE 2").unwrap();
    assert!(!passkeys(&db).rename(user_id(2), id(1), &name).await.unwrap());
    assert!(passkeys(&db).rename(user_id(1), id(1), &name).await.unwrap());
    assert_eq!(passkeys(&db).list(user_id(1)).await.unwrap()[0].name, name);
    let result = passkeys(&db).rename(user_id(1), id(2), &FactorName::parse("phone 2").unwrap()).await;
    assert!(matches!(result, Err(StoreError::Duplicate("name"))), "{result:?}");
}

async fn a_passkey_is_deleted_by_its_user_alone(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    passkeys(&db).insert(&passkey(1, 1, "Phone")).await.unwrap();
    assert!(!passkeys(&db).delete(user_id(2), id(1)).await.unwrap());
    assert!(passkeys(&db).delete(user_id(1), id(1)).await.unwrap());
    assert!(!passkeys(&db).delete(user_id(1), id(1)).await.unwrap());
}

async fn all_passkeys_of_a_user_are_deleted_and_no_others(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    for stored in [passkey(1, 1, "Phone"), passkey(2, 1, "Key"), passkey(3, 2, "Phone")] {
        passkeys(&db).insert(&stored).await.unwrap();
    }
    assert_eq!(passkeys(&db).delete_all(user_id(1)).await.unwrap(), 2);
    assert_eq!(passkeys(&db).delete_all(user_id(1)).await.unwrap(), 0);
    assert_eq!(passkeys(&db).list(user_id(2)).await.unwrap().len(), 1);
}

async fn passkeys_go_with_their_user(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    passkeys(&db).insert(&passkey(1, 1, "Phone")).await.unwrap();
    assert!(db.users.delete(user_id(1)).await.unwrap());
    assert_eq!(passkeys(&db).find_by_credential(&credential(1)).await.unwrap(), None);
}

fn ceremony_id(number: u128) -> CeremonyId {
    CeremonyId::new(Uuid::from_u128(number))
}

/// A ceremony that expires at that second.
fn ceremony(number: u8, purpose: CeremonyPurpose) -> Ceremony {
    let state = CeremonyState::new(vec![number; 200]);
    Ceremony { id: ceremony_id(number.into()), purpose, state, expires_at: at(number.into()) }
}

async fn a_ceremony_is_taken_as_it_was_begun(db: TestDatabase) {
    let (user, session) = (user_id(1), SessionId::new(Uuid::from_u128(7)));
    let challenge = OneTimeTokenId::new(Uuid::from_u128(8));
    let purposes = [
        CeremonyPurpose::Registration { user, session },
        CeremonyPurpose::SignIn { user: None },
        CeremonyPurpose::SignIn { user: Some(user) },
        CeremonyPurpose::SecondFactor { user, challenge },
        CeremonyPurpose::StepUp { user, session },
    ];
    for (number, purpose) in (1..).zip(purposes) {
        let begun = ceremony(number, purpose);
        ceremonies(&db).insert(&begun).await.unwrap();
        assert_eq!(ceremonies(&db).take(begun.id, at(0)).await.unwrap(), Some(begun.clone()));
        assert_eq!(ceremonies(&db).take(begun.id, at(0)).await.unwrap(), None);
    }
}

async fn of_many_who_take_a_ceremony_exactly_one_gets_it(db: TestDatabase) {
    ceremonies(&db).insert(&ceremony(5, CeremonyPurpose::SignIn { user: None })).await.unwrap();
    let taking = (0..20).map(|_| {
        let ceremonies = ceremonies(&db);
        tokio::spawn(async move { ceremonies.take(ceremony_id(5), at(0)).await.unwrap() })
    });
    assert_eq!(join_all(taking).await.into_iter().filter(|taken| taken.as_ref().unwrap().is_some()).count(), 1);
}

async fn an_expired_ceremony_is_not_returned_and_is_gone(db: TestDatabase) {
    let ceremony = ceremony(5, CeremonyPurpose::SignIn { user: None });
    ceremonies(&db).insert(&ceremony).await.unwrap();
    assert_eq!(ceremonies(&db).take(ceremony.id, at(5)).await.unwrap(), None);
    assert_eq!(ceremonies(&db).take(ceremony.id, at(0)).await.unwrap(), None);
}

async fn expired_ceremonies_are_deleted_the_oldest_first(db: TestDatabase) {
    for number in [3, 1, 2, 9] {
        ceremonies(&db).insert(&ceremony(number, CeremonyPurpose::SignIn { user: None })).await.unwrap();
    }
    assert_eq!(ceremonies(&db).count_expired(at(3)).await.unwrap(), 3);
    assert_eq!(ceremonies(&db).delete_expired(at(3), 2).await.unwrap(), 2);
    assert!(ceremonies(&db).take(ceremony_id(3), at(0)).await.unwrap().is_some());
    assert_eq!(ceremonies(&db).delete_expired(at(3), 2).await.unwrap(), 0);
    assert!(ceremonies(&db).take(ceremony_id(9), at(0)).await.unwrap().is_some());
}
