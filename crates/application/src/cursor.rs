//! Cursors: where in a list the next page starts. Opaque to clients, but not authenticated: anyone who writes their own
//! reaches no more than their query does, which has the owner and the filters in it. A cursor is bound to what it was
//! made for, so that one from another list, or from another order or filter, is refused and does not skip items. A
//! cursor is base64url of version ‖ digest of the list ‖ the last item's id ‖ what the list is sorted by.

use chrono::{DateTime, SecondsFormat};
use data_encoding::BASE64URL_NOPAD;
use domain::{Timestamp, ValidationError};
use uuid::Uuid;

use crate::ApplicationError;

/// More than any cursor made here has.
const MAX_LENGTH: usize = 1024;
/// The version of the form. All nodes must write the same.
const VERSION: u8 = 1;

/// The cursor of the page after the item with this id and sort key. `list` tells lists, orders and filters apart.
pub(crate) fn encode(list: &str, id: Uuid, key: &str) -> String {
    BASE64URL_NOPAD.encode(&[&[VERSION], &digest(list)[..], id.as_bytes(), key.as_bytes()].concat())
}

/// Where the page of this `cursor` starts. `position` makes it from the id and the sort key, which may be anything that
/// a client thought up: it has to parse them.
pub(crate) fn decode<P>(
    cursor: &str,
    list: &str,
    position: impl FnOnce(Uuid, &str) -> Option<P>,
) -> Result<P, ApplicationError> {
    read(cursor, list, position).ok_or_else(|| {
        let message = "A cursor must be the next_cursor of the previous page, of the same list in the same order.";
        ApplicationError::InvalidCursor(ValidationError::new("invalid_cursor", message))
    })
}

fn read<P>(cursor: &str, list: &str, position: impl FnOnce(Uuid, &str) -> Option<P>) -> Option<P> {
    if cursor.len() > MAX_LENGTH {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let (id, key) = bytes.strip_prefix(&[VERSION])?.strip_prefix(&digest(list))?.split_first_chunk()?;
    position(Uuid::from_bytes(*id), std::str::from_utf8(key).ok()?)
}

/// FNV-1a of 64 bits: the same on every node and in every release of Rust, which the standard library's is not. By
/// chance, two lists are mistaken for each other once in 2⁶⁴ times; on purpose it would gain nothing.
fn digest(list: &str) -> [u8; 8] {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    list.bytes().fold(0xcbf2_9ce4_8422_2325, mix).to_be_bytes()
}

/// A time as a sort key.
pub(crate) fn time(time: Timestamp) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Reads what [`time`] wrote, and nothing else.
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    let read = DateTime::parse_from_rfc3339(text).ok()?.into();
    (time(read) == text).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;

    const ID: Uuid = Uuid::from_u128(1);

    fn decode(cursor: &str, list: &str) -> Result<(Uuid, String), ApplicationError> {
        super::decode(cursor, list, |id, key| Some((id, key.to_owned())))
    }

    #[test]
    fn a_cursor_reads_back() {
        for key in ["", "a|b", "ada@example.com"] {
            assert_eq!(decode(&encode("users", ID, key), "users").unwrap(), (ID, key.to_owned()));
        }
        assert_eq!(read_time(&time(now())), Some(now()));
    }

    #[test]
    fn all_nodes_write_the_same() {
        // FNV-1a of "foobar" is among its authors' examples.
        assert_eq!(digest("foobar"), 0x8594_4171_f739_67e8_u64.to_be_bytes());
        assert_eq!(encode("foobar", ID, "key"), "AYWUQXH3OWfoAAAAAAAAAAAAAAAAAAAAAWtleQ");
    }

    #[test]
    fn a_cursor_is_refused_for_another_list_or_in_another_form() {
        let cursor = encode("users", ID, "key");
        for list in ["", "user", "users|", "tasks"] {
            assert!(decode(&cursor, list).is_err(), "{list:?} took a cursor for users");
        }
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap();
        let written = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let of_another_version = written(&[&[VERSION + 1], &bytes[1..]].concat());
        let with_a_mac = written(&[&[7; 32], format!("{ID}|key").as_bytes()].concat());
        let not_text = written(&[&bytes[..], &[0xff]].concat());
        let cut_short = written(&bytes[..24]);
        let longest = written(&[&bytes[..], &[b'a'; MAX_LENGTH]].concat());
        let padded = format!("{cursor}==");
        for text in
            ["", "x", "!!!!", &cursor[1..], &of_another_version, &with_a_mac, &not_text, &cut_short, &longest, &padded]
        {
            assert!(decode(text, "users").is_err(), "{text:?} was accepted");
        }
        let nowhere = super::decode(&cursor, "users", |_, _| None::<()>);
        assert!(nowhere.is_err(), "a key that does not fit the list was accepted");
    }

    #[test]
    fn a_time_is_read_in_one_form_alone() {
        for text in [
            "",
            "2027-01-15T08:00:00Z",
            "2027-01-15T08:00:00.000000+00:00",
            "2027-01-15T09:00:00.000000+01:00",
            "9999-12-31T23:59:59.000000-01:00",
            "2027-01-15T08:00:00.0000001Z",
            "2027-01-15 08:00:00.000000Z",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }
}
