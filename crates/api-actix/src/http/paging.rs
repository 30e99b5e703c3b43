//! What the queries of all lists have in common.

use domain::ValidationError;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

use super::fields::{Field, FieldValue, TextShape};

/// Items on a page unless the request says how many.
pub(crate) const DEFAULT_PAGE_SIZE: u64 = 20;
/// Most items on a page.
const MAX_PAGE_SIZE: u64 = 100;
/// Most characters of a cursor.
const MAX_CURSOR_LENGTH: usize = 1024;

/// A whole number from 1 to `MAX`.
pub(crate) enum UpTo<const MAX: u64> {}

/// How many items a page has at most.
pub(crate) enum PageSize {}

/// Where a page starts. The use case knows whether it is one.
pub(crate) enum Cursor {}

impl<const MAX: u64> FieldValue for UpTo<MAX> {
    type Value = u64;

    fn read(field: Field<'_>) -> Option<u64> {
        field.text(|text| {
            // `parse` would take "+1".
            let number = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let number = number.and_then(|text| text.parse().ok()).filter(|number| (1..=MAX).contains(number));
            let message = || format!("This field must be a whole number from 1 to {MAX}.");
            number.ok_or_else(|| ValidationError::new("out_of_range", message()))
        })
    }

    fn schema() -> RefOr<Schema> {
        up_to(MAX).into()
    }
}

impl FieldValue for PageSize {
    type Value = u64;

    fn read(field: Field<'_>) -> Option<u64> {
        UpTo::<MAX_PAGE_SIZE>::read(field)
    }

    fn schema() -> RefOr<Schema> {
        up_to(MAX_PAGE_SIZE).default(Some(DEFAULT_PAGE_SIZE.into())).into()
    }
}

impl FieldValue for Cursor {
    type Value = String;

    fn read(field: Field<'_>) -> Option<String> {
        String::read(field)
    }

    fn schema() -> RefOr<Schema> {
        TextShape::ANY.length(1, MAX_CURSOR_LENGTH).pattern("^[A-Za-z0-9_-]+$").schema()
    }
}

fn up_to(max: u64) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).minimum(Some(1)).maximum(Some(max))
}
