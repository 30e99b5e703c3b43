use domain::{Revocation, RevocationReason};

use crate::audit::{Event, record};
use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Ends all of the actor's sessions, this one too.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]; [`ApplicationError::InvalidAccessToken`] when the account is gone meanwhile.
    pub async fn logout_all(&self, actor: &Actor) -> Result<(), ApplicationError> {
        let reason = RevocationReason::Logout;
        let revocation = Revocation { at: self.ports.clock.now(), reason };

        let unit = self.ports.units_of_work.begin().await?;
        let found = unit.users().find_by_id_for_update(actor.user_id).await?;
        let mut user = found.ok_or(ApplicationError::InvalidAccessToken)?;
        user.void_access_tokens();
        unit.users().update(&user).await?;
        unit.refresh_tokens().revoke_all(user.id, None, revocation).await?;
        let event = Event::SessionsEnded { user: user.id, session: None, reason };
        Ok(record(event, unit.commit(), |()| true).await?)
    }
}
