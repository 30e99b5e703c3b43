//! [`domain::events::EventRepository`], and that events are written with their unit of work.

use domain::events::{By, Event, EventId, RecordedEvent, What};
use domain::keys::KeyId;
use domain::sessions::RevocationReason;
use domain::users::Role;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::{Value, json};
use tests::{TestDatabase, connect, on_each_database_and_pgbouncer};
use uuid::Uuid;

use crate::fixtures::{Stored, at, session, session_id, user, user_id};

on_each_database_and_pgbouncer!(
    every_field_is_kept,
    an_event_is_there_with_the_other_writes_of_its_unit_and_not_without,
    what_an_event_is_about_may_go,
    what_happened_to_a_user_is_listed_the_newest_first,
    what_is_old_is_deleted_and_nothing_else,
    the_oldest_go_first_and_no_more_than_asked,
    many_who_delete_at_once_delete_each_row_once,
);

impl Events for TestDatabase {
    async fn record(&self, events: &[Event]) {
        let unit = self.units.begin().await.unwrap();
        for event in events {
            unit.record(event).await.unwrap();
        }
        unit.commit().await.unwrap();
    }

    async fn rows(&self) -> Vec<Row> {
        let connection = connect(&self.url).await;
        let sql = "SELECT id, at, kind, subject, actor_kind, actor_id, actor_session, session, address, \
                   CAST(details AS text) AS details FROM events ORDER BY at";
        let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
        let rows = rows.unwrap().iter().map(Row::read).collect();
        connection.close().await.unwrap();
        rows
    }
}

/// Short ways to store and to see what is stored.
trait Events {
    async fn record(&self, events: &[Event]);
    async fn rows(&self) -> Vec<Row>;
}

/// A row as somebody at a database prompt sees it.
#[derive(Debug, PartialEq)]
struct Row {
    id: Uuid,
    at: domain::Timestamp,
    kind: String,
    subject: Option<Uuid>,
    actor: (String, Option<String>, Option<Uuid>),
    session: Option<Uuid>,
    address: Option<String>,
    details: Value,
}

impl Row {
    fn read(row: &QueryResult) -> Self {
        let text = |column: &str| row.try_get::<Option<String>>("", column).unwrap();
        let id = |column: &str| row.try_get::<Option<Uuid>>("", column).unwrap();
        Self {
            id: id("id").unwrap(),
            at: row.try_get("", "at").unwrap(),
            kind: text("kind").unwrap(),
            subject: id("subject"),
            actor: (text("actor_kind").unwrap(), text("actor_id"), id("actor_session")),
            session: id("session"),
            address: text("address"),
            details: serde_json::from_str(&text("details").unwrap()).unwrap(),
        }
    }
}

/// An event of that second.
fn event(second: u8, by: By, address: Option<&str>, what: What) -> Event {
    let id = EventId::new(Uuid::from_u128(second.into()));
    by.did(what).from_address(address.map(|text| text.parse().unwrap())).at(id, at(second.into()))
}

fn failed(second: u8) -> Event {
    event(second, By::Anyone, None, What::LoginFailed { user: None })
}

fn is_of(rows: &[Row], seconds: &[u8]) -> bool {
    rows.iter().map(|row| row.id.as_u128()).eq(seconds.iter().map(|second| u128::from(*second)))
}

async fn every_field_is_kept(db: TestDatabase) {
    let (user, session) = (user_id(1), session_id(2));
    let key = |number| KeyId::new(Uuid::from_u128(number));
    let by_user = By::User { user: user_id(3), session: session_id(4) };
    let update = |ends| What::UserUpdated { user, role: Role::Admin, is_active: false, ends };
    let disabled = Some(RevocationReason::Disabled);
    let ended = |session| What::SessionsEnded { user, session, reason: RevocationReason::Client };
    let client = By::Client { id: "shop.example-1_x".to_owned() };
    let about_user = Some(user.as_uuid());
    let cases = [
        (By::Anyone, Some("2001:db8::7"), What::LoginFailed { user: None }, None, None, json!({})),
        (By::Anyone, Some("192.0.2.1"), What::LoginRefusedDisabled { user }, about_user, None, json!({})),
        (
            By::User { user, session },
            None,
            What::LoginSucceeded { user, session },
            about_user,
            Some(session),
            json!({}),
        ),
        (client, None, ended(Some(session)), about_user, Some(session), json!({"reason": "client"})),
        (by_user.clone(), None, ended(None), about_user, None, json!({"reason": "client"})),
        (by_user.clone(), None, update(None), about_user, None, json!({"role": "admin", "is_active": "false"})),
        (
            by_user,
            None,
            update(disabled),
            about_user,
            None,
            json!({"role": "admin", "is_active": "false", "sessions_ended": "disabled"}),
        ),
        (By::Operator, None, What::UserCreated { user, role: Role::User }, about_user, None, json!({"role": "user"})),
        (
            By::Node,
            None,
            What::KeysRotated { active: key(8), retired: key(9) },
            Some(Uuid::from_u128(8)),
            None,
            json!({"retired": Uuid::from_u128(9)}),
        ),
    ];
    let (mut events, mut expected) = (Vec::new(), Vec::new());
    for (second, (by, address, what, subject, session, details)) in (1..).zip(cases) {
        let (id, actor_session) = match &by {
            By::User { user, session } => (Some(user.to_string()), Some(session.as_uuid())),
            By::Client { id } => (Some(id.clone()), None),
            _ => (None, None),
        };
        let event = event(second, by, address, what);
        expected.push(Row {
            id: event.id.as_uuid(),
            at: event.at,
            kind: what.kind().to_owned(),
            subject,
            actor: (event.by.kind().to_owned(), id, actor_session),
            session: session.map(|session| session.as_uuid()),
            address: address.map(ToOwned::to_owned),
            details,
        });
        events.push(event);
    }
    db.record(&events).await;
    assert_eq!(db.rows().await, expected);
}

async fn an_event_is_there_with_the_other_writes_of_its_unit_and_not_without(db: TestDatabase) {
    let unit = db.units.begin().await.unwrap();
    unit.users().insert(&user(1)).await.unwrap();
    unit.record(&failed(1)).await.unwrap();
    assert!(is_of(&db.rows().await, &[]), "nobody sees it before the commit");
    unit.commit().await.unwrap();
    assert!(is_of(&db.rows().await, &[1]));

    let dropped = db.units.begin().await.unwrap();
    dropped.record(&failed(2)).await.unwrap();
    drop(dropped);
    let refused = db.units.begin().await.unwrap();
    refused.record(&failed(3)).await.unwrap();
    assert!(refused.users().insert(&user(1)).await.is_err());
    assert!(refused.commit().await.is_err());
    let with_a_refused_event = db.units.begin().await.unwrap();
    with_a_refused_event.users().insert(&user(2)).await.unwrap();
    assert!(with_a_refused_event.record(&failed(1)).await.is_err(), "its id is taken");
    assert!(with_a_refused_event.commit().await.is_err());
    assert!(is_of(&db.rows().await, &[1]));
    assert_eq!(db.users.find_by_id(user_id(2)).await.unwrap(), None);
}

async fn what_an_event_is_about_may_go(db: TestDatabase) {
    db.insert_users(&[user(1)]).await;
    db.insert_sessions(&[session(11, user_id(1))]).await;
    let (user, session) = (user_id(1), session_id(11));
    db.record(&[event(1, By::User { user, session }, None, What::LoginSucceeded { user, session })]).await;
    assert!(db.users.delete(user).await.unwrap());
    assert!(is_of(&db.rows().await, &[1]));
}

async fn what_happened_to_a_user_is_listed_the_newest_first(db: TestDatabase) {
    let (ada, eve, session) = (user_id(1), user_id(2), session_id(3));
    let ended = What::SessionsEnded { user: ada, session: Some(session), reason: RevocationReason::Logout };
    let address = "2001:db8::7";
    db.record(&[
        event(2, By::User { user: ada, session }, Some(address), ended),
        event(1, By::Operator, None, What::UserCreated { user: ada, role: Role::Admin }),
        event(3, By::User { user: ada, session }, None, What::UserCreated { user: eve, role: Role::User }),
        failed(4),
    ])
    .await;
    let by_operator = RecordedEvent {
        at: at(1),
        kind: What::UserCreated { user: ada, role: Role::Admin }.kind().to_owned(),
        by: By::Operator.kind().to_owned(),
        user: None,
        address: None,
        session: None,
        details: vec![("role".to_owned(), "admin".to_owned())],
    };
    let by_ada = RecordedEvent {
        at: at(2),
        kind: ended.kind().to_owned(),
        by: By::User { user: ada, session }.kind().to_owned(),
        user: Some(ada),
        address: Some(address.parse().unwrap()),
        session: Some(session),
        details: vec![("reason".to_owned(), "logout".to_owned())],
    };
    // Neither of them is there.
    assert_eq!(db.events.list_about(ada, 9).await.unwrap(), [by_ada.clone(), by_operator]);
    assert_eq!(db.events.list_about(ada, 1).await.unwrap(), [by_ada]);
    assert_eq!(db.events.list_about(eve, 9).await.unwrap().len(), 1);
    assert_eq!(db.events.list_about(user_id(9), 9).await.unwrap(), []);
}

async fn what_is_old_is_deleted_and_nothing_else(db: TestDatabase) {
    db.record(&[failed(9), failed(10), failed(11)]).await;
    assert_eq!(db.events.count_older(at(10)).await.unwrap(), 2);
    assert_eq!(db.rows().await.len(), 3, "counting changes nothing");
    assert_eq!(db.events.delete_older(at(10), 5).await.unwrap(), 2);
    assert_eq!((db.events.count_older(at(10)).await.unwrap(), db.events.count_older(at(11)).await.unwrap()), (0, 1));
    assert!(is_of(&db.rows().await, &[11]));
}

async fn the_oldest_go_first_and_no_more_than_asked(db: TestDatabase) {
    db.record(&[failed(3), failed(5), failed(1), failed(4), failed(2)]).await;
    for (limit, left) in [(0, &[1, 2, 3, 4, 5][..]), (2, &[3, 4, 5]), (2, &[5]), (2, &[])] {
        let before = db.rows().await.len();
        assert_eq!(db.events.delete_older(at(100), limit).await.unwrap(), (before - left.len()) as u64);
        assert!(is_of(&db.rows().await, left));
    }
}

async fn many_who_delete_at_once_delete_each_row_once(db: TestDatabase) {
    db.record(&(1..=50).map(failed).collect::<Vec<_>>()).await;
    let delete = || {
        let events = db.events.clone();
        tokio::spawn(async move { events.delete_older(at(100), 20).await.unwrap() })
    };
    let mut deleted = 0;
    for task in [delete(), delete(), delete(), delete()] {
        deleted += task.await.unwrap();
    }
    // Those who meet leave rows to each other.
    while deleted < 50 {
        deleted += db.events.delete_older(at(100), 20).await.unwrap();
    }
    assert_eq!((deleted, db.rows().await), (50, vec![]));
}
