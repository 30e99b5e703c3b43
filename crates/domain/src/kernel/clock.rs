use crate::Timestamp;

/// Tells the time.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The time now. It MUST be whole microseconds, so that an entity equals its re-read copy on every database.
    fn now(&self) -> Timestamp;
}
