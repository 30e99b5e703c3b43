use domain::Secret;
use domain::identities::ProviderName;

use super::Providers;
use crate::ApplicationError;

/// Longest response that a form may bring, in bytes, without escapes. Sealed and in Base64 it is a third longer, and is
/// to fit into the first line of a request, for which proxies have 8 KiB.
const MAX_RESPONSE_BYTES: usize = 4 * 1024;
/// Longest handle that is looked at, in bytes.
const MAX_HANDLE_BYTES: usize = 6 * 1024;

impl Providers {
    /// Seals what a provider's form brought into a handle, which the browser carries on to where its cookie comes
    /// along. Nothing is stored, and nothing is done: the flow that the response is of makes the handle good for its
    /// own time, for one use and for one browser.
    ///
    /// # Errors
    /// [`ApplicationError::ProviderResponseTooLong`].
    pub fn seal_response(&self, provider: &ProviderName, response: &Secret) -> Result<Secret, ApplicationError> {
        if response.expose().len() > MAX_RESPONSE_BYTES {
            return Err(ApplicationError::ProviderResponseTooLong);
        }
        self.responses.close(provider, response).map_err(ApplicationError::Internal)
    }

    /// What [`Providers::seal_response`] sealed for this provider.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidProviderResponse`], whatever is wrong with the handle.
    pub fn open_response(&self, provider: &ProviderName, handle: &Secret) -> Result<Secret, ApplicationError> {
        let handle = Some(handle).filter(|handle| handle.expose().len() <= MAX_HANDLE_BYTES);
        let opened = handle.and_then(|handle| self.responses.open(provider, handle));
        opened.ok_or(ApplicationError::InvalidProviderResponse)
    }
}
