use thiserror::Error;

/// The error underneath, for the log. Never shown to a client.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a repository could not do what it was asked.
///
/// A stored value that is not valid is none of these. Reading is lenient where writing is strict: one row that today's
/// rules would refuse MUST NOT keep others from being read, nor its owner from signing in, nor anybody from repairing
/// or deleting it. Repositories MUST log it with table, column and id, and return it as it is or without that value;
/// where the value decides what somebody may do, so that they may do less.
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
    /// Anything else: a fault of ours. Trying again does not help.
    #[error("the database refused a statement")]
    Internal(#[source] Source),
}
