use domain::events::What;
use domain::factors::TotpDeviceId;
use domain::mail::Letter;

use super::Factors;
use crate::acting::{Proven, begin_proven};
use crate::{Actor, ApplicationError};

impl Factors {
    /// Removes an authenticator app of the actor's. Recovery codes go with the last one, the actor's other sessions end, and
    /// this one no longer counts as proven by it, or ends if it began by nothing else.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::NotFound`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Unavailable`].
    pub async fn remove_totp(&self, actor: &Actor, id: TotpDeviceId) -> Result<(), ApplicationError> {
        let Proven { unit, user, session } =
            begin_proven(self.units.as_ref(), actor, self.clock.as_ref(), self.sudo_window).await?;
        if !unit.factors().delete_totp(user.id, id).await? {
            return Err(ApplicationError::NotFound);
        }
        let spared = self.forget_removed(unit.as_ref(), &session).await?;
        self.one_time_tokens.notify(unit.as_ref(), &user, Letter::FactorRemoved).await?;
        let event = actor.did(What::FactorRemoved { user: user.id });
        self.commit_change(unit, user, spared, event).await
    }
}
