//! Types that a field can have. JSON's types are not converted: a number in quotes is a string. Forms and queries have
//! texts only, which are read by the field's type.

use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate};
use domain::{Secret, Timestamp, ValidationError, parse_date};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use uuid::Uuid;

use super::raw::RawValue;
use super::{Field, wrong_type};

/// The type of a field: how it is read, and how it is described.
pub trait FieldValue {
    /// What it is read into.
    type Value;

    /// Reads the field. Returns `None` only when a fault was noted. `null` is not a value.
    fn read(field: Field<'_>) -> Option<Self::Value>;

    /// Describes the values that [`read`](Self::read) takes.
    fn schema() -> RefOr<Schema>;

    /// Adds the schemas that [`schema`](Self::schema) refers to.
    fn schemas(_: &mut Vec<(String, RefOr<Schema>)>) {}
}

/// The type of a field that is a text.
pub trait TextValue: Sized {
    /// What a schema can say about its texts.
    const SHAPE: TextShape = TextShape::ANY;

    /// Reads the text.
    ///
    /// # Errors
    /// Why it is not valid: a stable code, and a sentence for a person.
    fn parse(text: &str) -> Result<Self, ValidationError>;
}

impl<T: TextValue> FieldValue for T {
    type Value = Self;

    fn read(field: Field<'_>) -> Option<Self> {
        field.text(Self::parse)
    }

    fn schema() -> RefOr<Schema> {
        Self::SHAPE.schema()
    }
}

/// Nowhere is a control character or a change of direction, and somewhere is a character that is not white space
/// either.
const LINE: &str = concat!(
    r"^[^\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]*",
    r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028-\u202F\u205F\u2066-\u2069\u3000]",
    r"[^\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]*$"
);
const LINES: &str = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$";
const WITHOUT_NUL: &str = r"^[^\u0000]*$";

/// What a schema can say about texts.
#[derive(Clone, Copy, Debug)]
pub struct TextShape {
    format: Option<&'static str>,
    pattern: Option<&'static str>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    example: Option<&'static str>,
    default: Option<&'static str>,
}

impl TextShape {
    /// Any text.
    pub const ANY: Self =
        Self { format: None, pattern: None, min_length: None, max_length: None, example: None, default: None };

    /// A line: trimmed, at most `max` characters, one at least that is not white space, no control characters and no
    /// changes of direction. That one can be seen is left to the reader: which cannot, is a table of Unicode.
    pub const fn line(max: usize) -> Self {
        Self::ANY.length(1, max).pattern(LINE)
    }

    /// Lines: at most `max` characters, of the control characters only tabs and line breaks.
    pub const fn lines(max: usize) -> Self {
        Self::ANY.length(0, max).pattern(LINES)
    }

    /// A text of 1 to `max` characters without NUL, which not every system can hold.
    pub const fn without_nul(max: usize) -> Self {
        Self::ANY.length(1, max).pattern(WITHOUT_NUL)
    }

    /// With a length within these bounds, in characters. A lower bound of 0 is not written.
    #[must_use]
    pub const fn length(self, min: usize, max: usize) -> Self {
        let min_length = if min == 0 { None } else { Some(min) };
        Self { min_length, max_length: Some(max), ..self }
    }

    /// In a format, such as `email`.
    #[must_use]
    pub const fn format(self, format: &'static str) -> Self {
        Self { format: Some(format), ..self }
    }

    /// Matching this regular expression (ECMA-262).
    #[must_use]
    pub const fn pattern(self, pattern: &'static str) -> Self {
        Self { pattern: Some(pattern), ..self }
    }

    /// As in this example.
    #[must_use]
    pub const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    /// This one when the field is absent.
    #[must_use]
    pub const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// The schema of such a text.
    pub fn schema(self) -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(self.format.map(|format| SchemaFormat::Custom(format.to_owned())))
            .pattern(self.pattern)
            .min_length(self.min_length)
            .max_length(self.max_length)
            .default(self.default.map(Into::into));
        match self.example {
            Some(example) => with_example(text, example.into()).into(),
            None => text.into(),
        }
    }
}

/// As `utoipa`'s own derive does it.
#[expect(deprecated, reason = "the document has `example` everywhere, which Swagger UI fills its forms with")]
pub(super) fn with_example(object: ObjectBuilder, example: serde_json::Value) -> ObjectBuilder {
    object.example(Some(example))
}

/// Any text, up to the limit of the whole body.
impl TextValue for String {
    fn parse(text: &str) -> Result<Self, ValidationError> {
        Ok(text.to_owned())
    }
}

/// Any text. A malformed token is rejected later, like an invalid one.
impl TextValue for Secret {
    fn parse(text: &str) -> Result<Self, ValidationError> {
        Ok(Self::new(text.to_owned()))
    }
}

/// Only in the usual form: one thing has one address.
impl TextValue for Uuid {
    const SHAPE: TextShape = TextShape::ANY.format("uuid");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        parse_id(text).ok_or_else(|| ValidationError::new("invalid_id", "An id must be a UUID."))
    }
}

/// Reads an id. Only in the usual form: one thing has one address.
pub(crate) fn parse_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH)
}

/// A full date as in RFC 3339, section 5.6, from the year 1 on.
impl TextValue for NaiveDate {
    const SHAPE: TextShape = TextShape::ANY.format("date");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        let date = parse_date(text)?;
        in_range(date.year()).map(|()| date)
    }
}

/// A time as in RFC 3339 with its offset, from the year 1 to 9999, cut to microseconds. A leap second is the second
/// after it.
impl TextValue for Timestamp {
    const SHAPE: TextShape = TextShape::ANY.format("date-time");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        let invalid = || ValidationError::new("invalid_time", "A time must be written YYYY-MM-DDThh:mm:ssZ.");
        // The parser would take a blank for the `T`, and a minus sign of another kind.
        let is_usual = text.is_ascii() && matches!(text.as_bytes().get(10), Some(b'T' | b't'));
        let time = DateTime::parse_from_rfc3339(text).ok().filter(|_| is_usual).ok_or_else(invalid)?;
        let time = DateTime::from_timestamp_micros(time.timestamp_micros()).ok_or_else(invalid)?;
        in_range(time.year()).map(|()| time)
    }
}

/// What both databases keep, and RFC 3339 can write.
fn in_range(year: i32) -> Result<(), ValidationError> {
    let is_in_range = (1..=9999).contains(&year);
    is_in_range.then_some(()).ok_or_else(|| ValidationError::new("out_of_range", "The year must be from 1 to 9999."))
}

impl FieldValue for bool {
    type Value = Self;

    fn read(field: Field<'_>) -> Option<Self> {
        field.read(|value| {
            let bool = match value {
                RawValue::Bool(bool) => Some(bool),
                RawValue::Untyped(text) => Self::from_str(&text).ok(),
                _ => None,
            };
            bool.ok_or_else(|| wrong_type("This field must be true or false."))
        })
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).into()
    }
}

impl FieldValue for i64 {
    type Value = Self;

    fn read(field: Field<'_>) -> Option<Self> {
        field.read(|value| match value {
            RawValue::Number(number) => {
                let is_too_large = number.as_f64().is_some_and(|number| number.abs() >= -(Self::MIN as f64));
                number.as_i64().ok_or_else(|| match is_too_large {
                    true => {
                        ValidationError::new("out_of_range", "This field must be a whole number of at most 64 bits.")
                    }
                    false => wrong_type(NO_WHOLE_NUMBER),
                })
            }
            // `parse` would take "+1".
            RawValue::Untyped(text) if !text.starts_with('+') => text.parse().map_err(|_| wrong_type(NO_WHOLE_NUMBER)),
            _ => Err(wrong_type(NO_WHOLE_NUMBER)),
        })
    }

    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
        ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).into()
    }
}

const NO_WHOLE_NUMBER: &str = "This field must be a whole number.";

#[cfg(test)]
mod tests {
    use domain::passwords::PasswordPolicy;
    use serde_json::from_str;

    use super::*;
    use crate::http::fields::Rules;

    fn read<T: FieldValue>(json: &str) -> Result<T::Value, &'static str> {
        let mut faults = Vec::new();
        let rules = Rules { password_policy: PasswordPolicy::default(), today: NaiveDate::default() };
        let value = from_str(json).unwrap();
        let read = T::read(Field { value, name: "field", path: "", faults: &mut faults, rules });
        read.ok_or_else(|| faults[0].code)
    }

    /// What is read as what, and what is refused with which code. The values are JSON texts, as they come.
    fn check<T: FieldValue<Value: ToString>>(good: &[(&str, &str)], bad: &[(&str, &str)]) {
        for (text, expected) in good {
            assert_eq!(read::<T>(text).map(|value| value.to_string()), Ok((*expected).to_owned()), "{text}");
        }
        let wrong = ["null", "[]", "{}"].map(|text| (text, "wrong_type"));
        for (text, code) in bad.iter().chain(&wrong) {
            assert_eq!(read::<T>(text).map(|value| value.to_string()), Err(*code), "{text}");
        }
    }

    #[test]
    fn booleans_are_true_or_false() {
        check::<bool>(&[("true", "true"), ("false", "false")], &[("1", "wrong_type"), ("\"true\"", "wrong_type")]);
    }

    #[test]
    fn integers_have_64_bits() {
        let (least, most) = ("-9223372036854775808", "9223372036854775807");
        let wrong = ["1.5", "1.0", "\"1\"", "true", "1e-3"].map(|text| (text, "wrong_type"));
        let large =
            ["9223372036854775808", "-9223372036854775809", "1e30", "-1e300"].map(|text| (text, "out_of_range"));
        check::<i64>(&[("0", "0"), (least, least), (most, most)], &[&wrong[..], &large[..]].concat());
    }

    #[test]
    fn dates_are_full_dates() {
        check::<NaiveDate>(
            &[("\"0001-01-01\"", "0001-01-01"), ("\"9999-12-31\"", "9999-12-31")],
            &[("\"1990-1-2\"", "invalid_date"), ("\"0000-12-31\"", "out_of_range"), ("20260314", "wrong_type")],
        );
    }

    #[test]
    fn times_have_an_offset_and_microseconds() {
        check::<Timestamp>(
            &[
                ("\"2026-03-14T15:09:26.535897999Z\"", "2026-03-14 15:09:26.535897 UTC"),
                ("\"2026-03-14T15:09:26+02:00\"", "2026-03-14 13:09:26 UTC"),
                ("\"2016-12-31T23:59:60Z\"", "2017-01-01 00:00:00 UTC"),
                ("\"0001-01-01T00:00:00Z\"", "0001-01-01 00:00:00 UTC"),
            ],
            &[
                ("\"2026-03-14\"", "invalid_time"),
                ("\"2026-03-14T15:09:26\"", "invalid_time"),
                ("\"2026-03-14 15:09:26Z\"", "invalid_time"),
                ("\" 2026-03-14T15:09:26Z\"", "invalid_time"),
                ("\"2026-03-14T15:09:26Z \"", "invalid_time"),
                ("\"+2026-03-14T15:09:26Z\"", "invalid_time"),
                ("\"2026-3-14T15:09:26Z\"", "invalid_time"),
                ("\"2026-03-14T15:09:26+0200\"", "invalid_time"),
                ("\"2026-03-14T15:09:26\u{2212}02:00\"", "invalid_time"),
                ("\"2026-03-14T15:09:2６Z\"", "invalid_time"),
                ("\"2026-03-14T25:00:00Z\"", "invalid_time"),
                ("\"0001-01-01T00:00:00+01:00\"", "out_of_range"),
                ("\"9999-12-31T23:59:59-01:00\"", "out_of_range"),
                ("0", "wrong_type"),
            ],
        );
    }

    #[test]
    fn ids_have_one_form() {
        let id = "00000000-0000-0000-0000-000000000007";
        let (quoted, simple) = (format!("\"{id}\""), format!("\"{}\"", id.replace('-', "")));
        let (braced, urn) = (format!("\"{{{id}}}\""), format!("\"urn:uuid:{id}\""));
        check::<Uuid>(
            &[(&quoted, id)],
            &[
                (&simple, "invalid_id"),
                (&braced, "invalid_id"),
                (&urn, "invalid_id"),
                ("\"\"", "invalid_id"),
                ("7", "wrong_type"),
            ],
        );
    }
}
