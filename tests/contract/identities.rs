//! [`domain::identities::IdentityRepository`].

use std::sync::Arc;

use domain::StoreError;
use domain::identities::{Identity, IdentityId, IdentityRepository, NewIdentity, ProviderAccount, ProviderName};
use domain::users::UserRepository;
use futures_util::future::join_all;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};
use uuid::Uuid;

use crate::fixtures::{Stored, at, email, user, user_id};

on_each_database_and_pgbouncer!(
    every_field_is_kept_and_the_oldest_comes_first,
    an_account_is_found_by_issuer_and_subject_byte_by_byte,
    an_account_is_linked_to_one_user,
    of_many_who_link_an_account_exactly_one_does,
    an_identity_of_a_user_who_is_not_there_is_not_found,
    an_identity_is_deleted_by_its_user_alone,
    all_identities_of_a_user_are_deleted_and_no_others,
    identities_go_with_their_user,
);

const ISSUER: &str = "https://id.example.com";

fn identities(db: &TestDatabase) -> Arc<dyn IdentityRepository> {
    port!(db, dyn IdentityRepository)
}

fn account(issuer: &str, subject: &str) -> ProviderAccount {
    ProviderAccount::parse(issuer, subject).unwrap()
}

fn id(number: u128) -> IdentityId {
    IdentityId::new(Uuid::from_u128(number))
}

/// An identity of this user, linked at that second.
fn identity(number: u8, owner: u128, subject: &str) -> Identity {
    let new = NewIdentity {
        id: id(number.into()),
        user_id: user_id(owner),
        provider: ProviderName::parse("my-idp_1").unwrap(),
        account: account(ISSUER, subject),
        email: number.is_multiple_of(2).then(|| email("Ada@example.com")),
    };
    Identity::link(new, at(number.into()))
}

async fn every_field_is_kept_and_the_oldest_comes_first(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let all = [identity(1, 1, "Zoë 📱"), identity(2, 1, &"x".repeat(255)), identity(3, 2, "3")];
    let identities = identities(&db);
    for number in [1, 0, 2] {
        identities.insert(&all[number]).await.unwrap();
    }
    assert_eq!(identities.list(user_id(1)).await.unwrap(), all[..2]);
    assert_eq!(identities.list(user_id(3)).await.unwrap(), []);
}

async fn an_account_is_found_by_issuer_and_subject_byte_by_byte(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let (identities, upper, lower) = (identities(&db), identity(1, 1, "AbC"), identity(2, 2, "abc"));
    for identity in [&upper, &lower] {
        identities.insert(identity).await.unwrap();
        assert_eq!(identities.find(&identity.account).await.unwrap().as_ref(), Some(identity));
    }
    for (issuer, subject) in
        [(ISSUER, "ABC"), (ISSUER, "abc "), ("https://ID.example.com", "abc"), ("https://id.example.com/", "abc")]
    {
        assert_eq!(identities.find(&account(issuer, subject)).await.unwrap(), None, "{issuer} {subject}");
    }
    let elsewhere = Identity { account: account("https://id.example.org", "abc"), ..identity(3, 1, "abc") };
    identities.insert(&elsewhere).await.unwrap();
    assert_eq!(identities.find(&elsewhere.account).await.unwrap(), Some(elsewhere));
}

async fn an_account_is_linked_to_one_user(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    identities(&db).insert(&identity(1, 1, "1")).await.unwrap();
    for owner in [1, 2] {
        let result = identities(&db).insert(&identity(2, owner, "1")).await;
        assert!(matches!(result, Err(StoreError::Duplicate("identity"))), "{result:?}");
    }
    assert_eq!(identities(&db).list(user_id(2)).await.unwrap(), []);
}

async fn of_many_who_link_an_account_exactly_one_does(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let linking = (0..20).map(|number| {
        let identities = identities(&db);
        tokio::spawn(async move { identities.insert(&identity(number, u128::from(number % 2) + 1, "1")).await })
    });
    let linked = join_all(linking).await.into_iter().map(Result::unwrap);
    let (done, refused): (Vec<_>, Vec<_>) = linked.partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|result| matches!(result, Err(StoreError::Duplicate("identity")))));
}

async fn an_identity_of_a_user_who_is_not_there_is_not_found(db: TestDatabase) {
    let result = identities(&db).insert(&identity(1, 1, "1")).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
}

async fn an_identity_is_deleted_by_its_user_alone(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let identities = identities(&db);
    identities.insert(&identity(1, 1, "1")).await.unwrap();
    assert!(!identities.delete(user_id(2), id(1)).await.unwrap());
    assert!(identities.delete(user_id(1), id(1)).await.unwrap());
    assert!(!identities.delete(user_id(1), id(1)).await.unwrap());
}

async fn all_identities_of_a_user_are_deleted_and_no_others(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let identities = identities(&db);
    for identity in [identity(1, 1, "1"), identity(2, 1, "2"), identity(3, 2, "3")] {
        identities.insert(&identity).await.unwrap();
    }
    assert_eq!(identities.delete_all(user_id(1)).await.unwrap(), 2);
    assert_eq!(identities.list(user_id(1)).await.unwrap(), []);
    assert_eq!(identities.list(user_id(2)).await.unwrap().len(), 1);
}

async fn identities_go_with_their_user(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    identities(&db).insert(&identity(1, 1, "1")).await.unwrap();
    port!(db, dyn UserRepository).delete(user_id(1)).await.unwrap();
    assert_eq!(identities(&db).find(&account(ISSUER, "1")).await.unwrap(), None);
}
