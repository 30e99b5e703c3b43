use domain::Secret;
use domain::providers::{CodeVerifier, FlowToken, LinkingSession, ProvenIdentity, ProviderFlow};

use super::Providers;
use crate::ApplicationError;

/// The code by which an app ends a flow.
#[derive(Clone, Debug)]
pub struct RedeemCode {
    /// The code.
    pub code: Secret,
    /// What the flow's challenge is of, if it has one.
    pub verifier: Option<CodeVerifier>,
}

impl Providers {
    /// Uses a code, and returns its flow and what the provider said. It must be of a flow of this kind: one that links
    /// in this session, or one that signs in.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidProviderCode`], whatever is wrong; [`ApplicationError::Unavailable`].
    pub(super) async fn redeem(
        &self,
        redeem: &RedeemCode,
        linking: Option<LinkingSession>,
    ) -> Result<(ProviderFlow, ProvenIdentity), ApplicationError> {
        let now = self.sign_in.clock.now();
        let is_good = |flow: &ProviderFlow| flow.linking == linking && self.knows_verifier(flow, redeem);
        let found = self.find(FlowToken::Code, &redeem.code).await?.filter(is_good);
        let flow = found.ok_or(ApplicationError::InvalidProviderCode)?;
        let proven = flow.redeemable(now).cloned().ok_or(ApplicationError::InvalidProviderCode)?;
        match self.flows.redeem(flow.id, now).await? {
            true => Ok((flow, proven)),
            false => Err(ApplicationError::InvalidProviderCode),
        }
    }

    /// A verifier where the flow has no challenge is wrong, too: whoever began it was somebody else.
    fn knows_verifier(&self, flow: &ProviderFlow, redeem: &RedeemCode) -> bool {
        flow.code_challenge == redeem.verifier.as_ref().map(|verifier| self.challenges.challenge(verifier))
    }
}
