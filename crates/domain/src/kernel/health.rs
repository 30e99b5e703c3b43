use async_trait::async_trait;

use crate::StoreError;

/// Asks whether the database can be used: whether it responds, and takes writes.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// Asks now. It MUST do a round trip and not return an earlier result, and MUST return within 2 s, whatever the
    /// database does. To see whether writes last it MUST write, but not more often than every 3 s, however often it is
    /// asked; in between it MUST return what came of the last write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while the database cannot be used, or takes no writes: it is read-only, locked,
    /// its disk is full, or its file is gone.
    async fn check(&self) -> Result<(), StoreError>;
}
