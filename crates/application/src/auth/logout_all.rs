use domain::{Revocation, RevokedTokens};

use crate::audit::Event;
use crate::{Actor, Application, ApplicationError, Target};

impl Application {
    /// Ends all sessions of an account: all of one's own, this one too, or anybody's for an admin.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::Unavailable`];
    /// [`ApplicationError::InvalidAccessToken`] when the actor's own account is gone meanwhile.
    pub async fn logout_all(&self, actor: &Actor, target: Target) -> Result<(), ApplicationError> {
        let id = target.authorize(actor)?;
        let reason = target.reason();
        let revocation = Revocation { at: self.ports.clock.now(), reason };

        let unit = self.ports.units_of_work.begin().await?;
        let mut user = unit.users().find_by_id_for_update(id).await?.ok_or(target.missing())?;
        user.void_access_tokens();
        unit.users().update(&user).await?;
        unit.refresh_tokens().revoke_all(id, None, revocation).await?;
        let event = Event::SessionsEnded { user: id, session: None, reason, by: Some(actor.user_id) };
        self.commit_revoking(unit, &[RevokedTokens::OfUser(id, user.epoch)], event).await
    }
}
