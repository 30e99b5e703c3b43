use domain::events::What;
use domain::identities::IdentityId;
use domain::mail::Letter;
use domain::sessions::Method;

use super::Providers;
use crate::acting::{Proven, begin_proven, keep_a_way_in};
use crate::end_all::{commit_ways_in, forget_methods};
use crate::{Actor, ApplicationError};

impl Providers {
    /// Unlinks an account at a provider. The actor's other sessions end, since they may have begun with it. If it was
    /// the last, this one no longer counts as proven by a provider, or ends if it began by nothing else.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::NotFound`], [`ApplicationError::LastWayIn`],
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn unlink(&self, actor: &Actor, id: IdentityId) -> Result<(), ApplicationError> {
        let (units, clock) = (self.sign_in.units.as_ref(), self.sign_in.clock.as_ref());
        let Proven { unit, user, session } = begin_proven(units, actor, clock, self.sudo_window).await?;
        let before = unit.identities().list(user.id).await?;
        if !unit.identities().delete(user.id, id).await? {
            return Err(ApplicationError::NotFound);
        }
        let are_passkeys_on = self.sign_in.second_factors.ceremonies.are_on();
        keep_a_way_in(unit.as_ref(), user.id, self.providers.as_ref(), are_passkeys_on).await?;
        let is_last = before.iter().all(|identity| identity.id == id);
        let gone = is_last.then_some(Method::Provider).into_iter();
        let spared = forget_methods(unit.as_ref(), &session, gone).await?;
        let unlinked = before.iter().find(|identity| identity.id == id);
        let letter = Letter::IdentityUnlinked { provider: unlinked.map(|identity| self.title(&identity.provider)) };
        self.sign_in.one_time_tokens.notify(unit.as_ref(), &user, letter).await?;
        let event = actor.did(What::IdentityUnlinked { user: user.id });
        commit_ways_in(&self.sign_in.journal, unit, user, spared, event).await
    }
}
