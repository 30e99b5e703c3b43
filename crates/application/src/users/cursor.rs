//! Cursors of the list of users: opaque to clients, bound to their order, and authenticated, so that what comes back
//! was made here. base64url of MAC ‖ payload, where the payload is `order|id|key`.

use chrono::{DateTime, SecondsFormat};
use data_encoding::BASE64URL_NOPAD;
use domain::ports::{Mac, MacPurpose, MacTag};
use domain::{Direction, SortKey, Timestamp, User, UserId, UserPosition, UserSort, UserSortField, ValidationError};
use uuid::Uuid;

use crate::ApplicationError;

/// More than any cursor made here has.
const MAX_LENGTH: usize = 1024;

/// The cursor of the page behind `last`.
pub(super) fn encode(last: &User, sort: UserSort, mac: &dyn Mac) -> String {
    let key = match sort.field {
        UserSortField::CreatedAt => time(last.created_at),
        UserSortField::Email => last.email.key().to_owned(),
        UserSortField::LastLogin => last.last_login.map(time).unwrap_or_default(),
    };
    let payload = format!("{}|{}|{key}", order(sort), last.id);
    let mut bytes = mac.sign(MacPurpose::Cursor, payload.as_bytes()).as_bytes().to_vec();
    bytes.extend_from_slice(payload.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

/// Where the page starts that `cursor` stands for.
pub(super) fn decode(cursor: &str, sort: UserSort, mac: &dyn Mac) -> Result<UserPosition, ApplicationError> {
    read(cursor, sort, mac).ok_or_else(|| {
        let message = "A cursor is the next_cursor of the page before, in the same order.";
        ApplicationError::InvalidCursor(ValidationError::new("invalid_cursor", message))
    })
}

fn read(cursor: &str, sort: UserSort, mac: &dyn Mac) -> Option<UserPosition> {
    if cursor.len() > MAX_LENGTH {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let (tag, payload) = bytes.split_first_chunk::<{ MacTag::LENGTH }>()?;
    if !mac.verify(MacPurpose::Cursor, payload, &MacTag::new(*tag)) {
        return None;
    }
    let mut parts = std::str::from_utf8(payload).ok()?.splitn(3, '|');
    let (made_for, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    if made_for != order(sort) {
        return None;
    }
    let key = match sort.field {
        UserSortField::CreatedAt => SortKey::CreatedAt(read_time(key)?),
        UserSortField::Email => SortKey::Email(key.to_owned()),
        UserSortField::LastLogin if key.is_empty() => SortKey::LastLogin(None),
        UserSortField::LastLogin => SortKey::LastLogin(Some(read_time(key)?)),
    };
    Some(UserPosition { key, id: UserId::new(Uuid::try_parse(id).ok()?) })
}

fn order(sort: UserSort) -> &'static str {
    match (sort.field, sort.direction) {
        (UserSortField::CreatedAt, Direction::Ascending) => "created_at",
        (UserSortField::CreatedAt, Direction::Descending) => "-created_at",
        (UserSortField::Email, Direction::Ascending) => "email",
        (UserSortField::Email, Direction::Descending) => "-email",
        (UserSortField::LastLogin, Direction::Ascending) => "last_login",
        (UserSortField::LastLogin, Direction::Descending) => "-last_login",
    }
}

fn time(time: Timestamp) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn read_time(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeMac, a_user, now};

    const FIELDS: [UserSortField; 3] = [UserSortField::CreatedAt, UserSortField::Email, UserSortField::LastLogin];

    fn ascending(field: UserSortField) -> UserSort {
        UserSort { field, direction: Direction::Ascending }
    }

    #[test]
    fn a_cursor_reads_back() {
        for last_login in [None, Some(now())] {
            let user = User { last_login, ..a_user() };
            let expected = [
                SortKey::CreatedAt(user.created_at),
                SortKey::Email(user.email.key().to_owned()),
                SortKey::LastLogin(last_login),
            ];
            for (field, key) in FIELDS.into_iter().zip(expected) {
                let cursor = encode(&user, ascending(field), &FakeMac);
                let position = decode(&cursor, ascending(field), &FakeMac).unwrap();
                assert_eq!(position, UserPosition { key, id: user.id });
            }
        }
    }

    #[test]
    fn a_cursor_is_refused_in_another_order_or_when_tampered_with() {
        let sort = ascending(UserSortField::Email);
        let cursor = encode(&a_user(), sort, &FakeMac);
        assert!(decode(&cursor, ascending(UserSortField::CreatedAt), &FakeMac).is_err());
        assert!(decode(&cursor, UserSort { direction: Direction::Descending, ..sort }, &FakeMac).is_err());
        let longest = "A".repeat(MAX_LENGTH + 1);
        for text in ["", "x", "!!!!", &cursor[1..], &format!("{cursor}AAAA"), &longest] {
            assert!(decode(text, sort, &FakeMac).is_err(), "{text:?} was accepted");
        }
    }
}
