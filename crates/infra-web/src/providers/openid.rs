use std::sync::Arc;

use domain::identities::ProviderAccount;
use domain::providers::{AuthorizationRequest, AuthorizationResponse, ProvenIdentity, ProviderError};
use domain::{Clock, Secret};
use serde::Deserialize;

use super::cached::Cached;
use super::endpoint::{Endpoint, InvalidProvider};
use super::id_token::{Claims, EmailClaims, Expected, InvalidIdToken, UnverifiedIdToken};
use super::key_set::{KeySet, PublishedKeys};
use super::settings::ProviderSettings;
use super::{failed, told};
use crate::fetch::{FetchError, Fetcher};

/// An OpenID provider, spoken to by the authorization code flow (OpenID Connect Core, section 3.1).
pub(super) struct OpenId {
    settings: ProviderSettings,
    redirect_uri: String,
    discovery: Endpoint,
    fetcher: Arc<Fetcher>,
    clock: Arc<dyn Clock>,
    metadata: Cached<Metadata>,
    keys: Cached<KeySet>,
}

/// What a provider publishes of itself (OpenID Connect Discovery, section 3).
#[derive(Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

struct Metadata {
    authorization: Endpoint,
    token: Endpoint,
    keys: Endpoint,
    userinfo: Option<Endpoint>,
    takes_basic: bool,
    /// RFC 9207.
    names_itself: bool,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    email: EmailClaims,
}

impl OpenId {
    pub(super) fn new(
        settings: ProviderSettings,
        redirect_uri: String,
        fetcher: Arc<Fetcher>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidProvider> {
        let discovery = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
        let discovery = Endpoint::configured(&discovery)?;
        let (metadata, keys) = (Cached::new(), Cached::new());
        Ok(Self { settings, redirect_uri, discovery, fetcher, clock, metadata, keys })
    }

    pub(super) async fn authorization_url(&self, request: &AuthorizationRequest) -> Result<String, ProviderError> {
        let metadata = self.metadata().await?;
        let (scopes, challenge) = (self.settings.scopes.join(" "), request.challenge.encode());
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &scopes),
            ("state", request.state.expose()),
            ("nonce", request.nonce.expose()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if self.settings.form_post {
            parameters.push(("response_mode", "form_post"));
        }
        Ok(metadata.authorization.with_query(&parameters))
    }

    pub(super) async fn authenticate(&self, response: &AuthorizationResponse) -> Result<ProvenIdentity, ProviderError> {
        let metadata = self.metadata().await?;
        let is_ours = match &response.issuer {
            Some(issuer) => *issuer == self.settings.issuer,
            None => !metadata.names_itself,
        };
        if !is_ours {
            return Err(ProviderError::MixedUp);
        }
        let tokens = self.redeem(&metadata, response).await?;
        let claims = self.verify(&metadata, &tokens.id_token, response.nonce.expose()).await?;
        let account = ProviderAccount::parse(&self.settings.issuer, &claims.sub);
        let account = account.map_err(|fault| ProviderError::Refused(fault.into()))?;
        let email = self.email(&metadata, claims, tokens.access_token.map(Secret::new)).await?;
        let (email, email_verified) = told(email.address(), email.is_verified(), &self.settings.trusted_domains);
        Ok(ProvenIdentity { account, email, email_verified })
    }

    /// Exchanges the code (RFC 6749, section 4.1.3).
    async fn redeem(&self, metadata: &Metadata, response: &AuthorizationResponse) -> Result<Tokens, ProviderError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", response.code.expose()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", response.verifier.expose()),
        ];
        let client_id = self.settings.client_id.as_str();
        let basic = self.settings.client_secret.as_ref().filter(|_| metadata.takes_basic);
        if basic.is_none() {
            form.push(("client_id", client_id));
            form.extend(self.settings.client_secret.as_ref().map(|secret| ("client_secret", secret.expose())));
        }
        let request = metadata.token.post(&form, basic.map(|secret| (client_id, secret))).map_err(failed)?;
        self.fetcher.fetch_json(request).await.map_err(|error| match error {
            // An error, or tokens without the one that says who it is.
            FetchError::Json(_) => ProviderError::Refused(error.into()),
            error => failed(error),
        })
    }

    async fn verify(&self, metadata: &Metadata, token: &str, nonce: &str) -> Result<Claims, ProviderError> {
        let refused = |fault: InvalidIdToken| ProviderError::Refused(fault.into());
        let token = UnverifiedIdToken::read(token).map_err(refused)?;
        let (name, algorithm) = (token.key_name.clone(), token.algorithm);
        let fetch = async || self.fetch_keys(metadata).await;
        let mut keys = self.keys.get(fetch).await?;
        if keys.find(name.as_deref(), algorithm).is_none() {
            // It may be new.
            keys = self.keys.newer_than(keys, fetch).await?;
        }
        let key = keys.find(name.as_deref(), algorithm);
        let key =
            key.ok_or_else(|| refused(InvalidIdToken("its key is not known, or it does not say which of several")))?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce,
            now: self.clock.now(),
        };
        token.verify(key, &expected).map_err(refused)
    }

    /// What is said of the address: in the ID token, or else where the provider tells the rest (OpenID Connect Core,
    /// section 5.3.2). The two are never mixed.
    async fn email(
        &self,
        metadata: &Metadata,
        claims: Claims,
        access_token: Option<Secret>,
    ) -> Result<EmailClaims, ProviderError> {
        let Some((endpoint, token)) = metadata.userinfo.as_ref().zip(access_token) else { return Ok(claims.email) };
        if claims.email.address().is_some() {
            return Ok(claims.email);
        }
        let request = endpoint.get(Some(&token)).map_err(failed)?;
        let info: UserInfo = self.fetcher.fetch_json(request).await.map_err(failed)?;
        if info.sub != claims.sub {
            return Err(ProviderError::Refused("the rest is about somebody else".into()));
        }
        Ok(info.email)
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        self.metadata.get(async || self.discover().await).await
    }

    async fn discover(&self) -> Result<Metadata, FetchError> {
        let published: Published = self.fetcher.fetch_json(self.discovery.get(None)?).await?;
        if published.issuer != self.settings.issuer {
            return Err(FetchError::AnotherIssuer);
        }
        let endpoint = |url: &str| self.discovery.named_by(url).map_err(|fault| FetchError::Endpoint(fault.into()));
        let methods = published.token_endpoint_auth_methods_supported;
        Ok(Metadata {
            authorization: endpoint(&published.authorization_endpoint)?,
            token: endpoint(&published.token_endpoint)?,
            keys: endpoint(&published.jwks_uri)?,
            userinfo: published.userinfo_endpoint.as_deref().map(endpoint).transpose()?,
            takes_basic: methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")),
            names_itself: published.authorization_response_iss_parameter_supported,
        })
    }

    async fn fetch_keys(&self, metadata: &Metadata) -> Result<KeySet, FetchError> {
        let published: PublishedKeys = self.fetcher.fetch_json(metadata.keys.get(None)?).await?;
        Ok(KeySet::read(published))
    }
}
