use async_trait::async_trait;

use super::RepositoryError;

/// Asks whether the database answers.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// Asks now. It MUST do a round trip, not remember an earlier answer.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] while the database cannot be used.
    async fn check(&self) -> Result<(), RepositoryError>;
}
