//! The tables as SeaORM sees them, and the way from a row to a valid entity and back.

pub(crate) mod refresh_token;
pub(crate) mod revocation;
pub(crate) mod signing_key;
pub(crate) mod task;
pub(crate) mod user;

use domain::ValidationError;
use domain::ports::RepositoryError;
use uuid::Uuid;

/// Names the row and the column of a stored value that is not valid any more.
fn corrupt<E>(table: &'static str, column: &'static str, id: Uuid) -> impl FnOnce(E) -> RepositoryError {
    move |_| RepositoryError::Corrupt { table, column, id }
}

/// Reads an optional column.
fn optional<T>(
    value: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, ValidationError>,
) -> Result<Option<T>, ValidationError> {
    value.map(parse).transpose()
}
