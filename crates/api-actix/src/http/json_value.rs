//! Reading JSON that a client sent, of any shape.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Any JSON. `Value` itself would take an object with a member `$serde_json::private::RawValue` for the JSON in the
/// member's text: a crate that we share `serde_json` with turns that on.
pub(crate) struct JsonValue(pub(crate) Value);

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, bool: bool) -> Result<Value, E> {
        Ok(bool.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(JsonValue(value)) = array.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, JsonValue(value))) = object.next_entry()? {
            members.insert(name, value);
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, json};

    use super::*;

    fn read(text: &str) -> Value {
        from_str::<JsonValue>(text).unwrap().0
    }

    #[test]
    fn reads_what_is_written() {
        let numbers = "[0, -1, 9223372036854775807, 18446744073709551615, -9223372036854775808, 1.5, 1e300, -0.0]";
        for text in [numbers, "null", "[true, false, []]", r#"{"a": {"b": ["\u00e9\ud83e\udd80\n", ""]}, "": {}}"#] {
            assert_eq!(read(text), from_str::<Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn no_member_has_a_meaning() {
        for name in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            for value in [json!({name: "1"}), json!([{name: "\"text\""}]), json!({"a": {name: "not JSON"}})] {
                assert_eq!(read(&value.to_string()), value);
            }
        }
    }
}
