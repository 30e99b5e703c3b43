use domain::events::What;
use domain::factors::TotpDeviceId;
use domain::mail::Letter;

use super::Factors;
use crate::acting::{Proven, begin_proven};
use crate::end_all::commit_ways_in;
use crate::{Actor, ApplicationError};

impl Factors {
    /// Removes an authenticator app of the actor's. Recovery codes go with the last one, the actor's other sessions
    /// end, and this one no longer counts as proven by it, or ends if it began by nothing else. One that was not
    /// confirmed goes without a trace.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::NotFound`], [`ApplicationError::LastFactor`],
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn remove_totp(&self, actor: &Actor, id: TotpDeviceId) -> Result<(), ApplicationError> {
        let Proven { unit, user, session } =
            begin_proven(self.units.as_ref(), actor, self.clock.as_ref(), self.sudo_window).await?;
        let before = unit.factors().list_totp(user.id).await?;
        if !unit.factors().delete_totp(user.id, id).await? {
            return Err(ApplicationError::NotFound);
        }
        if !before.iter().any(|device| device.id == id && device.is_confirmed()) {
            // It was no factor: there is nothing that it vouched for.
            return Ok(unit.commit().await?);
        }
        let spared = self.forget_removed(unit.as_ref(), &user, &session).await?;
        self.one_time_tokens.notify(unit.as_ref(), &user, Letter::FactorRemoved).await?;
        let event = actor.did(What::FactorRemoved { user: user.id });
        commit_ways_in(&self.journal, unit, user, spared, event).await
    }
}
