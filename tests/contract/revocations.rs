//! [`domain::sessions::RevocationRepository`].

use domain::sessions::Revoked;
use tests::{TestDatabase, on_each_database_and_pgbouncer};

use crate::fixtures::{Stored, at, revoked_session, user, user_id};

on_each_database_and_pgbouncer!(
    what_is_over_is_deleted_and_nothing_else,
    no_more_is_deleted_than_asked,
    many_who_delete_at_once_delete_each_row_once,
    what_was_revoked_outlives_the_user,
);

impl Revocations for TestDatabase {
    async fn revoke(&self, revoked: &[Revoked]) {
        for revoked in revoked {
            self.revocations.insert(revoked).await.unwrap();
        }
    }

    async fn revoked(&self) -> Vec<Revoked> {
        let mut revoked = self.feed().poll(at(-1_000_000)).await.unwrap();
        revoked.sort_by_key(|revoked| revoked.until);
        revoked
    }
}

/// Short ways to store and to see what is stored.
pub(crate) trait Revocations {
    async fn revoke(&self, revoked: &[Revoked]);
    async fn revoked(&self) -> Vec<Revoked>;
}

async fn what_is_over_is_deleted_and_nothing_else(db: TestDatabase) {
    let all = [revoked_session(1, 99), revoked_session(2, 100), revoked_session(3, 101), revoked_session(4, 102)];
    db.revoke(&all).await;
    assert_eq!(db.revocations.count_expired(at(100)).await.unwrap(), 2);
    assert_eq!(db.revocations.delete_expired(at(100), 10).await.unwrap(), 2);
    assert_eq!(db.revocations.count_expired(at(100)).await.unwrap(), 0);
    assert_eq!(db.revoked().await, all[2..]);
    assert_eq!(db.revocations.delete_expired(at(100), 10).await.unwrap(), 0);
}

async fn no_more_is_deleted_than_asked(db: TestDatabase) {
    let all: Vec<_> = (1..=5).map(|number| revoked_session(number, 10)).collect();
    db.revoke(&all).await;
    for (limit, expected) in [(0, 0), (2, 2), (2, 2), (2, 1), (2, 0)] {
        assert_eq!(db.revocations.delete_expired(at(100), limit).await.unwrap(), expected);
    }
}

async fn many_who_delete_at_once_delete_each_row_once(db: TestDatabase) {
    let all: Vec<_> = (1..=50).map(|number| revoked_session(number, 10)).collect();
    db.revoke(&all).await;
    let delete = || {
        let revocations = db.revocations.clone();
        tokio::spawn(async move { revocations.delete_expired(at(100), 20).await.unwrap() })
    };
    let mut deleted = 0;
    for task in [delete(), delete(), delete(), delete()] {
        deleted += task.await.unwrap();
    }
    // Those who meet leave rows to each other.
    while deleted < 50 {
        deleted += db.revocations.delete_expired(at(100), 20).await.unwrap();
    }
    assert_eq!((deleted, db.revoked().await), (50, vec![]));
}

async fn what_was_revoked_outlives_the_user(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.revoke(&[revoked_session(1, 100)]).await;
    assert!(db.users.delete(user_id(1)).await.unwrap());
    assert_eq!(db.revoked().await, [revoked_session(1, 100)]);
}
