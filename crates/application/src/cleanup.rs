use domain::ports::RepositoryError;

use crate::{Application, ApplicationError};

/// Rows per statement, so that no lock is held for long.
const BATCH: u64 = 1000;

/// What a clean-up removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Sessions that had ended.
    pub sessions: u64,
    /// Revocations of tokens that have expired.
    pub revocations: u64,
    /// Signing keys whose tokens have expired.
    pub signing_keys: u64,
}

impl Application {
    /// Removes what has ended, in batches, and answers how much. The tokens in question are refused before and after
    /// alike. Safe to run on several nodes at once and to interrupt.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]; what was removed until then stays removed.
    pub async fn cleanup(&self) -> Result<Removed, ApplicationError> {
        // One moment for all batches, or a busy service would never be done.
        let now = self.ports.clock.now();
        Ok(Removed {
            sessions: in_batches(|| self.ports.refresh_tokens.delete_ended(now, BATCH)).await?,
            revocations: in_batches(|| self.ports.revocations.delete_expired(now, BATCH)).await?,
            signing_keys: self.ports.signing_keys.delete_retired(now).await?,
        })
    }
}

/// Deletes until a batch is not full, and answers how much.
async fn in_batches<F>(delete: impl Fn() -> F) -> Result<u64, RepositoryError>
where
    F: Future<Output = Result<u64, RepositoryError>>,
{
    let mut deleted = 0;
    loop {
        let batch = delete().await?;
        deleted += batch;
        if batch < BATCH {
            return Ok(deleted);
        }
    }
}
