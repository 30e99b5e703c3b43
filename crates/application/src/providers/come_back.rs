use domain::Secret;
use domain::identities::ProviderName;
use domain::providers::{AuthorizationResponse, Browser, FlowToken, ProviderError, ProviderFlow};

use super::Providers;
use super::start::log;
use crate::ApplicationError;

/// What a browser brings from a provider.
#[derive(Clone, Debug)]
pub struct CameBack {
    /// What it was sent with.
    pub state: Secret,
    /// The provider's code. `None` where it refuses, perhaps since somebody has changed their mind.
    pub code: Option<Secret>,
    /// The issuer that the response says it is from (RFC 9207), if it says so.
    pub issuer: Option<String>,
    /// The browser, if it is known.
    pub browser: Option<Browser>,
}

/// Where a browser is sent in the end.
#[derive(Clone, Debug)]
pub struct Landing {
    /// The place that the flow began with.
    pub return_to: String,
    /// The code by which the app ends the flow.
    pub result: Result<Secret, NoCode>,
}

/// Why a browser lands without a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCode {
    /// The provider let nobody in, perhaps since somebody has changed their mind.
    AccessDenied,
    /// The provider cannot be reached. Begin again.
    ProviderUnavailable,
    /// What the provider said proves nothing. The log has the cause.
    InvalidProviderResponse,
}

impl NoCode {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::AccessDenied, Self::ProviderUnavailable, Self::InvalidProviderResponse];

    /// Its name, which never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::InvalidProviderResponse => "invalid_provider_response",
        }
    }
}

impl Providers {
    /// Takes what a browser brings from a provider, once, if it is the browser that was sent there. The provider's code
    /// is sent to that provider and nowhere else.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidProviderResponse`], whatever is wrong with state, browser or issuer;
    /// [`ApplicationError::Unavailable`].
    pub async fn come_back(&self, provider: &ProviderName, back: CameBack) -> Result<Landing, ApplicationError> {
        let flow = self.answer(provider, &back).await?;
        let result = match back.code {
            Some(code) => self.prove(&flow, code, back.issuer).await?,
            None => Err(NoCode::AccessDenied),
        };
        Ok(Landing { return_to: flow.return_to, result })
    }

    async fn answer(&self, provider: &ProviderName, back: &CameBack) -> Result<ProviderFlow, ApplicationError> {
        let now = self.sign_in.clock.now();
        let mark = back.browser.as_ref().map(|browser| browser.mark(self.mac.as_ref()));
        let is_theirs = |flow: &ProviderFlow| {
            flow.provider == *provider && mark.is_some() && flow.browser == mark && flow.is_open(now)
        };
        let found = self.find(FlowToken::State, &back.state).await?.filter(is_theirs);
        let flow = found.ok_or(ApplicationError::InvalidProviderResponse)?;
        match self.flows.answer(flow.id, now).await? {
            true => Ok(flow),
            false => Err(ApplicationError::InvalidProviderResponse),
        }
    }

    /// Proves by the provider's code whose account it is. Returns the code by which the app ends the flow, or why the
    /// browser goes back to it without one. With an error it goes nowhere: the response was not for this flow.
    async fn prove(
        &self,
        flow: &ProviderFlow,
        code: Secret,
        issuer: Option<String>,
    ) -> Result<Result<Secret, NoCode>, ApplicationError> {
        let mac = self.mac.as_ref();
        let (nonce, verifier) = (flow.id_token_nonce(mac), flow.verifier(mac));
        let response = AuthorizationResponse { code, issuer, nonce, verifier };
        let proven = match self.providers.authenticate(&flow.provider, &response).await {
            Ok(proven) => proven,
            Err(error) => {
                log(&flow.provider, &error);
                return match error {
                    ProviderError::MixedUp | ProviderError::Unknown => Err(ApplicationError::InvalidProviderResponse),
                    ProviderError::Refused(_) => Ok(Err(NoCode::InvalidProviderResponse)),
                    ProviderError::Unavailable(_) => Ok(Err(NoCode::ProviderUnavailable)),
                };
            }
        };
        let code_expires_at = self.sign_in.clock.now() + ProviderFlow::CODE_LIFETIME;
        match self.flows.prove(flow.id, &proven, code_expires_at).await? {
            true => Ok(Ok(flow.token(FlowToken::Code, mac))),
            false => Err(ApplicationError::InvalidProviderResponse),
        }
    }
}
