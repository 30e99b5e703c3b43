use domain::events::What;
use domain::factors::{FactorName, NewTotpDevice, TotpDevice, TotpDeviceId, TotpEnrolment};

use super::Factors;
use crate::acting::begin_proven;
use crate::{Actor, ApplicationError};

/// An authenticator app to set up.
#[derive(Clone, Debug)]
pub struct SetUpTotp {
    /// What its user calls it.
    pub name: FactorName,
}

impl Factors {
    /// Makes a secret for an authenticator app of the actor's. It is not a factor before [`Factors::confirm_totp`].
    /// One that was set up before and not confirmed is forgotten.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::Duplicate`] of `name`,
    /// [`ApplicationError::TooManyFactors`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Unavailable`].
    pub async fn set_up_totp(
        &self,
        actor: &Actor,
        set_up: SetUpTotp,
    ) -> Result<(TotpDevice, TotpEnrolment), ApplicationError> {
        let proven = begin_proven(self.units.as_ref(), actor, self.clock.as_ref(), self.sudo_window).await?;
        let (unit, user) = (proven.unit, proven.user);
        unit.factors().delete_unconfirmed_totp(user.id).await?;
        if unit.factors().list_totp(user.id).await?.len() >= TotpDevice::MAX_PER_USER {
            return Err(ApplicationError::TooManyFactors);
        }
        let now = self.clock.now();
        let id = TotpDeviceId::new(self.ids.v7(now));
        let secret = self.second_factors.totp.generate(id, user.id).map_err(ApplicationError::Internal)?;
        let device = TotpDevice::set_up(NewTotpDevice { id, user_id: user.id, name: set_up.name, secret }, now);
        let enrolment = self.second_factors.totp.enrolment(&device, &user.email);
        let enrolment = enrolment
            .ok_or_else(|| ApplicationError::Internal("a secret that was just sealed does not open".into()))?;
        unit.factors().insert_totp(&device).await?;
        self.journal.commit(unit, actor.did(What::FactorSetUp { user: user.id })).await?;
        Ok((device, enrolment))
    }
}
