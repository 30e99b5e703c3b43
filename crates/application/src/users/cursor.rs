//! Cursors of the list of users.

use domain::users::{
    Direction, Email, Role, SearchText, SortKey, User, UserFilter, UserId, UserPosition, UserSort, UserSortField,
};

use crate::ApplicationError;
use crate::cursor::{self, STORED, read_time, time};

/// The cursor of the page after `last`.
pub(super) fn encode(last: &User, filter: &UserFilter, sort: UserSort) -> String {
    let key = match sort.field {
        UserSortField::CreatedAt => time(last.created_at),
        UserSortField::Email if is_email_key(last.email.key()) => last.email.key().to_owned(),
        UserSortField::Email => STORED.to_owned(),
        UserSortField::LastLogin => last.last_login.map(time).unwrap_or_default(),
    };
    cursor::encode(&list(filter, sort), last.id.as_uuid(), &key)
}

/// Where the page of this `cursor` starts.
pub(super) fn decode(cursor: &str, filter: &UserFilter, sort: UserSort) -> Result<UserPosition, ApplicationError> {
    cursor::decode(cursor, &list(filter, sort), |id, key| {
        let key = match sort.field {
            _ if key == STORED => SortKey::Stored,
            UserSortField::CreatedAt => SortKey::CreatedAt(read_time(key)?),
            UserSortField::Email => SortKey::Email(Some(key).filter(|key| is_email_key(key))?.to_owned()),
            UserSortField::LastLogin if key.is_empty() => SortKey::LastLogin(None),
            UserSortField::LastLogin => SortKey::LastLogin(Some(read_time(key)?)),
        };
        Some(UserPosition { key, id: UserId::new(id) })
    })
}

/// Whether a cursor can have it: any text that a database compares, since a stored one may be no email any more, but
/// not the empty one, as which an email counts that cannot be read.
fn is_email_key(key: &str) -> bool {
    (1..=Email::MAX_BYTES).contains(&key.len()) && !key.contains('\0')
}

/// What a cursor is bound to. `q` comes last, since it may hold anything.
fn list(filter: &UserFilter, sort: UserSort) -> String {
    let role = filter.role.map_or("", Role::as_str);
    let is_active = filter.is_active.map(|is_active| is_active.to_string()).unwrap_or_default();
    let q = filter.q.as_ref().map_or("", SearchText::account_key);
    format!("users|{}|{role}|{is_active}|{q}", order(sort))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{a_user, now};

    const FIELDS: [UserSortField; 3] = [UserSortField::CreatedAt, UserSortField::Email, UserSortField::LastLogin];
    const EVERYBODY: UserFilter = UserFilter { q: None, role: None, is_active: None };

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
                let cursor = encode(&user, &EVERYBODY, ascending(field));
                let position = decode(&cursor, &EVERYBODY, ascending(field)).unwrap();
                assert_eq!(position, UserPosition { key, id: user.id });
            }
        }
    }

    #[test]
    fn a_key_that_somebody_made_up_is_refused() {
        for (field, key) in [
            (UserSortField::CreatedAt, ""),
            (UserSortField::CreatedAt, "ada@example.com"),
            (UserSortField::Email, ""),
            (UserSortField::Email, "ada\0@example.com"),
            (UserSortField::LastLogin, "never"),
        ] {
            let cursor = cursor::encode(&list(&EVERYBODY, ascending(field)), a_user().id.as_uuid(), key);
            assert!(decode(&cursor, &EVERYBODY, ascending(field)).is_err(), "{field:?} {key:?}");
        }
    }

    #[test]
    fn a_cursor_is_refused_in_another_order_or_under_another_filter() {
        let sort = ascending(UserSortField::Email);
        let cursor = encode(&a_user(), &EVERYBODY, sort);
        assert!(decode(&cursor, &EVERYBODY, ascending(UserSortField::CreatedAt)).is_err());
        let descending = UserSort { direction: Direction::Descending, ..sort };
        assert!(decode(&cursor, &EVERYBODY, descending).is_err());
        for filter in [
            UserFilter { q: Some(SearchText::parse("ada").unwrap()), ..EVERYBODY },
            UserFilter { role: Some(Role::User), ..EVERYBODY },
            UserFilter { is_active: Some(true), ..EVERYBODY },
        ] {
            assert!(decode(&cursor, &filter, sort).is_err(), "{filter:?}");
        }
    }
}
