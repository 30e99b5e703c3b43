//! Cursors: where in a list the next page starts. Opaque to clients, and authenticated together with what they were
//! made for, so that what comes back was made here, for the same list in the same order under the same filters.
//! base64url of MAC ‖ payload, where the payload is `id|key`: the last item's id, and what the list is sorted by.

use chrono::{DateTime, SecondsFormat};
use data_encoding::BASE64URL_NOPAD;
use domain::ports::{Mac, MacPurpose, MacTag};
use domain::{Timestamp, ValidationError};
use uuid::Uuid;

use crate::ApplicationError;

/// More than any cursor made here has.
const MAX_LENGTH: usize = 1024;

/// The cursor of the page behind the item with this id and sort key. `list` tells lists, orders and filters apart.
pub(crate) fn encode(list: &str, id: Uuid, key: &str, mac: &dyn Mac) -> String {
    let payload = format!("{id}|{key}");
    let mut bytes = mac.sign(MacPurpose::Cursor, &message(list, payload.as_bytes())).as_bytes().to_vec();
    bytes.extend_from_slice(payload.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

/// Where the page starts that `cursor` stands for. `position` makes it of the id and the sort key.
pub(crate) fn decode<P>(
    cursor: &str,
    list: &str,
    mac: &dyn Mac,
    position: impl FnOnce(Uuid, &str) -> Option<P>,
) -> Result<P, ApplicationError> {
    read(cursor, list, mac, position).ok_or_else(|| {
        let message = "A cursor is the next_cursor of the page before, of the same list in the same order.";
        ApplicationError::InvalidCursor(ValidationError::new("invalid_cursor", message))
    })
}

fn read<P>(cursor: &str, list: &str, mac: &dyn Mac, position: impl FnOnce(Uuid, &str) -> Option<P>) -> Option<P> {
    if cursor.len() > MAX_LENGTH {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let (tag, payload) = bytes.split_first_chunk::<{ MacTag::LENGTH }>()?;
    if !mac.verify(MacPurpose::Cursor, &message(list, payload), &MacTag::new(*tag)) {
        return None;
    }
    let (id, key) = std::str::from_utf8(payload).ok()?.split_once('|')?;
    position(Uuid::try_parse(id).ok()?, key)
}

/// Takes off the one item that was asked for beyond `limit`, which tells that there is a next page. Answers the last item
/// that is left then, behind which that page starts.
pub(crate) fn cut<T>(items: &mut Vec<T>, limit: u64) -> Option<&T> {
    if u64::try_from(items.len()).is_ok_and(|length| length <= limit) {
        return None;
    }
    items.pop();
    items.last()
}

/// What is authenticated. The length in front keeps the two apart, whatever they hold.
fn message(list: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("{}|{list}|", list.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

/// A time as a sort key.
pub(crate) fn time(time: Timestamp) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Reads what [`time`] wrote.
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeMac, now};

    const ID: Uuid = Uuid::from_u128(1);

    fn decode(cursor: &str, list: &str) -> Result<(Uuid, String), ApplicationError> {
        super::decode(cursor, list, &FakeMac, |id, key| Some((id, key.to_owned())))
    }

    #[test]
    fn a_cursor_reads_back() {
        for key in ["", "a|b", "ada@example.com"] {
            assert_eq!(decode(&encode("users", ID, key, &FakeMac), "users").unwrap(), (ID, key.to_owned()));
        }
        assert_eq!(read_time(&time(now())), Some(now()));
    }

    #[test]
    fn a_cursor_is_refused_for_another_list_or_when_tampered_with() {
        let cursor = encode("users", ID, "key", &FakeMac);
        for list in ["", "user", "users|", "tasks"] {
            assert!(decode(&cursor, list).is_err(), "{list:?} took a cursor for users");
        }
        let longest = "A".repeat(MAX_LENGTH + 1);
        for text in ["", "x", "!!!!", &cursor[1..], &format!("{cursor}AAAA"), &longest] {
            assert!(decode(text, "users").is_err(), "{text:?} was accepted");
        }
        let nowhere = super::decode(&cursor, "users", &FakeMac, |_, _| None::<()>);
        assert!(nowhere.is_err(), "a key that does not fit the list was accepted");
    }
}
