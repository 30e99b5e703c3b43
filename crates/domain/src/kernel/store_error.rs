use thiserror::Error;
use uuid::Uuid;

/// The error underneath, for the log. Never shown to a client.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a repository could not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another row has the value of this field already; the name is the API's. Nothing was written.
    #[error("another row has this {0}")]
    Duplicate(&'static str),
    /// There is no such row to update, or the row it refers to is gone. Nothing was written.
    #[error("there is no such row")]
    NotFound,
    /// The database cannot be reached, is too busy, or gave up a conflicting transaction. The caller may try again;
    /// what was asked may or may not have been done when this came from `commit`.
    #[error("the database is not available")]
    Unavailable(#[source] Source),
    /// A stored value is no longer valid. Trying again does not help: somebody has to repair the row.
    #[error("{table}.{column} of row {id} holds no valid value")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's primary key.
        id: Uuid,
    },
    /// Anything else: a fault of ours. Trying again does not help.
    #[error("the database refused a statement")]
    Internal(#[source] Source),
}
