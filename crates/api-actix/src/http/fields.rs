//! Reading the fields of a body or a query: every fault is found, not only the first, and a field nobody asked for is
//! one.

use std::fmt;

use chrono::NaiveDate;
use domain::passwords::{Password, PasswordPolicy};
use domain::users::Birthday;
use domain::{Secret, ValidationError};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::field_values::{FromValue, text};
use super::json_value::JsonValue;
use super::problem::FieldError;

/// Most faults that are told; the rest of a hopeless body is not worth more.
const MAX_ERRORS: usize = 50;
/// Longest part of an unknown field's name that is repeated in the answer, in characters.
const MAX_NAME_LENGTH: usize = 64;

/// What some fields are checked against.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// For new passwords.
    pub(crate) password_policy: PasswordPolicy,
    /// For birthdays, UTC.
    pub(crate) today: NaiveDate,
}

/// A body or a query that is read from fields.
///
/// ```
/// use api_actix::{Fields, FromFields};
/// use domain::ValidationError;
/// use domain::users::Email;
///
/// struct Invitation {
///     email: Email,
///     note: Option<String>,
/// }
///
/// impl FromFields for Invitation {
///     fn from_fields(fields: &mut Fields) -> Option<Self> {
///         // Take every field before the first `?`, so that all faults are found.
///         let email = fields.required("email", Email::parse);
///         let note = fields.optional("note", |text| match text.len() {
///             0..=500 => Ok(text.to_owned()),
///             _ => Err(ValidationError::new("too_long", "A note must have at most 500 bytes.")),
///         });
///         Some(Self { email: email?, note })
///     }
/// }
/// ```
pub trait FromFields: Sized {
    /// Takes each field. `None` only if one of them had a fault.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

/// Fields on their way in. There is no `Debug`: they hold passwords and tokens.
pub struct Fields {
    values: Map<String, Value>,
    errors: Vec<FieldError>,
    rules: Rules,
}

impl Fields {
    /// Reads `T` and finds what is left over.
    pub(crate) fn read<T: FromFields>(raw: RawFields, rules: Rules) -> Result<T, Vec<FieldError>> {
        let mut fields = Self { values: raw.values, errors: Vec::new(), rules };
        for name in raw.duplicates {
            fields.note(&name, "duplicate_field", "This field must not be given more than once.");
        }
        let value = T::from_fields(&mut fields);
        for name in std::mem::take(&mut fields.values).keys() {
            fields.note(name, "unknown_field", "This field is unknown.");
        }
        match value {
            Some(value) if fields.errors.is_empty() => Ok(value),
            _ => Err(fields.errors),
        }
    }

    /// A text that must be there.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, ValidationError>) -> Option<T> {
        self.required_value(name, text(parse))
    }

    /// A text that may be absent or `null`.
    pub fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, ValidationError>) -> Option<T> {
        self.optional_value(name, text(parse))
    }

    /// A text that may be absent, but not `null`.
    pub fn change<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, ValidationError>) -> Option<T> {
        self.change_value(name, text(parse))
    }

    /// A text that may be absent (outer `None`) or `null` (inner `None`).
    pub fn clearable<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, ValidationError>,
    ) -> Option<Option<T>> {
        self.clearable_value(name, text(parse))
    }

    /// As [`Fields::required`], for what is no text: see [`FromValue`].
    pub(crate) fn required_value<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, ValidationError>,
    ) -> Option<T> {
        match self.values.remove(name) {
            None => self.fail(name, "required", "This field is required."),
            Some(value) => self.value(name, value, read),
        }
    }

    /// As [`Fields::optional`], for what is no text.
    pub(crate) fn optional_value<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, ValidationError>,
    ) -> Option<T> {
        self.clearable_value(name, read).flatten()
    }

    /// As [`Fields::change`], for what is no text.
    pub(crate) fn change_value<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, ValidationError>,
    ) -> Option<T> {
        self.values.remove(name).and_then(|value| self.value(name, value, read))
    }

    /// As [`Fields::clearable`], for what is no text.
    pub(crate) fn clearable_value<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, ValidationError>,
    ) -> Option<Option<T>> {
        match self.values.remove(name)? {
            Value::Null => Some(None),
            value => self.value(name, value, read).map(Some),
        }
    }

    /// A boolean that may be absent, but not `null`.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        self.change_value(name, bool::from_value)
    }

    /// An id that may be absent or `null`.
    pub(crate) fn id(&mut self, name: &str) -> Option<Uuid> {
        self.optional_value(name, Uuid::from_value)
    }

    /// A token or the like that must be there. What is none at all is refused later like any that is not valid.
    pub(crate) fn secret(&mut self, name: &str) -> Option<Secret> {
        self.required(name, secret)
    }

    /// Likewise, but it may be absent or `null`.
    pub(crate) fn optional_secret(&mut self, name: &str) -> Option<Secret> {
        self.optional(name, secret)
    }

    /// A password that is being chosen. The use case asks the policy, too; asked here, it is told with all other faults.
    pub(crate) fn chosen_password(&mut self, name: &str) -> Option<Password> {
        let policy = self.rules.password_policy;
        self.required(name, |text| {
            let password = Password::parse(text)?;
            policy.check(&password).map(|()| password)
        })
    }

    /// A date of birth that may be absent or `null`.
    pub(crate) fn birthday(&mut self, name: &str) -> Option<Option<Birthday>> {
        let today = self.rules.today;
        self.clearable(name, |text| Birthday::parse(text, today))
    }

    /// Takes a field and forgets it.
    pub(crate) fn ignore(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// Takes all fields that nobody asked for, and forgets them (RFC 6749, section 3.2).
    pub(crate) fn ignore_rest(&mut self) {
        self.values.clear();
    }

    /// Whether a field is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Notes a fault.
    pub fn note(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            let field = name.chars().take(MAX_NAME_LENGTH).collect();
            self.errors.push(FieldError { field, code, message: message.into() });
        }
    }

    fn fail<T>(&mut self, name: &str, code: &'static str, message: impl Into<String>) -> Option<T> {
        self.note(name, code, message);
        None
    }

    fn value<T>(
        &mut self,
        name: &str,
        value: Value,
        read: impl FnOnce(Value) -> Result<T, ValidationError>,
    ) -> Option<T> {
        read(value).map_err(|error| self.note(name, error.code, error.message)).ok()
    }
}

fn secret(text: &str) -> Result<Secret, ValidationError> {
    Ok(Secret::new(text.to_owned()))
}

/// Fields before anybody asked for them. Unlike `serde_json::Map`, it notices a field that comes twice, which two
/// readers of one body could take differently (ASVS 1.5.3).
#[derive(Default)]
pub(crate) struct RawFields {
    values: Map<String, Value>,
    duplicates: Vec<String>,
}

impl RawFields {
    /// Adds a field.
    pub(crate) fn insert(&mut self, name: String, value: Value) {
        if self.values.contains_key(&name) {
            if !self.duplicates.contains(&name) && self.duplicates.len() < MAX_ERRORS {
                self.duplicates.push(name);
            }
        } else {
            self.values.insert(name, value);
        }
    }

    /// Reads `application/x-www-form-urlencoded`: a form or a query.
    pub(crate) fn from_urlencoded(bytes: &[u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            fields.insert(name.into_owned(), Value::String(value.into_owned()));
        }
        fields
    }
}

impl<'de> Deserialize<'de> for RawFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = RawFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<RawFields, A::Error> {
                let mut fields = RawFields::default();
                while let Some((name, JsonValue(value))) = object.next_entry()? {
                    fields.insert(name, value);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use domain::users::Email;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Body {
        email: Email,
        active: Option<bool>,
        birthday: Option<Option<Birthday>>,
    }

    impl FromFields for Body {
        fn from_fields(fields: &mut Fields) -> Option<Self> {
            let email = fields.required("email", Email::parse);
            let active = fields.boolean("active");
            let birthday = fields.birthday("birthday");
            Some(Self { email: email?, active, birthday })
        }
    }

    fn read(json: &str) -> Result<Body, Vec<(String, &'static str)>> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        let rules = Rules { password_policy: PasswordPolicy::default(), today };
        let raw = serde_json::from_str(json).unwrap();
        Fields::read(raw, rules).map_err(|errors| errors.into_iter().map(|e| (e.field, e.code)).collect())
    }

    #[test]
    fn absent_null_and_set_are_told_apart() {
        let body = read(r#"{"email":"ada@example.com"}"#).unwrap();
        assert_eq!((body.active, body.birthday), (None, None));
        let body = read(r#"{"email":"ada@example.com","birthday":null,"active":true}"#).unwrap();
        assert_eq!((body.active, body.birthday), (Some(true), Some(None)));
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let errors = read(r#"{"active":"yes","birthday":"soon","role":1,"active":true}"#).unwrap_err();
        let expected = [
            ("active", "duplicate_field"),
            ("email", "required"),
            ("active", "wrong_type"),
            ("birthday", "invalid_date"),
            ("role", "unknown_field"),
        ];
        assert_eq!(errors, expected.map(|(field, code)| (field.to_owned(), code)));
    }

    #[test]
    fn types_are_not_bent() {
        for (json, field) in [
            (r#"{"email":1}"#, "email"),
            (r#"{"email":null}"#, "email"),
            (r#"{"email":["a@example.com"]}"#, "email"),
            (r#"{"email":"ada@example.com","active":null}"#, "active"),
            (r#"{"email":"ada@example.com","active":1}"#, "active"),
        ] {
            assert_eq!(read(json).unwrap_err(), [(field.to_owned(), "wrong_type")], "{json}");
        }
    }
}
