use domain::events::What;
use domain::passwords::{HashPlace, Password, Verification};

use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Lets pass an actor who knows their password, and returns the place at the hasher that this took: keep it to the
    /// end. It takes as long as a hash, so call it before the unit of work. A unit that [`Application::begin_as`] or
    /// [`Application::begin_on`] begins afterwards finds the same password, since another one ends the actor.
    ///
    /// # Errors
    /// [`ApplicationError::WrongCurrentPassword`]; [`ApplicationError::InvalidAccessToken`] where the account is gone;
    /// [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub(crate) async fn confirm_password(
        &self,
        actor: &Actor,
        current: &Password,
    ) -> Result<Box<dyn HashPlace>, ApplicationError> {
        let mut place = self.ports.password_hasher.reserve()?;
        let found = self.in_turn(self.ports.users.find_by_id(actor.user_id)).await?;
        let user = found.ok_or(ApplicationError::InvalidAccessToken)?;
        match place.verify(current, Some(user.password_hash)).await? {
            Verification::Match { .. } => Ok(place),
            Verification::Mismatch => {
                self.record_refusal(actor.did(What::CurrentPasswordWrong { user: user.id })).await;
                Err(ApplicationError::WrongCurrentPassword)
            }
        }
    }
}
