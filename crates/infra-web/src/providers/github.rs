use std::sync::Arc;

use domain::Secret;
use domain::identities::ProviderAccount;
use domain::providers::{AuthorizationRequest, AuthorizationResponse, ProvenIdentity, ProviderError};
use serde::Deserialize;

use super::endpoint::{Endpoint, InvalidProvider};
use super::settings::ProviderSettings;
use super::{failed, told};
use crate::fetch::{FetchError, Fetcher};

/// Where GitHub itself is.
const GITHUB: &str = "https://github.com";
const GITHUB_API: &str = "https://api.github.com";

/// GitHub, or a GitHub Enterprise of one's own. It speaks OAuth and has no ID tokens: its API tells whose the access
/// token is.
pub(super) struct GitHub {
    settings: ProviderSettings,
    redirect_uri: String,
    authorization: Endpoint,
    token: Endpoint,
    user: Endpoint,
    emails: Endpoint,
    fetcher: Arc<Fetcher>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

#[derive(Deserialize)]
struct User {
    /// Stays the same when the name is changed.
    id: u64,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

impl GitHub {
    pub(super) fn new(
        settings: ProviderSettings,
        redirect_uri: String,
        fetcher: Arc<Fetcher>,
    ) -> Result<Self, InvalidProvider> {
        let issuer = settings.issuer.trim_end_matches('/');
        let api = if issuer == GITHUB { GITHUB_API.to_owned() } else { format!("{issuer}/api/v3") };
        Ok(Self {
            authorization: Endpoint::configured(&format!("{issuer}/login/oauth/authorize"))?,
            token: Endpoint::configured(&format!("{issuer}/login/oauth/access_token"))?,
            user: Endpoint::configured(&format!("{api}/user"))?,
            emails: Endpoint::configured(&format!("{api}/user/emails"))?,
            settings,
            redirect_uri,
            fetcher,
        })
    }

    pub(super) fn authorization_url(&self, request: &AuthorizationRequest) -> String {
        self.authorization.with_query(&[
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.settings.scopes.join(" ")),
            ("state", request.state.expose()),
            ("code_challenge", &request.challenge.encode()),
            ("code_challenge_method", "S256"),
        ])
    }

    pub(super) async fn authenticate(&self, response: &AuthorizationResponse) -> Result<ProvenIdentity, ProviderError> {
        if response.issuer.as_ref().is_some_and(|issuer| *issuer != self.settings.issuer) {
            return Err(ProviderError::MixedUp);
        }
        let token = self.redeem(response).await?;
        let user: User = self.fetch(&self.user, &token).await?;
        let addresses: Vec<Address> = self.fetch(&self.emails, &token).await?;
        let account = ProviderAccount::parse(&self.settings.issuer, &user.id.to_string());
        let account = account.map_err(|fault| ProviderError::Refused(fault.into()))?;
        let primary = addresses.into_iter().find(|address| address.primary);
        let (address, is_verified) = primary.map(|it| (it.email, it.verified)).unzip();
        let is_verified = is_verified.unwrap_or(false);
        let (email, email_verified) = told(address.as_deref(), is_verified, &self.settings.trusted_domains);
        Ok(ProvenIdentity { account, email, email_verified })
    }

    async fn redeem(&self, response: &AuthorizationResponse) -> Result<Secret, ProviderError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", response.code.expose()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", response.verifier.expose()),
            ("client_id", self.settings.client_id.as_str()),
        ];
        form.extend(self.settings.client_secret.as_ref().map(|secret| ("client_secret", secret.expose())));
        let request = self.token.post(&form, None).map_err(failed)?;
        let tokens: Result<Tokens, _> = self.fetcher.fetch_json(request).await;
        tokens.map(|tokens| Secret::new(tokens.access_token)).map_err(|error| match error {
            // Its errors have the status 200.
            FetchError::Json(_) => ProviderError::Refused(error.into()),
            error => failed(error),
        })
    }

    async fn fetch<T: serde::de::DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        token: &Secret,
    ) -> Result<T, ProviderError> {
        let request = endpoint.get(Some(token)).map_err(failed)?;
        self.fetcher.fetch_json(request).await.map_err(failed)
    }
}
