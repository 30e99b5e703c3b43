//! [`domain::mail::OutboxRepository`].

use std::collections::HashSet;
use std::sync::Arc;

use domain::mail::{
    Letter, MailId, MailState, NewMail, OutboxFilter, OutboxQuery, OutboxRepository, OutboxStatus, QueuedMail,
};
use domain::one_time_tokens::{OneTimeTokenId, Purpose};
use domain::users::Locale;
use futures_util::future::join_all;
use tests::{TestDatabase, on_each_database_and_pgbouncer, port};
use uuid::Uuid;

use crate::fixtures::{at, email};

on_each_database_and_pgbouncer!(
    every_field_is_kept,
    what_is_due_is_leased_the_longest_due_first_and_is_due_again_when_the_lease_ends,
    many_who_lease_at_once_get_each_mail_once,
    a_row_that_cannot_be_read_is_given_up_and_stops_no_others,
    what_was_sent_holds_no_token_and_changes_no_more,
    what_was_given_up_can_be_sent_again,
    lists_are_in_pages_and_by_state,
    the_mails_to_an_address_are_listed_in_whatever_case_it_was_written,
    what_was_sent_is_not_deleted_by_hand,
    the_status_tells_how_many_wait_and_since_when,
    what_was_settled_is_deleted_the_oldest_first_and_nothing_else,
);

const ALL: OutboxQuery = OutboxQuery { filter: OutboxFilter::All, before: None, offset: 0, limit: 9 };

fn outbox(db: &TestDatabase) -> Arc<dyn OutboxRepository> {
    port!(db, dyn OutboxRepository)
}

fn id(number: u128) -> MailId {
    MailId::new(Uuid::from_u128(number))
}

/// A mail of that second.
fn mail(number: u8) -> QueuedMail {
    let token_id = Some(OneTimeTokenId::new(Uuid::from_u128(number.into())));
    let letter = Letter::Token(Purpose::ResetPassword);
    let new = NewMail { to: email("Ada.L@example.com"), locale: Locale::default(), letter, token_id };
    QueuedMail::queue(id(number.into()), new, at(number.into()))
}

fn settled(number: u8, state: MailState) -> QueuedMail {
    QueuedMail { attempts: 3, last_error: Some("451 later".to_owned()), state, ..mail(number) }
}

async fn insert(db: &TestDatabase, mails: &[QueuedMail]) {
    for mail in mails {
        outbox(db).insert(mail).await.unwrap();
    }
}

fn numbers(mails: &[QueuedMail]) -> Vec<u128> {
    mails.iter().map(|mail| mail.id.as_uuid().as_u128()).collect()
}

async fn every_field_is_kept(db: TestDatabase) {
    let device = Some("Firefox on Linux".to_owned());
    let letters = [
        Letter::Token(Purpose::VerifyEmail),
        Letter::Token(Purpose::Invitation),
        Letter::EmailChanged,
        Letter::AlreadyRegistered,
        Letter::PasswordChanged,
        Letter::NewDevice { device, address: Some("2001:db8::1".parse().unwrap()) },
        Letter::NewDevice { device: None, address: None },
        Letter::RecoveryCodeUsed { left: 9 },
        Letter::IdentityLinked { provider: Some("Google".to_owned()) },
        Letter::IdentityUnlinked { provider: Some("Google".to_owned()) },
        Letter::IdentityUnlinked { provider: None },
        Letter::AccountDisabled,
        Letter::AccountDeleted,
        Letter::Test,
    ];
    for (number, letter) in (1..).zip(letters) {
        let state = [MailState::Pending { due_at: at(4) }, MailState::Dead { at: at(5) }][usize::from(number % 2)];
        let locale = Locale::parse("de-AT").unwrap();
        let stored = QueuedMail { letter, locale, ..settled(number, state) };
        insert(&db, std::slice::from_ref(&stored)).await;
        assert_eq!(outbox(&db).find(stored.id).await.unwrap(), Some(stored));
    }
    assert_eq!(outbox(&db).find(id(99)).await.unwrap(), None);
}

async fn what_is_due_is_leased_the_longest_due_first_and_is_due_again_when_the_lease_ends(db: TestDatabase) {
    insert(&db, &[mail(3), mail(1), mail(2), settled(4, MailState::Dead { at: at(0) }), mail(30)]).await;
    insert(&db, &[settled(5, MailState::Sent { at: at(0) })]).await;
    let outbox = outbox(&db);
    let lease = async |now, until, limit| {
        let mut leased = numbers(&outbox.lease(at(now), at(until), limit).await.unwrap());
        leased.sort_unstable();
        leased
    };
    assert_eq!(lease(10, 20, 2).await, [1, 2]);
    assert_eq!(lease(10, 21, 9).await, [3]);
    assert_eq!(lease(19, 29, 9).await, [] as [u128; 0]);
    assert_eq!(lease(20, 29, 9).await, [1, 2]);
    let leased = outbox.find(id(3)).await.unwrap().unwrap();
    assert_eq!(leased, QueuedMail { state: MailState::Pending { due_at: at(21) }, ..mail(3) });
}

async fn many_who_lease_at_once_get_each_mail_once(db: TestDatabase) {
    for number in 1..=60 {
        insert(&db, &[mail(number)]).await;
    }
    let leasing = (0..8).map(|_| {
        let outbox = outbox(&db);
        tokio::spawn(async move {
            let mut leased = Vec::new();
            loop {
                match numbers(&outbox.lease(at(100), at(200), 4).await.unwrap()).as_slice() {
                    [] => return leased,
                    more => leased.extend_from_slice(more),
                }
            }
        })
    });
    let leased: Vec<_> = join_all(leasing).await.into_iter().flat_map(Result::unwrap).collect();
    let unique: HashSet<_> = leased.iter().collect();
    assert_eq!(unique.len(), leased.len(), "a mail went to two");
    // Whoever finds that others hold what is left comes to its end early.
    let left = outbox(&db).lease(at(100), at(200), 100).await.unwrap().len();
    assert_eq!(leased.len() + left, 60);
}

async fn a_row_that_cannot_be_read_is_given_up_and_stops_no_others(db: TestDatabase) {
    insert(&db, &[mail(1), mail(2)]).await;
    db.run_sql("UPDATE outbox SET kind = 'greeting' WHERE id = (SELECT id FROM outbox ORDER BY id LIMIT 1)").await;
    let outbox = outbox(&db);
    assert_eq!(numbers(&outbox.lease(at(10), at(20), 10).await.unwrap()), [2]);
    assert_eq!(numbers(&outbox.lease(at(20), at(30), 10).await.unwrap()), [2]);
    assert_eq!(outbox.status().await.unwrap().dead, 1);
}

async fn what_was_sent_holds_no_token_and_changes_no_more(db: TestDatabase) {
    let letter = Letter::NewDevice { device: Some("curl 8".to_owned()), address: Some("192.0.2.1".parse().unwrap()) };
    insert(&db, &[QueuedMail { letter, ..mail(1) }]).await;
    let outbox = outbox(&db);
    let sent =
        QueuedMail { state: MailState::Sent { at: at(9) }, attempts: 1, ..outbox.find(id(1)).await.unwrap().unwrap() };
    assert!(outbox.settle(&sent).await.unwrap());
    assert!(!outbox.settle(&mail(1)).await.unwrap());
    let letter = Letter::NewDevice { device: None, address: None };
    assert_eq!(outbox.find(id(1)).await.unwrap(), Some(QueuedMail { letter, token_id: None, ..sent }));
    assert!(!outbox.settle(&mail(2)).await.unwrap());
}

async fn what_was_given_up_can_be_sent_again(db: TestDatabase) {
    insert(&db, &[mail(1)]).await;
    let outbox = outbox(&db);
    let dead = settled(1, MailState::Dead { at: at(9) });
    assert!(outbox.settle(&dead).await.unwrap());
    assert_eq!(outbox.find(id(1)).await.unwrap(), Some(dead));
    assert!(outbox.settle(&mail(1)).await.unwrap());
    assert_eq!(numbers(&outbox.lease(at(10), at(20), 10).await.unwrap()), [1]);
}

async fn lists_are_in_pages_and_by_state(db: TestDatabase) {
    let sent = settled(2, MailState::Sent { at: at(9) });
    insert(&db, &[mail(1), QueuedMail { token_id: None, ..sent }, settled(3, MailState::Dead { at: at(9) }), mail(4)])
        .await;
    let outbox = outbox(&db);
    let list = async |filter, before, limit| {
        let query = OutboxQuery { filter, before, offset: 0, limit };
        numbers(&outbox.list(&query).await.unwrap())
    };
    assert_eq!(list(OutboxFilter::All, None, 3).await, [4, 3, 2]);
    assert_eq!(list(OutboxFilter::All, Some(id(2)), 3).await, [1]);
    assert_eq!(list(OutboxFilter::Pending, None, 9).await, [4, 1]);
    assert_eq!(list(OutboxFilter::Sent, None, 9).await, [2]);
    assert_eq!(list(OutboxFilter::Dead, None, 9).await, [3]);
    let passed_over = OutboxQuery { offset: 1, limit: 2, ..ALL };
    assert_eq!(numbers(&outbox.list(&passed_over).await.unwrap()), [3, 2]);
    for (filter, count) in
        [(OutboxFilter::All, 4), (OutboxFilter::Pending, 2), (OutboxFilter::Sent, 1), (OutboxFilter::Dead, 1)]
    {
        assert_eq!(outbox.count(filter).await.unwrap(), count, "{filter:?}");
    }
}

async fn the_mails_to_an_address_are_listed_in_whatever_case_it_was_written(db: TestDatabase) {
    let to = |address: &str, mail: QueuedMail| QueuedMail { to: email(address), ..mail };
    let (sent, dead) = (settled(3, MailState::Sent { at: at(9) }), settled(4, MailState::Dead { at: at(9) }));
    insert(&db, &[mail(2), mail(1), to("ADA.L@EXAMPLE.COM", sent), to("ada.l@example.com", dead)]).await;
    insert(&db, &[to("ada@example.com", mail(5)), to("ada.l@example.org", mail(6))]).await;
    let ada = email("aDa.l@example.com");
    for (limit, expected) in [(9, &[4, 3, 2, 1][..]), (3, &[4, 3, 2]), (0, &[])] {
        assert_eq!(numbers(&outbox(&db).list_to(&ada, limit).await.unwrap()), expected);
    }
    // What becomes of a mail leaves it where it is.
    assert!(outbox(&db).settle(&settled(1, MailState::Sent { at: at(9) })).await.unwrap());
    assert_eq!(outbox(&db).list_to(&ada, 9).await.unwrap().len(), 4);
    assert_eq!(outbox(&db).list_to(&email("eve@example.com"), 9).await.unwrap(), []);
}

async fn what_was_sent_is_not_deleted_by_hand(db: TestDatabase) {
    insert(&db, &[mail(1), settled(2, MailState::Sent { at: at(9) }), settled(3, MailState::Dead { at: at(9) })]).await;
    for (number, expected) in [(1, true), (2, false), (3, true), (9, false)] {
        assert_eq!(outbox(&db).delete_unsent(id(number)).await.unwrap(), expected, "{number}");
    }
}

async fn the_status_tells_how_many_wait_and_since_when(db: TestDatabase) {
    assert_eq!(outbox(&db).status().await.unwrap(), OutboxStatus::default());
    insert(
        &db,
        &[mail(7), mail(5), settled(1, MailState::Sent { at: at(9) }), settled(3, MailState::Dead { at: at(9) })],
    )
    .await;
    let expected = OutboxStatus { pending: 2, dead: 1, oldest_pending: Some(at(5)) };
    assert_eq!(outbox(&db).status().await.unwrap(), expected);
}

async fn what_was_settled_is_deleted_the_oldest_first_and_nothing_else(db: TestDatabase) {
    let (sent, dead) = (|at| MailState::Sent { at }, |at| MailState::Dead { at });
    insert(
        &db,
        &[settled(1, sent(at(10))), settled(2, sent(at(11))), settled(3, dead(at(12))), settled(4, dead(at(13)))],
    )
    .await;
    insert(&db, &[mail(5)]).await;
    let outbox = outbox(&db);
    assert_eq!(outbox.count_settled(at(12)).await.unwrap(), 3);
    assert_eq!(outbox.delete_settled(at(12), 1).await.unwrap(), 1);
    assert_eq!(numbers(&outbox.list(&ALL).await.unwrap()), [5, 4, 3, 2]);
    assert_eq!(outbox.delete_settled(at(12), 9).await.unwrap(), 2);
    assert_eq!(numbers(&outbox.list(&ALL).await.unwrap()), [5, 4]);
}
