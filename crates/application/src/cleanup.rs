use crate::{Application, ApplicationError};

/// Rows per statement, so that no lock is held for long.
const BATCH: u64 = 1000;

impl Application {
    /// Removes sessions that have ended, in batches, and answers how many. Their tokens are refused before and after
    /// alike. Safe to run on several nodes at once and to interrupt.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]; what was removed until then stays removed.
    pub async fn cleanup(&self) -> Result<u64, ApplicationError> {
        // One moment for all batches, or a busy service would never be done.
        let now = self.ports.clock.now();
        let mut removed = 0;
        loop {
            let batch = self.ports.refresh_tokens.delete_ended(now, BATCH).await?;
            removed += batch;
            if batch < BATCH {
                return Ok(removed);
            }
        }
    }
}
