use crate::identities::ProviderName;
use crate::{Secret, Source};

/// Seals what a provider's form brought, so that the browser can carry it on in a URL: nobody who reads the URL learns
/// the provider's code.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait ResponseSeal: Send + Sync {
    /// A handle of characters that need no escape in a URL. It MUST open for this provider alone, and MUST NOT tell
    /// anything of the response but its length.
    ///
    /// # Errors
    /// Those of sealing, which nothing is known to cause.
    fn close(&self, provider: &ProviderName, response: &Secret) -> Result<Secret, Source>;

    /// What was sealed. MUST be `None` for a handle that was altered, or was not made for this provider by this
    /// service.
    fn open(&self, provider: &ProviderName, handle: &Secret) -> Option<Secret>;
}
