//! [`domain::registration::PendingAccountRepository`].

use std::sync::Arc;

use domain::StoreError;
use domain::one_time_tokens::{NewOneTimeToken, OneTimeToken, OneTimeTokenId, OneTimeTokenRepository, Purpose};
use domain::registration::{PendingAccount, PendingAccountRepository};
use domain::users::Profile;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};
use uuid::Uuid;

use crate::fixtures::{at, email, full_user, hash};

on_each_database_and_pgbouncer!(
    every_field_is_kept,
    one_whose_token_is_not_there_is_not_found,
    it_goes_with_its_token_however_that_goes,
);

fn pending_accounts(db: &TestDatabase) -> Arc<dyn PendingAccountRepository> {
    port!(db, dyn PendingAccountRepository)
}

fn tokens(db: &TestDatabase) -> Arc<dyn OneTimeTokenRepository> {
    port!(db, dyn OneTimeTokenRepository)
}

fn id(number: u128) -> OneTimeTokenId {
    OneTimeTokenId::new(Uuid::from_u128(number))
}

fn pending(number: u128) -> PendingAccount {
    PendingAccount { token_id: id(number), profile: Profile::default(), password: hash("$argon2id$a$b") }
}

/// Stores a token that nobody has used.
async fn insert_token(db: &TestDatabase, number: u128) -> OneTimeToken {
    let nonce = domain::Nonce::new([9; domain::Nonce::LENGTH]);
    let (purpose, email) = (Purpose::VerifyEmail, email("ada@example.com"));
    let token = OneTimeToken::issue(
        NewOneTimeToken { id: id(number), purpose, user_id: None, email, proven: None, epoch: None, nonce },
        at(0),
    );
    tokens(db).insert(&token).await.unwrap();
    token
}

async fn every_field_is_kept(db: TestDatabase) {
    let full = full_user(1).profile;
    for (number, profile) in (1..).zip([Profile::default(), full]) {
        insert_token(&db, number).await;
        let stored = PendingAccount { profile, ..pending(number) };
        pending_accounts(&db).insert(&stored).await.unwrap();
        assert_eq!(pending_accounts(&db).find(id(number)).await.unwrap(), Some(stored));
    }
    assert_eq!(pending_accounts(&db).find(id(9)).await.unwrap(), None);
}

async fn one_whose_token_is_not_there_is_not_found(db: TestDatabase) {
    let result = pending_accounts(&db).insert(&pending(1)).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
}

async fn it_goes_with_its_token_however_that_goes(db: TestDatabase) {
    for number in 1..=3 {
        let token = insert_token(&db, number).await;
        pending_accounts(&db).insert(&pending(number)).await.unwrap();
        if number == 1 {
            // That it was used does not remove it.
            assert!(tokens(&db).consume(token.id, at(1)).await.unwrap());
            assert!(pending_accounts(&db).find(id(1)).await.unwrap().is_some());
        }
    }
    let ada = email("ADA@example.com");
    assert_eq!(tokens(&db).void_for_email(Purpose::VerifyEmail, &ada, Some(id(3))).await.unwrap(), 2);
    for (number, is_there) in [(1, false), (2, false), (3, true)] {
        assert_eq!(pending_accounts(&db).find(id(number)).await.unwrap().is_some(), is_there, "{number}");
    }
    let unit = db.cleanup_units.begin().await.unwrap();
    assert_eq!(unit.one_time_tokens().delete_expired(at(1_000_000), 10).await.unwrap(), 1);
    unit.commit().await.unwrap();
    assert_eq!(pending_accounts(&db).find(id(3)).await.unwrap(), None);
}
