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
        let mut removed = Removed::default();
        loop {
            let batch = self.ports.refresh_tokens.delete_ended(now, BATCH).await?;
            removed.sessions += batch;
            if batch < BATCH {
                break;
            }
        }
        loop {
            let batch = self.ports.revocations.delete_expired(now, BATCH).await?;
            removed.revocations += batch;
            if batch < BATCH {
                break;
            }
        }
        removed.signing_keys = self.ports.signing_keys.delete_retired(now).await?;
        Ok(removed)
    }
}
