use async_trait::async_trait;

use super::{BrowserMark, ProvenIdentity, ProviderFlow, ProviderFlowId};
use crate::{StoreError, Timestamp};

/// Keeps flows until they have expired. Every method may fail with [`StoreError::Unavailable`] or
/// [`StoreError::Internal`]. A row that is not valid counts as not there.
///
/// A flow that links an account goes with its user: [`UserRepository::delete`](crate::users::UserRepository::delete)
/// MUST remove it. Each step MUST be taken by exactly one of several that try at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ProviderFlowRepository: Send + Sync {
    /// Adds one that has just begun. It MUST equal this one in every field when read back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the user is gone who links an account.
    async fn insert(&self, flow: &ProviderFlow) -> Result<(), StoreError>;

    /// The flow with this id, whatever has become of it.
    async fn find(&self, id: ProviderFlowId) -> Result<Option<ProviderFlow>, StoreError>;

    /// Binds a flow to a browser, and returns whether it did. MUST do so only if it is bound to none and has not
    /// expired.
    async fn open(&self, id: ProviderFlowId, browser: &BrowserMark, now: Timestamp) -> Result<bool, StoreError>;

    /// Notes that the browser came back, and returns whether it did. MUST do so only once, and only before the flow
    /// expires.
    async fn answer(&self, id: ProviderFlowId, now: Timestamp) -> Result<bool, StoreError>;

    /// Keeps what the provider said, and how long the code for it is good, and returns whether it did. MUST do so only
    /// after [`ProviderFlowRepository::answer`], and once.
    async fn prove(
        &self,
        id: ProviderFlowId,
        proven: &ProvenIdentity,
        code_expires_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Uses the code, and returns whether it did. MUST do so only once, and only before the code expires.
    async fn redeem(&self, id: ProviderFlowId, now: Timestamp) -> Result<bool, StoreError>;

    /// Removes up to `limit` that expired at `before` or earlier, and returns how many. MUST leave all others alone.
    /// SHOULD begin with the oldest, and SHOULD leave those alone that others are removing.
    async fn delete_expired(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many [`ProviderFlowRepository::delete_expired`] would remove if it had no limit. MUST change nothing.
    async fn count_expired(&self, before: Timestamp) -> Result<u64, StoreError>;
}
