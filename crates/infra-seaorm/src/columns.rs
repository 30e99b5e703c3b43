//! The way from the columns of a row to values. Reading is lenient where writing is strict: what today's rules would
//! refuse is logged, and is read as it is; what no driver can read is logged, and is left out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::ValidationError;
use sea_orm::{DbErr, IdenStatic, QueryResult, TryGetable};
use tracing::{error, warn};
use uuid::Uuid;

/// What is read from the rows of one table.
pub(crate) trait FromRow: Sized {
    /// The table.
    const TABLE: &'static str;

    /// Reads a row. `None` if it has to count as not there; why was logged.
    fn from_row(row: &Row<'_>) -> Option<Self>;
}

/// A row that is being read.
pub(crate) struct Row<'r> {
    result: &'r QueryResult,
    /// What stands before the names of its columns.
    prefix: &'r str,
    table: &'static str,
    id: Uuid,
}

/// Reads one row of a result. Its primary key is `id`.
pub(crate) fn read<T: FromRow>(result: &QueryResult, prefix: &str) -> Option<T> {
    match result.try_get(prefix, "id") {
        Ok(id) => T::from_row(&Row { result, prefix, table: T::TABLE, id }),
        Err(_) => {
            error!(table = T::TABLE, column = "id", "a stored row has no valid id and is left out");
            None
        }
    }
}

/// The value of one column.
///
/// # Errors
/// When the driver cannot read it. That of PostgreSQL panics at a time that no calendar has, such as `infinity`.
pub(crate) fn try_get<T: TryGetable>(row: &QueryResult, prefix: &str, column: impl IdenStatic) -> Result<T, DbErr> {
    catch_unwind(AssertUnwindSafe(|| row.try_get(prefix, column.as_str())))
        .unwrap_or_else(|_| Err(DbErr::Type(format!("the column {} cannot be read", column.as_str()))))
}

impl Row<'_> {
    /// The primary key.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// The value of a column. `None` if it is `NULL` or cannot be read.
    pub(crate) fn get<T: TryGetable>(&self, column: impl IdenStatic) -> Option<T> {
        self.valid(column, try_get(self.result, self.prefix, column)).flatten()
    }

    /// A text that is never `NULL`: as `parse` reads it, and otherwise as it is `stored`.
    pub(crate) fn text<T>(&self, column: impl IdenStatic, parse: Parse<T>, stored: fn(String) -> T) -> T {
        let text: String = self.get(column).unwrap_or_default();
        self.valid(column, parse(&text)).unwrap_or_else(|| stored(text))
    }

    /// A text that may be `NULL`, likewise.
    pub(crate) fn optional_text<T>(
        &self,
        column: impl IdenStatic,
        parse: Parse<T>,
        stored: fn(String) -> T,
    ) -> Option<T> {
        let text: String = self.get(column)?;
        Some(self.valid(column, parse(&text)).unwrap_or_else(|| stored(text)))
    }

    /// The value, if it is valid.
    pub(crate) fn valid<T, E>(&self, column: impl IdenStatic, value: Result<T, E>) -> Option<T> {
        if value.is_err() {
            warn!(table = self.table, column = column.as_str(), id = %self.id, "a stored value is not valid");
        }
        value.ok()
    }
}

/// Reads a text by today's rules.
pub(crate) type Parse<T> = fn(&str) -> Result<T, ValidationError>;
