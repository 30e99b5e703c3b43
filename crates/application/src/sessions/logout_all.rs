use domain::events::What;
use domain::one_time_tokens::Purpose;
use domain::sessions::{Revocation, RevokedTokens};

use super::Sessions;
use crate::acting::{OnAccount, begin_on};
use crate::{Actor, ApplicationError, Target};

impl Sessions {
    /// Ends all sessions of an account: all of one's own, also the current one, or anybody's for an admin.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::Unavailable`];
    /// [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile.
    pub async fn logout_all(&self, actor: &Actor, target: Target) -> Result<(), ApplicationError> {
        let reason = target.reason();

        let OnAccount { unit, mut user, .. } =
            begin_on(self.units.as_ref(), actor, target, self.clock.as_ref()).await?;
        let revocation = Revocation { at: self.clock.now(), reason };
        user.void_access_tokens();
        unit.users().update(&user).await?;
        unit.refresh_tokens().revoke_all(user.id, None, revocation).await?;
        // Whoever is signed out here may have asked for it.
        unit.one_time_tokens().void_for_user(Purpose::ChangeEmail, user.id).await?;
        let event = actor.did(What::SessionsEnded { user: user.id, session: None, reason });
        self.journal.commit_revoking(unit, event, &[RevokedTokens::OfUser(user.id, user.epoch)]).await
    }
}
