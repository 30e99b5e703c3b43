use domain::Password;
use domain::ports::Verification;

use crate::audit::Event;
use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Lets pass an actor who knows their password. Takes as long as a hash: call it before the unit of work. A unit that
    /// [`Application::begin_as`] or [`Application::begin_on`] begins afterwards finds the same password, since another one
    /// ends the actor.
    ///
    /// # Errors
    /// [`ApplicationError::WrongCurrentPassword`]; [`ApplicationError::InvalidAccessToken`] where the account is gone;
    /// [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub(super) async fn confirm_password(&self, actor: &Actor, current: &Password) -> Result<(), ApplicationError> {
        let found = self.ports.users.find_by_id(actor.user_id).await?;
        let user = found.ok_or(ApplicationError::InvalidAccessToken)?;
        match self.ports.password_hasher.verify(current, Some(user.password_hash)).await? {
            Verification::Match { .. } => Ok(()),
            Verification::Mismatch => {
                Event::CurrentPasswordWrong { user: user.id }.record();
                Err(ApplicationError::WrongCurrentPassword)
            }
        }
    }
}
