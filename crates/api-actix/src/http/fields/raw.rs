//! Fields as they came, before anybody asked for them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use zeroize::Zeroizing;

use super::MAX_FAULTS;

/// The members of an object, a form or a query. Unlike `serde_json::Map`, it notices a name that comes twice, which two
/// readers of one body could read differently (ASVS 1.5.3).
#[derive(Default)]
pub(crate) struct RawFields {
    pub(super) values: BTreeMap<String, RawValue>,
    /// At most [`MAX_FAULTS`] names.
    pub(super) duplicates: Vec<String>,
}

/// One value. `serde_json::Value` would take an object with a member `$serde_json::private::RawValue` for the JSON in
/// the member's text, because a crate with which we share `serde_json` turns that on.
pub(crate) enum RawValue {
    Null,
    Bool(bool),
    Number(Number),
    /// It may be a password, hence it is wiped.
    Text(Zeroizing<String>),
    /// A text of a form or a query, where all values are texts.
    Untyped(Zeroizing<String>),
    /// Its items are dropped: no field is a list.
    List,
    Object(RawFields),
}

impl RawFields {
    fn insert(&mut self, name: String, value: RawValue) {
        match self.values.entry(name) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(place) => {
                if !self.duplicates.contains(place.key()) && self.duplicates.len() < MAX_FAULTS {
                    self.duplicates.push(place.key().clone());
                }
            }
        }
    }

    /// Reads `application/x-www-form-urlencoded`: a form.
    pub(crate) fn from_urlencoded(bytes: &[u8]) -> Self {
        Self::of_texts(form_urlencoded::parse(bytes))
    }

    /// Reads a query, in which an empty parameter is as if absent: forms of web pages send all of their fields.
    pub(crate) fn from_query(bytes: &[u8]) -> Self {
        Self::of_texts(form_urlencoded::parse(bytes).filter(|(_, value)| !value.is_empty()))
    }

    fn of_texts<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Self {
        let mut fields = Self::default();
        for (name, value) in pairs {
            fields.insert(name.into_owned(), RawValue::Untyped(Zeroizing::new(value.into_owned())));
        }
        fields
    }
}

impl<'de> Deserialize<'de> for RawFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = RawFields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<RawFields, A::Error> {
        let mut fields = RawFields::default();
        while let Some((name, value)) = object.next_entry()? {
            fields.insert(name, value);
        }
        Ok(fields)
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_bool<E: Error>(self, bool: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(bool))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<RawValue, E> {
        Ok(RawValue::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<RawValue, E> {
        Ok(RawValue::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<RawValue, E> {
        // JSON has no number that is not finite.
        Ok(Number::from_f64(number).map_or(RawValue::Null, RawValue::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawValue, A::Error> {
        while list.next_element::<RawValue>()?.is_some() {}
        Ok(RawValue::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<RawValue, A::Error> {
        Object.visit_map(object).map(RawValue::Object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, from_str, json};

    use super::*;

    fn value(raw: RawValue) -> Value {
        match raw {
            RawValue::Null => Value::Null,
            RawValue::Bool(bool) => bool.into(),
            RawValue::Number(number) => number.into(),
            RawValue::Text(text) | RawValue::Untyped(text) => text.as_str().into(),
            RawValue::List => json!([]),
            RawValue::Object(fields) => {
                Value::Object(fields.values.into_iter().map(|(name, raw)| (name, value(raw))).collect::<Map<_, _>>())
            }
        }
    }

    fn read(text: &str) -> Value {
        value(from_str(text).unwrap())
    }

    #[test]
    fn reads_what_is_written() {
        let numbers = "0 -1 9223372036854775807 18446744073709551615 -9223372036854775808 1.5 1e300 -0.0";
        let others = [r#"{"a": {"b": "\u00e9\ud83e\udd80\n", "": []}, "c": {}}"#, "null", "true", r#""""#];
        for text in numbers.split(' ').chain(others) {
            assert_eq!(read(text), from_str::<Value>(text).unwrap(), "{text}");
        }
        assert_eq!(read("[1, {}, [2]]"), json!([]));
    }

    #[test]
    fn no_member_has_a_meaning() {
        for name in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            for value in [json!({name: "1"}), json!({name: {name: "\"text\""}}), json!({"a": {name: "not JSON"}})] {
                assert_eq!(read(&value.to_string()), value);
            }
        }
    }

    #[test]
    fn names_that_come_twice_are_noticed_at_every_depth() {
        let fields: RawFields = from_str(r#"{"a":1,"b":{"c":1,"c":2,"c":3},"a":2}"#).unwrap();
        assert_eq!(fields.duplicates, ["a"]);
        let Some(RawValue::Object(inner)) = fields.values.get("b") else { panic!("not an object") };
        assert_eq!(inner.duplicates, ["c"]);
    }
}
