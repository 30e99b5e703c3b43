use domain::events::What;
use domain::identities::IdentityId;
use domain::mail::Letter;
use domain::sessions::{Authentication, Method, Revocation, RevocationReason};

use super::Providers;
use crate::acting::{Proven, begin_proven, keep_a_way_in};
use crate::sessions::end_all;
use crate::{Actor, ApplicationError};

impl Providers {
    /// Unlinks an account at a provider. The actor's other sessions end, since they may have begun with it. If it was the
    /// last, this one no longer counts as proven by a provider, unless it was proven by nothing else.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::NotFound`], [`ApplicationError::LastWayIn`],
    /// [`ApplicationError::InvalidAccessToken`], [`ApplicationError::Unavailable`].
    pub async fn unlink(&self, actor: &Actor, id: IdentityId) -> Result<(), ApplicationError> {
        let (units, clock) = (self.sign_in.units.as_ref(), self.sign_in.clock.as_ref());
        let Proven { unit, mut user, session } = begin_proven(units, actor, clock, self.sudo_window).await?;
        if !unit.identities().delete(user.id, id).await? {
            return Err(ApplicationError::NotFound);
        }
        keep_a_way_in(unit.as_ref(), user.id).await?;
        let Authentication { at, methods } = session.authentication;
        if let (true, Some(methods)) =
            (unit.identities().list(user.id).await?.is_empty(), methods.without(Method::Provider))
        {
            unit.refresh_tokens().record_authentication(session.id, Authentication { at, methods }).await?;
        }
        self.sign_in.one_time_tokens.notify(unit.as_ref(), &user, Letter::IdentityUnlinked).await?;
        let revocation = Revocation { at: clock.now(), reason: RevocationReason::FactorsChanged };
        let void = end_all(unit.as_ref(), &mut user, Some(actor.session), revocation).await?;
        let event = actor.did(What::IdentityUnlinked { user: user.id });
        self.sign_in.journal.commit_revoking(unit, event, &[void]).await
    }
}
