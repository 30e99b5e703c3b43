use async_trait::async_trait;
use thiserror::Error;

use crate::Source;
use crate::passwords::Password;

/// A list of passwords that became known, such as by breaches.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BreachedPasswords: Send + Sync {
    /// Whether the password is on the list. It MUST return within about a second, and MUST NOT block the threads that
    /// serve requests. Nothing by which the password could be told MUST leave the machine or be logged: at most a part
    /// of a hash that thousands of others share.
    ///
    /// # Errors
    /// [`BreachedListUnavailable`] when the list cannot be asked. That is not a hit.
    async fn contains(&self, password: &Password) -> Result<bool, BreachedListUnavailable>;
}

/// The list of breached passwords cannot be asked.
#[derive(Debug, Error)]
#[error("the list of breached passwords cannot be asked")]
pub struct BreachedListUnavailable(#[source] pub Source);
