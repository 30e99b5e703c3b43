//! Entities to store, and ways to see that one task waits for another.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta};
use domain::keys::{Algorithm, KeyId, KeyState, SealedKey, SigningKey};
use domain::passwords::PasswordHash;
use domain::sessions::{
    Device, Generation, Method, Methods, NewRefreshToken, RefreshPolicy, RefreshToken, Revoked, RevokedTokens,
    SessionId,
};
use domain::users::{Birthday, Email, Epoch, FullName, Locale, Profile, Role, User, UserId, Username};
use domain::{Nonce, Timestamp};
use tests::TestDatabase;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A moment with all of its microseconds in use.
pub(crate) fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_800_000_000 + seconds, 123_457_000).unwrap()
}

pub(crate) fn user_id(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

pub(crate) fn session_id(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(number))
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn username(text: &str) -> Username {
    Username::parse(text).unwrap()
}

pub(crate) fn hash(text: &str) -> PasswordHash {
    PasswordHash::parse(text).unwrap()
}

/// A user with no more than a user needs.
pub(crate) fn user(number: u128) -> User {
    User {
        id: user_id(number),
        email: email(&format!("user{number}@example.com")),
        profile: Profile::default(),
        role: Role::User,
        is_active: true,
        email_verified: false,
        epoch: Epoch::default(),
        created_at: at(0),
        updated_at: at(0),
        last_login: None,
    }
}

pub(crate) fn admin(number: u128) -> User {
    User { role: Role::Admin, ..user(number) }
}

pub(crate) fn named(number: u128, full_name: &str) -> User {
    let full_name = Some(FullName::parse(full_name).unwrap());
    User { profile: Profile { full_name, ..Profile::default() }, ..user(number) }
}

/// The user under this username.
pub(crate) fn called(text: &str, user: User) -> User {
    User { profile: Profile { username: Some(username(text)), ..user.profile }, ..user }
}

/// A user with every option set, and every value an unusual one.
pub(crate) fn full_user(number: u128) -> User {
    User {
        email: email(&format!("Mixed.CASE+{number}@Bücher.Example")),
        profile: Profile {
            username: Some(username(&format!("a_b-{number}"))),
            full_name: Some(FullName::parse("Zoë O'Brien-Šimić 山田太郎 👩‍🚀 \\ % \"x\" e\u{301}").unwrap()),
            birthday: Some(Birthday::new(NaiveDate::from_ymd_opt(1900, 1, 1).unwrap()).unwrap()),
            locale: Some(Locale::parse("es-419").unwrap()),
        },
        role: Role::Admin,
        is_active: false,
        email_verified: true,
        epoch: Epoch::LAST,
        created_at: at(1),
        updated_at: at(2),
        last_login: Some(at(-1)),
        ..user(number)
    }
}

pub(crate) fn session(number: u128, user_id: UserId) -> RefreshToken {
    let new = NewRefreshToken {
        id: session_id(number),
        user_id,
        nonce: Nonce::new([number.to_le_bytes()[0]; Nonce::LENGTH]),
        methods: Methods::only(Method::Password),
        device: Device::default(),
    };
    RefreshToken::start(new, at(0), &RefreshPolicy::default())
}

/// The session after one more rotation, a minute later.
pub(crate) fn rotated(session: &RefreshToken) -> RefreshToken {
    let minute = TimeDelta::minutes(1);
    RefreshToken {
        generation: Generation::next(session.generation),
        rotated_at: session.rotated_at + minute,
        last_used_at: session.last_used_at + minute,
        idle_expires_at: session.idle_expires_at + minute,
        ..session.clone()
    }
}

/// The revocation of a session, to be known until then.
pub(crate) fn revoked_session(number: u128, until: i64) -> Revoked {
    Revoked { tokens: RevokedTokens::OfSession(session_id(number)), until: at(until) }
}

pub(crate) fn key_id(number: u128) -> KeyId {
    KeyId::new(Uuid::from_u128(number))
}

/// The greater the number, the younger the key.
pub(crate) fn key(number: u8, state: KeyState) -> SigningKey {
    SigningKey {
        id: key_id(number.into()),
        algorithm: Algorithm::EdDsa,
        sealed: SealedKey::new(vec![number; 100]),
        created_at: at(number.into()),
        state,
    }
}

impl Stored for TestDatabase {
    async fn insert_users(&self, users: &[User]) {
        for user in users {
            self.users.insert(user).await.unwrap();
        }
    }

    async fn insert_sessions(&self, sessions: &[RefreshToken]) {
        for session in sessions {
            self.refresh_tokens.insert(session).await.unwrap();
        }
    }

    async fn user(&self, id: UserId) -> User {
        self.users.find_by_id(id).await.unwrap().expect("the user is there")
    }

    async fn session(&self, id: SessionId) -> RefreshToken {
        self.refresh_tokens.find_with_user(id).await.unwrap().expect("the session is there").0
    }
}

/// Short ways to what most tests begin and end with.
pub(crate) trait Stored {
    async fn insert_users(&self, users: &[User]);
    async fn insert_sessions(&self, sessions: &[RefreshToken]);
    async fn user(&self, id: UserId) -> User;
    async fn session(&self, id: SessionId) -> RefreshToken;
}

/// Emails are equal in whatever case; what is stored must be the same text.
#[track_caller]
pub(crate) fn assert_same_user(found: &User, expected: &User) {
    assert_eq!(found, expected);
    assert_eq!(found.email.as_str(), expected.email.as_str());
}

/// Fails when the task ends within a time in which it would have ended if nothing held it.
pub(crate) async fn assert_waits<T>(task: &JoinHandle<T>) {
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(!task.is_finished(), "it should wait until the other unit of work ends");
}
