//! The way from the columns of a row to valid values.

use domain::{StoreError, ValidationError};
use uuid::Uuid;

/// Names the row and the column of a stored value that is no longer valid.
pub(crate) fn corrupt<E>(table: &'static str, column: &'static str, id: Uuid) -> impl FnOnce(E) -> StoreError {
    move |_| StoreError::Corrupt { table, column, id }
}

/// Reads an optional column.
pub(crate) fn optional<T>(
    value: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, ValidationError>,
) -> Result<Option<T>, ValidationError> {
    value.map(parse).transpose()
}
