//! Reading the fields of a body or a query. A list of fields is declared once, by [`fields!`](crate::fields!), and both
//! the reader and the OpenAPI schema come from it. Every fault is found, not only the first. A field that is not in the
//! list is a fault, and so is one that comes twice.
//!
//! ```
//! use api_actix::fields::{Optional, Required, TextShape, TextValue};
//! use domain::ValidationError;
//! use domain::users::Email;
//!
//! /// What a use case takes.
//! struct Invite {
//!     email: Email,
//!     note: Option<Note>,
//! }
//!
//! struct Note(String);
//!
//! impl TextValue for Note {
//!     const SHAPE: TextShape = TextShape::ANY.length(0, 500);
//!
//!     fn parse(text: &str) -> Result<Self, ValidationError> {
//!         match text.chars().count() {
//!             0..=500 => Ok(Self(text.to_owned())),
//!             _ => Err(ValidationError::new("too_long", "A note must have at most 500 characters.")),
//!         }
//!     }
//! }
//!
//! api_actix::fields! {
//!     /// An invitation.
//!     InviteBody as "Invite" -> Invite {
//!         email: Required<Email>,
//!         /// Stands in the mail.
//!         note: Optional<Note>,
//!     }
//!     example {"email": "ada@example.com"}
//! }
//! ```
//!
//! A handler that takes `JsonBody<InviteBody>` gets an `Invite`.

#[cfg(test)]
pub(crate) mod checked;
mod form;
mod list;
mod open;
mod presence;
mod raw;
mod value;

pub(crate) mod schema;

pub use presence::{Clearable, Flat, Ignored, NotNull, Optional, Presence, ReadOnly, Required};
pub use schema::Description;
pub use value::{FieldValue, TextShape, TextValue};

pub(crate) use form::Form;
pub(crate) use open::Open;
pub(crate) use raw::RawFields;
pub(crate) use value::parse_id;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::ValidationError;
use domain::passwords::PasswordPolicy;

use super::problem::FieldError;
use raw::RawValue;

/// Most faults that are reported; the rest of a hopeless body is not worth more.
const MAX_FAULTS: usize = 50;
/// Longest part of an unknown field's name that is repeated to the client, in characters.
const MAX_NAME_LENGTH: usize = 64;

/// What some fields are checked against.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// For new passwords.
    pub(crate) password_policy: PasswordPolicy,
    /// For birthdays, UTC.
    pub(crate) today: NaiveDate,
}

/// A list of fields, declared by [`fields!`](crate::fields!).
pub trait FieldList {
    /// What is made of them, such as a use case's command.
    type Value;

    /// Takes each field. Returns `None` only when a fault was noted.
    fn read(fields: &mut Fields<'_>) -> Option<Self::Value>;

    /// Describes each field.
    fn describe(description: &mut Description);
}

/// Reads a list of fields and finds what is left over.
///
/// # Errors
/// All faults, at most [`MAX_FAULTS`].
pub(crate) fn read<L: FieldList>(raw: RawFields, rules: Rules) -> Result<L::Value, Vec<FieldError>> {
    let mut faults = Vec::new();
    match read_object::<L>(raw, String::new(), &mut faults, rules) {
        Some(value) if faults.is_empty() => Ok(value),
        _ => Err(faults),
    }
}

fn read_object<L: FieldList>(
    raw: RawFields,
    path: String,
    faults: &mut Vec<FieldError>,
    rules: Rules,
) -> Option<L::Value> {
    let mut fields = Fields { values: raw.values, path, faults, rules };
    for name in raw.duplicates {
        fields.note(&name, "duplicate_field", "This field must not be given more than once.");
    }
    let value = L::read(&mut fields);
    for name in std::mem::take(&mut fields.values).keys() {
        fields.note(name, "unknown_field", "This field is unknown.");
    }
    value
}

/// The fields of one object, form or query that was sent. There is no `Debug`: they hold passwords and tokens.
pub struct Fields<'a> {
    values: BTreeMap<String, RawValue>,
    /// What stands before the names of an object inside another: `profile.`.
    path: String,
    faults: &'a mut Vec<FieldError>,
    rules: Rules,
}

impl Fields<'_> {
    /// Whether a field is there and was not taken yet.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Takes a field out, if it is there.
    pub fn take<'a>(&'a mut self, name: &'a str) -> Option<Field<'a>> {
        let value = self.values.remove(name)?;
        Some(Field { value, name, path: &self.path, faults: self.faults, rules: self.rules })
    }

    /// Notes a fault of a field.
    pub fn note(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        note(self.faults, &self.path, name, code, message.into());
    }
}

/// One field that was sent. Its reader either returns a value or notes a fault and returns `None`.
pub struct Field<'a> {
    value: RawValue,
    name: &'a str,
    path: &'a str,
    faults: &'a mut Vec<FieldError>,
    rules: Rules,
}

impl Field<'_> {
    /// Reads a text by `parse`.
    pub fn text<T>(self, parse: impl FnOnce(&str) -> Result<T, ValidationError>) -> Option<T> {
        self.read(|value| match value {
            RawValue::Text(text) | RawValue::Untyped(text) => parse(&text),
            _ => Err(wrong_type("This field must be a string.")),
        })
    }

    /// Reads a text or a whole number of 64 bits by `parse`, and any other number, which was sent as a double, by
    /// `from_double`.
    pub fn text_or_number<T>(
        self,
        parse: impl FnOnce(&str) -> Result<T, ValidationError>,
        from_double: impl FnOnce(f64) -> Result<T, ValidationError>,
    ) -> Option<T> {
        self.read(|value| match value {
            RawValue::Text(text) | RawValue::Untyped(text) => parse(&text),
            RawValue::Number(number) => match (number.is_f64(), number.as_f64()) {
                (true, Some(double)) => from_double(double),
                _ => parse(&number.to_string()),
            },
            _ => Err(wrong_type("This field must be a number, best written as a string.")),
        })
    }

    /// Reads an object with a list of fields of its own. Its faults are named by path: `profile.username`.
    pub fn object<L: FieldList>(self) -> Option<L::Value> {
        match self.value {
            RawValue::Object(raw) => {
                read_object::<L>(raw, format!("{}{}.", self.path, self.name), self.faults, self.rules)
            }
            _ => self.read(|_| Err(wrong_type("This field must be an object."))),
        }
    }

    /// Reads a text by `parse`, which is given the rules of this node.
    pub(crate) fn text_under<T>(self, parse: impl FnOnce(&str, &Rules) -> Result<T, ValidationError>) -> Option<T> {
        let rules = self.rules;
        self.text(|text| parse(text, &rules))
    }

    fn is_null(&self) -> bool {
        matches!(self.value, RawValue::Null)
    }

    fn read<T>(self, read: impl FnOnce(RawValue) -> Result<T, ValidationError>) -> Option<T> {
        let Self { value, name, path, faults, .. } = self;
        read(value).map_err(|error| note(faults, path, name, error.code, error.message)).ok()
    }
}

fn note(faults: &mut Vec<FieldError>, path: &str, name: &str, code: &'static str, message: String) {
    if faults.len() < MAX_FAULTS {
        let name: String = name.chars().take(MAX_NAME_LENGTH).collect();
        faults.push(FieldError::new(&format!("{path}{name}"), code, message));
    }
}

fn wrong_type(message: &str) -> ValidationError {
    ValidationError::new("wrong_type", message)
}

#[cfg(test)]
mod tests;
