use domain::events::What;
use domain::mail::Letter;
use domain::passkeys::PasskeyId;

use super::Passkeys;
use crate::acting::{Proven, begin_proven, keep_a_way_in};
use crate::end_all::commit_ways_in;
use crate::{Actor, ApplicationError};

impl Passkeys {
    /// Removes a passkey of the actor's. Their other sessions end, and so does this one if it began by nothing else.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::NotFound`]; [`ApplicationError::LastWayIn`] when no
    /// other way in would be left that one can use; [`ApplicationError::LastFactor`],
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn remove(&self, actor: &Actor, id: PasskeyId) -> Result<(), ApplicationError> {
        let factors = &self.factors;
        let Proven { unit, user, session } =
            begin_proven(factors.units.as_ref(), actor, factors.clock.as_ref(), factors.sudo_window).await?;
        if !unit.passkeys().delete(user.id, id).await? {
            return Err(ApplicationError::NotFound);
        }
        keep_a_way_in(unit.as_ref(), user.id, self.providers.as_ref(), self.ceremonies.are_on()).await?;
        let spared = factors.forget_removed(unit.as_ref(), &user, &session).await?;
        factors.one_time_tokens.notify(unit.as_ref(), &user, Letter::PasskeyRemoved).await?;
        let event = actor.did(What::FactorRemoved { user: user.id });
        commit_ways_in(&factors.journal, unit, user, spared, event).await
    }
}
