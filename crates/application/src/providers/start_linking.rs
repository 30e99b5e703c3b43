use domain::Secret;
use domain::identities::ProviderName;
use domain::providers::{FlowToken, LinkingSession};

use super::{Providers, StartFlow};
use crate::acting::check_proven;
use crate::{Actor, ApplicationError};

impl Providers {
    /// Begins to link an account at a provider to the actor's. Returns the token by which their browser opens the flow.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::UnknownProvider`],
    /// [`ApplicationError::ReturnToNotAllowed`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Unavailable`].
    pub async fn start_linking(
        &self,
        actor: &Actor,
        provider: &ProviderName,
        start: StartFlow,
    ) -> Result<Secret, ApplicationError> {
        let linking = LinkingSession { user: actor.user_id, session: actor.session };
        let flow = self.begin(provider, start, None, Some(linking))?;
        let (units, clock) = (self.sign_in.units.as_ref(), self.sign_in.clock.as_ref());
        check_proven(units, actor, clock, self.sudo_window).await?;
        self.flows.insert(&flow).await?;
        Ok(flow.token(FlowToken::Link, self.mac.as_ref()))
    }
}
