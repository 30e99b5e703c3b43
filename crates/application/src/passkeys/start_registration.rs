use domain::factors::FactorName;
use domain::passkeys::{CeremonyPurpose, Passkey};
use domain::users::User;

use super::{Asked, Passkeys};
use crate::acting::{Proven, begin_proven};
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
        let (user, existing) = self.check_adding(actor, None).await?;
        let started = web_authn.start_registration(&user, &existing).map_err(ApplicationError::Internal)?;
        let purpose = CeremonyPurpose::Registration { user: user.id, session: actor.session };
        self.ceremonies.begin(purpose, started).await
    }

    /// Checks the same as [`Passkeys::begin_adding`], and lets the unit go: nothing stays locked. Returns the actor's
    /// account, and the passkeys that they have.
    ///
    /// # Errors
    /// Those of [`Passkeys::begin_adding`].
    pub(super) async fn check_adding(
        &self,
        actor: &Actor,
        name: Option<&FactorName>,
    ) -> Result<(User, Vec<Passkey>), ApplicationError> {
        let (Proven { user, .. }, existing) = self.begin_adding(actor, name).await?;
        Ok((user, existing))
    }

    /// Begins a unit in which the actor may add a passkey, of this name if it has one yet. Returns those that they
    /// have.
    ///
    /// # Errors
    /// Those of [`begin_proven`]; [`ApplicationError::TooManyFactors`], [`ApplicationError::Duplicate`] of `name`.
    pub(super) async fn begin_adding(
        &self,
        actor: &Actor,
        name: Option<&FactorName>,
    ) -> Result<(Proven, Vec<Passkey>), ApplicationError> {
        let Factors { units, clock, sudo_window, .. } = &self.factors;
        let proven = begin_proven(units.as_ref(), actor, clock.as_ref(), *sudo_window).await?;
        let existing = proven.unit.passkeys().list(proven.user.id).await?;
        if existing.len() >= Passkey::MAX_PER_USER {
            return Err(ApplicationError::TooManyFactors);
        }
        let key = name.map(FactorName::key);
        if existing.iter().any(|passkey| Some(passkey.name.key()) == key) {
            return Err(ApplicationError::Duplicate("name"));
        }
        Ok((proven, existing))
    }
}
