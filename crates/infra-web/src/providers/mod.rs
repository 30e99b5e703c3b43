//! Identity providers. Nothing is asked of one before somebody wants to sign in by it.

mod cached;
mod endpoint;
mod github;
mod id_token;
mod key_set;
mod openid;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Clock;
use domain::identities::ProviderName;
use domain::providers::{
    AuthorizationRequest, AuthorizationResponse, ConfiguredProvider, IdentityProviders, ProvenIdentity, ProviderError,
};

pub use endpoint::InvalidProvider;
pub use settings::{ProviderKind, ProviderSettings, TrustedDomains};

use crate::fetch::{FetchError, Fetcher};
use github::GitHub;
use openid::OpenId;

/// Longest time for all that one step of a sign-in asks of a provider.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest response.
const MAX_BYTES: usize = 256 * 1024;

/// The providers of the configuration.
pub struct WebProviders {
    providers: BTreeMap<ProviderName, Provider>,
}

struct Provider {
    listed: ConfiguredProvider,
    client: Client,
}

enum Client {
    OpenId(Box<OpenId>),
    GitHub(Box<GitHub>),
}

impl WebProviders {
    /// These providers, which send browsers back to `{callbacks}/{name}/callback`.
    ///
    /// # Errors
    /// [`InvalidProvider`], every variant.
    pub fn new(
        settings: impl IntoIterator<Item = ProviderSettings>,
        callbacks: &str,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, InvalidProvider> {
        let fetcher = Fetcher::new(TIMEOUT, MAX_BYTES).map_err(|_| InvalidProvider::Tls)?;
        let fetcher = Arc::new(fetcher);
        let mut providers = BTreeMap::new();
        for settings in settings {
            let (name, title, issuer) = (settings.name.clone(), settings.title.clone(), settings.issuer.clone());
            let redirect_uri = format!("{callbacks}/{name}/callback");
            let listed = ConfiguredProvider { name: name.clone(), title, issuer };
            let client = match settings.kind {
                ProviderKind::OpenId => {
                    let openid = OpenId::new(settings, redirect_uri, Arc::clone(&fetcher), Arc::clone(clock))?;
                    Client::OpenId(Box::new(openid))
                }
                ProviderKind::GitHub => {
                    Client::GitHub(Box::new(GitHub::new(settings, redirect_uri, Arc::clone(&fetcher))?))
                }
            };
            providers.insert(name, Provider { listed, client });
        }
        Ok(Self { providers })
    }

    /// Whether a provider may have this identifier.
    ///
    /// # Errors
    /// [`InvalidProvider::NotPlain`], [`InvalidProvider::NotSecure`].
    pub fn check_issuer(issuer: &str) -> Result<(), InvalidProvider> {
        endpoint::Endpoint::configured(issuer).map(drop)
    }

    fn client(&self, provider: &ProviderName) -> Result<&Client, ProviderError> {
        self.providers.get(provider).map(|provider| &provider.client).ok_or(ProviderError::Unknown)
    }
}

#[async_trait]
impl IdentityProviders for WebProviders {
    fn list(&self) -> Vec<ConfiguredProvider> {
        self.providers.values().map(|provider| provider.listed.clone()).collect()
    }

    async fn authorization_url(
        &self,
        provider: &ProviderName,
        request: &AuthorizationRequest,
    ) -> Result<String, ProviderError> {
        match self.client(provider)? {
            Client::OpenId(openid) => in_time(openid.authorization_url(request)).await,
            Client::GitHub(github) => Ok(github.authorization_url(request)),
        }
    }

    async fn authenticate(
        &self,
        provider: &ProviderName,
        response: &AuthorizationResponse,
    ) -> Result<ProvenIdentity, ProviderError> {
        match self.client(provider)? {
            Client::OpenId(openid) => in_time(openid.authenticate(response)).await,
            Client::GitHub(github) => in_time(github.authenticate(response)).await,
        }
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    let late = || Err(ProviderError::Unavailable(FetchError::TimedOut.into()));
    tokio::time::timeout(TIMEOUT, asking).await.unwrap_or_else(|_| late())
}

/// What a failure to ask for something means. A provider that says no has judged what it was sent.
fn failed(error: FetchError) -> ProviderError {
    match &error {
        FetchError::Status(status) if status.is_client_error() && !matches!(status.as_u16(), 408 | 429) => {
            ProviderError::Refused(error.into())
        }
        _ => ProviderError::Unavailable(error.into()),
    }
}

/// The address that a provider tells, and whether it counts as proven.
fn told(email: Option<&str>, is_verified: bool, trusted: &TrustedDomains) -> (Option<domain::users::Email>, bool) {
    let email = email.and_then(|email| domain::users::Email::parse(email).ok());
    let is_proven = is_verified && email.as_ref().is_some_and(|email| trusted.have(email));
    (email, is_proven)
}
