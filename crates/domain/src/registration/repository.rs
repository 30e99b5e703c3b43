use async_trait::async_trait;

use super::PendingAccount;
use crate::StoreError;
use crate::one_time_tokens::OneTimeTokenId;

/// Keeps what waits for the proof of an address. Every method may fail with [`StoreError::Unavailable`] or
/// [`StoreError::Internal`].
///
/// A pending account goes with its token, however that is removed: whatever voids or cleans up the token MUST remove
/// it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PendingAccountRepository: Send + Sync {
    /// Adds one. It MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when its token is gone.
    async fn insert(&self, pending: &PendingAccount) -> Result<(), StoreError>;

    /// The one that waits for the proof by this token.
    async fn find(&self, token_id: OneTimeTokenId) -> Result<Option<PendingAccount>, StoreError>;
}
