//! [`domain::one_time_tokens::OneTimeTokenRepository`], and what is mailed of a row.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::keys::RootSecret;
use domain::one_time_tokens::{
    MailedCode, NewOneTimeToken, OneTimeToken, OneTimeTokenId, OneTimeTokenRepository, PresentedOneTimeToken, Purpose,
};
use domain::sessions::{Method, Methods};
use domain::users::{Epoch, UserId};
use domain::{Nonce, StoreError};
use futures_util::future::join_all;
use infra_security::HmacSha256;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};
use uuid::Uuid;

use crate::fixtures::{Stored, at, email, user, user_id};

on_each_database_and_pgbouncer!(
    every_field_is_kept,
    one_of_a_user_who_is_not_there_is_not_found,
    the_latest_is_found_by_its_address_in_whatever_case,
    a_users_tokens_are_listed_the_newest_first,
    of_many_who_use_one_exactly_one_does,
    what_has_expired_is_not_used,
    a_users_tokens_are_all_voided,
    a_users_tokens_for_one_purpose_are_voided,
    an_addresss_tokens_are_voided_but_for_one,
    two_who_want_an_addresss_tokens_do_not_wait_in_a_circle,
    tokens_go_with_their_user,
    what_has_expired_is_deleted_the_oldest_first_and_nothing_else,
);

fn tokens(db: &TestDatabase) -> Arc<dyn OneTimeTokenRepository> {
    port!(db, dyn OneTimeTokenRepository)
}

fn id(number: u128) -> OneTimeTokenId {
    OneTimeTokenId::new(Uuid::from_u128(number))
}

/// A token of that second.
fn token(number: u8, purpose: Purpose, user_id: Option<UserId>, address: &str) -> OneTimeToken {
    let nonce = Nonce::new([number; Nonce::LENGTH]);
    let new = NewOneTimeToken {
        id: id(number.into()),
        purpose,
        user_id,
        email: email(address),
        proven: None,
        epoch: None,
        nonce,
    };
    OneTimeToken::issue(new, at(number.into()))
}

async fn every_field_is_kept(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let tokens = tokens(&db);
    for (number, purpose) in (1..).zip(Purpose::ALL) {
        let user_id = (number % 2 == 0).then(|| user_id(1));
        let used_at = (number % 3 == 0).then(|| at(5));
        let proven = (number % 2 == 0).then(|| Methods::only(Method::Password).and(Method::Totp));
        let epoch = proven.map(|_| Epoch::new(number.into()));
        let token = token(number, purpose, user_id, "Ada.L@Bücher.example");
        let stored = OneTimeToken { used_at, proven, epoch, ..token };
        tokens.insert(&stored).await.unwrap();
        let found = tokens.find(stored.id).await.unwrap().unwrap();
        assert_eq!(found, stored);
        assert_eq!(found.email.as_str(), "Ada.L@xn--bcher-kva.example");
    }
    assert_eq!(tokens.find(id(99)).await.unwrap(), None);
}

async fn one_of_a_user_who_is_not_there_is_not_found(db: TestDatabase) {
    let result = tokens(&db).insert(&token(1, Purpose::SignIn, Some(user_id(1)), "ada@example.com")).await;
    assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
}

async fn the_latest_is_found_by_its_address_in_whatever_case(db: TestDatabase) {
    let tokens = tokens(&db);
    for token in [
        token(2, Purpose::VerifyEmail, None, "ada@example.com"),
        token(1, Purpose::VerifyEmail, None, "ada@example.com"),
        token(3, Purpose::VerifyEmail, None, "eve@example.com"),
        token(4, Purpose::Invitation, None, "ada@example.com"),
    ] {
        tokens.insert(&token).await.unwrap();
    }
    let latest = tokens.find_latest(Purpose::VerifyEmail, &email("ADA@example.com")).await.unwrap();
    assert_eq!(latest.map(|token| token.id), Some(id(2)));
    // A used one is the latest, too: the code of the previous one must not come alive again.
    assert!(tokens.consume(id(2), at(10)).await.unwrap());
    let latest = tokens.find_latest(Purpose::VerifyEmail, &email("ada@example.com")).await.unwrap();
    assert_eq!(latest.map(|token| (token.id, token.used_at)), Some((id(2), Some(at(10)))));
    assert_eq!(tokens.find_latest(Purpose::SignIn, &email("ada@example.com")).await.unwrap(), None);
}

async fn a_users_tokens_are_listed_the_newest_first(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let tokens = tokens(&db);
    for (number, purpose, owner, used_at) in [
        (3, Purpose::ResetPassword, Some(1), None),
        (1, Purpose::ChangeEmail, Some(1), Some(at(5))),
        (2, Purpose::VerifyEmail, Some(1), None),
        (4, Purpose::ResetPassword, Some(2), None),
        (5, Purpose::VerifyEmail, None, None),
    ] {
        let stored = token(number, purpose, owner.map(user_id), "ada@example.com");
        tokens.insert(&OneTimeToken { used_at, ..stored }).await.unwrap();
    }
    for (limit, expected) in [(9, &[3, 2, 1][..]), (2, &[3, 2]), (0, &[])] {
        let listed = tokens.list(user_id(1), limit).await.unwrap();
        assert_eq!(
            listed.iter().map(|token| token.id).collect::<Vec<_>>(),
            expected.iter().map(|n| id(*n)).collect::<Vec<_>>()
        );
    }
    let expired = OneTimeToken { expires_at: at(7), ..token(6, Purpose::SignIn, Some(user_id(2)), "eve@example.com") };
    tokens.insert(&expired).await.unwrap();
    assert_eq!(tokens.list(user_id(2), 1).await.unwrap(), [expired]);
    assert_eq!(tokens.list(user_id(9), 9).await.unwrap(), []);
}

async fn of_many_who_use_one_exactly_one_does(db: TestDatabase) {
    let tokens = tokens(&db);
    for number in [1, 2] {
        tokens.insert(&token(number, Purpose::Invitation, None, "ada@example.com")).await.unwrap();
    }
    let using = (0..20).map(|second| {
        let tokens = tokens.clone();
        tokio::spawn(async move { tokens.consume(id(1), at(10 + second)).await.unwrap() })
    });
    let used = join_all(using).await.into_iter().filter(|used| *used.as_ref().unwrap()).count();
    assert_eq!(used, 1);
    assert_eq!(tokens.find(id(2)).await.unwrap().unwrap().used_at, None);
    assert!(!tokens.consume(id(9), at(10)).await.unwrap());
}

async fn what_has_expired_is_not_used(db: TestDatabase) {
    let tokens = tokens(&db);
    let stored = token(1, Purpose::SignIn, None, "ada@example.com");
    tokens.insert(&stored).await.unwrap();
    assert!(!tokens.consume(stored.id, stored.expires_at).await.unwrap());
    assert!(tokens.consume(stored.id, stored.expires_at - TimeDelta::microseconds(1)).await.unwrap());
}

async fn a_users_tokens_are_all_voided(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let tokens = tokens(&db);
    for (number, owner) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        let purpose = if number == 1 { Purpose::ChangeEmail } else { Purpose::ResetPassword };
        tokens.insert(&token(number, purpose, Some(user_id(owner)), "ada@example.com")).await.unwrap();
    }
    assert!(tokens.consume(id(1), at(10)).await.unwrap());
    assert_eq!(tokens.void_all(user_id(1)).await.unwrap(), 3);
    assert_eq!(tokens.find(id(1)).await.unwrap(), None);
    assert!(tokens.find(id(4)).await.unwrap().is_some());
}

async fn a_users_tokens_for_one_purpose_are_voided(db: TestDatabase) {
    db.insert_users(&[user(1), user(2)]).await;
    let tokens = tokens(&db);
    for (number, owner, purpose, address) in [
        (1, 1, Purpose::ChangeEmail, "ada@example.com"),
        (2, 1, Purpose::ChangeEmail, "lovelace@example.com"),
        (3, 1, Purpose::StopEmailChange, "ada@example.com"),
        (4, 2, Purpose::ChangeEmail, "ada@example.com"),
    ] {
        tokens.insert(&token(number, purpose, Some(user_id(owner)), address)).await.unwrap();
    }
    assert_eq!(tokens.void_for_user(Purpose::ChangeEmail, user_id(1)).await.unwrap(), 2);
    for number in [3, 4] {
        assert!(tokens.find(id(number)).await.unwrap().is_some());
    }
}

async fn an_addresss_tokens_are_voided_but_for_one(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let tokens = tokens(&db);
    for (number, purpose, owner, address) in [
        (1, Purpose::VerifyEmail, None, "ada@example.com"),
        (2, Purpose::VerifyEmail, Some(user_id(1)), "ADA@example.com"),
        (3, Purpose::Invitation, None, "ada@example.com"),
        (4, Purpose::VerifyEmail, None, "eve@example.com"),
    ] {
        tokens.insert(&token(number, purpose, owner, address)).await.unwrap();
    }
    let ada = email("Ada@example.com");
    assert_eq!(tokens.void_for_email(Purpose::VerifyEmail, &ada, Some(id(1))).await.unwrap(), 1);
    assert!(tokens.find(id(1)).await.unwrap().is_some());
    assert_eq!(tokens.void_for_email(Purpose::VerifyEmail, &ada, None).await.unwrap(), 1);
    for number in [3, 4] {
        assert!(tokens.find(id(number)).await.unwrap().is_some());
    }
}

async fn two_who_want_an_addresss_tokens_do_not_wait_in_a_circle(db: TestDatabase) {
    for number in [1, 2] {
        tokens(&db).insert(&token(number, Purpose::VerifyEmail, None, "ada@example.com")).await.unwrap();
    }
    let redeem = |number| {
        let units = db.units.clone();
        async move {
            let unit = units.begin().await.unwrap();
            let (tokens, purpose, ada) = (unit.one_time_tokens(), Purpose::VerifyEmail, email("ADA@example.com"));
            let count = tokens.lock_for_email(purpose, &ada).await.unwrap();
            assert!(count == 2 || count == 0, "{count}");
            let is_first = tokens.consume(id(number), at(10)).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            tokens.void_for_email(purpose, &ada, None).await.unwrap();
            unit.commit().await.unwrap();
            is_first
        }
    };
    for _ in 0..5 {
        let redeemed = join_all([redeem(1), redeem(2)]).await;
        assert_ne!(redeemed[0], redeemed[1]);
        for number in [1, 2] {
            tokens(&db).insert(&token(number, Purpose::VerifyEmail, None, "ada@example.com")).await.unwrap();
        }
    }
}

async fn tokens_go_with_their_user(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    let tokens = tokens(&db);
    tokens.insert(&token(1, Purpose::ResetPassword, Some(user_id(1)), "ada@example.com")).await.unwrap();
    assert!(db.users.delete(user_id(1)).await.unwrap());
    assert_eq!(tokens.find(id(1)).await.unwrap(), None);
}

async fn what_has_expired_is_deleted_the_oldest_first_and_nothing_else(db: TestDatabase) {
    let tokens = tokens(&db);
    let stored = [1, 2, 3, 4].map(|number| token(number, Purpose::Invitation, None, "ada@example.com"));
    for token in &stored {
        tokens.insert(token).await.unwrap();
    }
    let before = stored[2].expires_at;
    assert_eq!(tokens.count_expired(before).await.unwrap(), 3);
    assert_eq!(tokens.delete_expired(before, 2).await.unwrap(), 2);
    assert!(tokens.find(id(2)).await.unwrap().is_none() && tokens.find(id(3)).await.unwrap().is_some());
    assert_eq!(tokens.delete_expired(before, 10).await.unwrap(), 1);
    assert_eq!(tokens.count_expired(before).await.unwrap(), 0);
    assert!(tokens.find(id(4)).await.unwrap().is_some());
}

fn mac(secret: &str) -> HmacSha256 {
    HmacSha256::new(&RootSecret::parse(secret).unwrap())
}

/// Rows that differ from the first in one thing each.
fn others(token: &OneTimeToken) -> [OneTimeToken; 3] {
    [
        OneTimeToken { id: id(9), ..token.clone() },
        OneTimeToken { purpose: Purpose::VerifyEmail, ..token.clone() },
        OneTimeToken { nonce: Nonce::new([9; Nonce::LENGTH]), ..token.clone() },
    ]
}

#[test]
fn a_link_is_good_for_its_own_row_purpose_and_root_secret_alone() {
    let (mac, other_mac) = (mac("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa"), mac("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGb"));
    let row = token(1, Purpose::ResetPassword, None, "ada@example.com");
    let text = row.token(&mac);
    assert_eq!(row.token(&mac).expose(), text.expose());
    let presented = PresentedOneTimeToken::parse(Purpose::ResetPassword, text.expose()).unwrap();
    assert!(presented.is_genuine(&row, &mac) && !presented.is_genuine(&row, &other_mac));
    for other in others(&row) {
        assert!(!presented.is_genuine(&other, &mac), "{other:?}");
    }
    for purpose in Purpose::ALL.into_iter().filter(|purpose| *purpose != row.purpose) {
        assert!(PresentedOneTimeToken::parse(purpose, text.expose()).is_none());
        // Nor under the prefix of another purpose.
        let renamed = OneTimeToken { purpose, ..row.clone() }.token(&mac).expose()[..4].to_owned();
        let renamed = format!("{renamed}{}", &text.expose()[4..]);
        let presented = PresentedOneTimeToken::parse(purpose, &renamed).unwrap();
        assert!(!presented.is_genuine(&OneTimeToken { purpose, ..row.clone() }, &mac));
    }
}

#[test]
fn a_code_is_good_for_its_own_row_purpose_and_root_secret_alone() {
    let (mac, other_mac) = (mac("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa"), mac("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGb"));
    let row = token(1, Purpose::ResetPassword, None, "ada@example.com");
    let text = row.code(&mac);
    let typed = MailedCode::parse(&text.expose().to_lowercase()).unwrap();
    assert!(typed.is_genuine(&row, &mac) && !typed.is_genuine(&row, &other_mac));
    for other in others(&row) {
        assert!(!typed.is_genuine(&other, &mac), "{other:?}");
    }
    let codes: HashSet<_> = (0..200)
        .map(|number| token(number, Purpose::SignIn, None, "ada@example.com").code(&mac).expose().to_owned())
        .collect();
    assert_eq!(codes.len(), 200);
    // The code does not give the link away.
    assert!(!row.token(&mac).expose().contains(&text.expose().replace('-', "")));
}
