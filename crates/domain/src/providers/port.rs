use std::fmt;

use async_trait::async_trait;

use super::{CodeChallenge, CodeVerifier, ProvenIdentity};
use crate::identities::ProviderName;
use crate::{Secret, Source};

/// The identity providers of the configuration.
///
/// None of them is asked for anything before somebody wants to sign in by it, so that one that is away keeps nothing
/// else from working. What is asked of one MUST end within some seconds.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdentityProviders: Send + Sync {
    /// All of them, in the order of their names.
    fn list(&self) -> Vec<ConfiguredProvider>;

    /// Where to send a browser so that somebody proves there who they are (RFC 6749, section 4.1.1).
    ///
    /// # Errors
    /// [`ProviderError::Unknown`], [`ProviderError::Unavailable`].
    async fn authorization_url(
        &self,
        provider: &ProviderName,
        request: &AuthorizationRequest,
    ) -> Result<String, ProviderError>;

    /// Finds out who came back with this response. The code MUST NOT be sent anywhere unless the response is this
    /// provider's (RFC 9207). An ID token MUST be signed by the provider, and be for this service and this flow alone,
    /// and it MUST NOT be over.
    ///
    /// # Errors
    /// [`ProviderError`], every variant.
    async fn authenticate(
        &self,
        provider: &ProviderName,
        response: &AuthorizationResponse,
    ) -> Result<ProvenIdentity, ProviderError>;
}

/// A provider that one can sign in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredProvider {
    /// Its name.
    pub name: ProviderName,
    /// What people call it.
    pub title: String,
    /// Its identifier: the issuer of the accounts there.
    pub issuer: String,
}

/// What a browser takes to a provider.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// Comes back with the browser.
    pub state: Secret,
    /// Comes back in the ID token.
    pub nonce: Secret,
    /// The challenge of the verifier that goes with the code.
    pub challenge: CodeChallenge,
}

/// What a browser brings from a provider.
#[derive(Clone)]
pub struct AuthorizationResponse {
    /// The provider's code.
    pub code: Secret,
    /// The issuer that the response says it is from (RFC 9207), if it says so.
    pub issuer: Option<String>,
    /// What the ID token must repeat.
    pub nonce: Secret,
    /// What the provider asks for with its code.
    pub verifier: CodeVerifier,
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationResponse").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Why nobody was proven to be anyone.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// There is no provider of this name.
    #[error("no such provider")]
    Unknown,
    /// The provider cannot be reached, or is not what the configuration says. Try again.
    #[error("the provider is not available")]
    Unavailable(#[source] Source),
    /// The response is not this provider's (RFC 9207).
    #[error("the response is another provider's")]
    MixedUp,
    /// What came from the provider proves nothing.
    #[error("the response of the provider is not valid")]
    Refused(#[source] Source),
}
