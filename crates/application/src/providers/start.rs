use domain::Nonce;
use domain::identities::ProviderName;
use domain::providers::{
    AuthorizationRequest, Browser, CodeChallenge, FlowToken, LinkingSession, NewProviderFlow, PresentedFlowToken,
    ProviderError, ProviderFlow, ProviderFlowId,
};
use domain::{Secret, StoreError};

use super::Providers;
use crate::ApplicationError;

/// What a flow begins with.
#[derive(Clone, Debug)]
pub struct StartFlow {
    /// Where the browser is to be sent in the end.
    pub return_to: String,
    /// What whoever gets the code in the end must know.
    pub code_challenge: Option<CodeChallenge>,
}

/// A browser on its way to a provider.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Where it is sent.
    pub url: String,
    /// What it is known by when it comes back. It keeps it in a cookie.
    pub browser: Browser,
}

impl Providers {
    /// Begins a sign-in in this browser, which may have begun others.
    ///
    /// # Errors
    /// [`ApplicationError::UnknownProvider`], [`ApplicationError::ReturnToNotAllowed`],
    /// [`ApplicationError::ProviderUnavailable`], [`ApplicationError::Unavailable`].
    pub async fn start(
        &self,
        provider: &ProviderName,
        start: StartFlow,
        browser: Option<Browser>,
    ) -> Result<Departure, ApplicationError> {
        let browser = browser.unwrap_or_else(|| self.new_browser());
        let flow = self.begin(provider, start, Some(&browser), None)?;
        // Asked before anything is stored, and without a connection to the database.
        let url = self.authorization_url(&flow).await?;
        self.flows.insert(&flow).await?;
        Ok(Departure { url, browser })
    }

    /// Sends a browser to the provider in a flow that links an account, once.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`], whatever is wrong with the token;
    /// [`ApplicationError::ProviderUnavailable`], [`ApplicationError::Unavailable`].
    pub async fn open(
        &self,
        provider: &ProviderName,
        link: &Secret,
        browser: Option<Browser>,
    ) -> Result<Departure, ApplicationError> {
        let browser = browser.unwrap_or_else(|| self.new_browser());
        let found = self.find(FlowToken::Link, link).await?;
        let flow = found.filter(|flow| flow.linking.is_some() && flow.provider == *provider);
        let flow = flow.ok_or(ApplicationError::InvalidOneTimeToken)?;
        let url = self.authorization_url(&flow).await?;
        let now = self.sign_in.clock.now();
        match self.flows.open(flow.id, &browser.mark(self.mac.as_ref()), now).await? {
            true => Ok(Departure { url, browser }),
            false => Err(ApplicationError::InvalidOneTimeToken),
        }
    }

    /// A flow that is not stored yet.
    pub(super) fn begin(
        &self,
        provider: &ProviderName,
        start: StartFlow,
        browser: Option<&Browser>,
        linking: Option<LinkingSession>,
    ) -> Result<ProviderFlow, ApplicationError> {
        let StartFlow { return_to, code_challenge } = start;
        self.require(provider)?;
        if !self.return_to.contains(&return_to) {
            return Err(ApplicationError::ReturnToNotAllowed);
        }
        let (ids, now) = (&self.sign_in.ids, self.sign_in.clock.now());
        let new = NewProviderFlow {
            id: ProviderFlowId::new(ids.v7(now)),
            provider: provider.clone(),
            nonce: Nonce::new(ids.v4().into_bytes()),
            browser: browser.map(|browser| browser.mark(self.mac.as_ref())),
            return_to,
            code_challenge,
            linking,
        };
        Ok(ProviderFlow::begin(new, now))
    }

    /// The flow that a token is of.
    pub(super) async fn find(&self, kind: FlowToken, token: &Secret) -> Result<Option<ProviderFlow>, StoreError> {
        let Some(presented) = PresentedFlowToken::parse(kind, token.expose()) else { return Ok(None) };
        let found = self.flows.find(presented.id).await?;
        Ok(found.filter(|flow| presented.is_genuine(flow, self.mac.as_ref())))
    }

    async fn authorization_url(&self, flow: &ProviderFlow) -> Result<String, ApplicationError> {
        let mac = self.mac.as_ref();
        let request = AuthorizationRequest {
            state: flow.token(FlowToken::State, mac),
            nonce: flow.id_token_nonce(mac),
            challenge: self.challenges.challenge(&flow.verifier(mac)),
        };
        self.providers.authorization_url(&flow.provider, &request).await.map_err(|error| {
            log(&flow.provider, &error);
            match error {
                ProviderError::Unknown => ApplicationError::UnknownProvider,
                _ => ApplicationError::ProviderUnavailable { return_to: flow.return_to.clone() },
            }
        })
    }

    fn new_browser(&self) -> Browser {
        Browser::generate([(); 2].map(|()| Nonce::new(self.sign_in.ids.v4().into_bytes())))
    }
}

/// Logs what an operator has to know of a provider.
pub(super) fn log(provider: &ProviderName, error: &ProviderError) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%provider, error = %error, cause, "a sign-in by a provider failed");
}
