use domain::passkeys::{CeremonyPurpose, Passkey};

use super::{Asked, Passkeys};
use crate::acting::begin_proven;
use crate::factors::Factors;
use crate::{Actor, ApplicationError};

impl Passkeys {
    /// Asks for a new passkey of the actor's. It is good for their session alone.
    ///
    /// # Errors
    /// [`ApplicationError::PasskeysOff`], [`ApplicationError::StepUpRequired`], [`ApplicationError::TooManyFactors`],
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn start_registration(&self, actor: &Actor) -> Result<Asked, ApplicationError> {
        let web_authn = self.ceremonies.web_authn()?;
        let (user, existing) = {
            let Factors { units, clock, sudo_window, .. } = &self.factors;
            let proven = begin_proven(units.as_ref(), actor, clock.as_ref(), *sudo_window).await?;
            let existing = proven.unit.passkeys().list(proven.user.id).await?;
            (proven.user, existing)
        };
        if existing.len() >= Passkey::MAX_PER_USER {
            return Err(ApplicationError::TooManyFactors);
        }
        let started = web_authn.start_registration(&user, &existing).map_err(ApplicationError::Internal)?;
        let purpose = CeremonyPurpose::Registration { user: user.id, session: actor.session };
        self.ceremonies.begin(purpose, started).await
    }
}
