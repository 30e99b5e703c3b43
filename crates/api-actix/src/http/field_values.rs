//! Reading single values from JSON. Types are not bent: a number in quotes is a text.

use chrono::{DateTime, Datelike, NaiveDate};
use domain::{Decimal, Timestamp, ValidationError};
use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What can be read from one JSON value. `null` is none.
pub(crate) trait FromValue: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// `wrong_type` where it is not of the right JSON type at all, or what the type itself says.
    fn from_value(value: Value) -> Result<Self, ValidationError>;
}

/// Reads a text, which may be a password, by `parse`.
pub(crate) fn text<T>(
    parse: impl FnOnce(&str) -> Result<T, ValidationError>,
) -> impl FnOnce(Value) -> Result<T, ValidationError> {
    |value| match value {
        Value::String(text) => parse(&Zeroizing::new(text)),
        _ => Err(wrong_type("This field must be a string.")),
    }
}

/// Reads an id. Only in the usual form: one thing has one address.
pub(crate) fn parse_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH)
}

fn wrong_type(message: &str) -> ValidationError {
    ValidationError::new("wrong_type", message)
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, ValidationError> {
        value.as_bool().ok_or_else(|| wrong_type("This field must be true or false."))
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, ValidationError> {
        let is_too_large = |number: f64| number.abs() >= -(i64::MIN as f64);
        match (value.as_i64(), value.as_f64()) {
            (Some(number), _) => Ok(number),
            (None, Some(number)) if is_too_large(number) => {
                Err(ValidationError::new("out_of_range", "This field must be a whole number of at most 64 bits."))
            }
            _ => Err(wrong_type("This field must be a whole number.")),
        }
    }
}

/// A text keeps every digit; a number is a double on its way.
impl FromValue for Decimal {
    fn from_value(value: Value) -> Result<Self, ValidationError> {
        match value {
            Value::String(text) => Self::parse(&text),
            Value::Number(number) => match (number.is_f64(), number.as_f64()) {
                (true, Some(double)) => Self::from_double(double),
                // Whole numbers up to 64 bits were never a double.
                _ => Self::parse(&number.to_string()),
            },
            _ => Err(wrong_type("This field must be a number, best written as a string.")),
        }
    }
}

/// A full date as in RFC 3339, section 5.6, from the year 1 on.
impl FromValue for NaiveDate {
    fn from_value(value: Value) -> Result<Self, ValidationError> {
        let date = text(|text| {
            // `parse_from_str` would take years of other lengths, and signs.
            let date = Some(text).filter(|text| text.len() == "YYYY-MM-DD".len() && text.is_ascii());
            let date = date.filter(|text| text.starts_with(|first: char| first.is_ascii_digit()));
            let date = date.and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
            date.ok_or_else(|| ValidationError::new("invalid_date", "A date must be written YYYY-MM-DD."))
        })(value)?;
        in_range(date.year()).map(|()| date)
    }
}

/// A time as in RFC 3339 with its offset, from the year 1 to 9999, cut to microseconds. A leap second is the second
/// after it.
impl FromValue for Timestamp {
    fn from_value(value: Value) -> Result<Self, ValidationError> {
        let invalid = || ValidationError::new("invalid_time", "A time must be written YYYY-MM-DDThh:mm:ssZ.");
        let time = text(|text| DateTime::parse_from_rfc3339(text).map_err(|_| invalid()))(value)?;
        let time = DateTime::from_timestamp_micros(time.timestamp_micros()).ok_or_else(invalid)?;
        in_range(time.year()).map(|()| time)
    }
}

/// What both databases keep, and RFC 3339 can write.
fn in_range(year: i32) -> Result<(), ValidationError> {
    let is_in_range = (1..=9999).contains(&year);
    is_in_range.then_some(()).ok_or_else(|| ValidationError::new("out_of_range", "The year must be from 1 to 9999."))
}

impl FromValue for Uuid {
    fn from_value(value: Value) -> Result<Self, ValidationError> {
        text(|text| parse_id(text).ok_or_else(|| ValidationError::new("invalid_id", "An id must be a UUID.")))(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, json};

    use super::*;

    /// What reads as what, and what is refused with which code. The values are JSON texts, as they come.
    fn check<T: FromValue + ToString>(good: &[(&str, &str)], bad: &[(&str, &str)]) {
        for (text, expected) in good {
            let read = T::from_value(from_str(text).unwrap());
            assert_eq!(read.unwrap_or_else(|error| panic!("{text}: {error:?}")).to_string(), *expected, "{text}");
        }
        for (text, code) in bad {
            let read = T::from_value(from_str(text).unwrap()).map(|value| value.to_string());
            assert_eq!(read.map_err(|error| error.code), Err(*code), "{text}");
        }
        for value in [json!(null), json!([]), json!({})] {
            assert_eq!(T::from_value(value).map(|value| value.to_string()).unwrap_err().code, "wrong_type");
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
    fn decimals_are_texts_or_numbers() {
        check::<Decimal>(
            &[
                ("\"12.50\"", "12.50"),
                ("12.5", "12.5"),
                ("-0.1", "-0.1"),
                ("42", "42"),
                ("999999999999999999", "999999999999999999"),
                ("1e2", "100"),
            ],
            &[
                ("\"\"", "invalid_decimal"),
                ("\"1e2\"", "invalid_decimal"),
                ("1000000000000000000", "out_of_range"),
                ("18446744073709551615", "out_of_range"),
                ("1e300", "out_of_range"),
                ("0.30000000000000004", "too_precise"),
                ("123456789012.123456", "too_precise"),
                ("true", "wrong_type"),
            ],
        );
    }

    #[test]
    fn dates_are_full_dates() {
        let bad = ["", "2023-02-29", "1990-1-2", "+990-01-02", "-990-01-02", "2026-03-14T00:00:00Z", "2026-03-1é"];
        let bad = bad.map(|text| format!("\"{text}\""));
        let mut bad: Vec<_> = bad.iter().map(|text| (text.as_str(), "invalid_date")).collect();
        bad.extend([("\"0000-12-31\"", "out_of_range"), ("20260314", "wrong_type")]);
        check::<NaiveDate>(&[("\"0001-01-01\"", "0001-01-01"), ("\"9999-12-31\"", "9999-12-31")], &bad);
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
        check::<Uuid>(&[(&quoted, id)], &[(&simple, "invalid_id"), ("\"\"", "invalid_id"), ("7", "wrong_type")]);
    }
}
