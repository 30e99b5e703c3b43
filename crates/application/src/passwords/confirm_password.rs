use domain::passwords::{HashPlace, Password, Verification};
use domain::users::UserIdentifier;

use crate::audit::Event;
use crate::{Actor, Application, ApplicationError};

impl Application {
    /// Lets pass an actor who knows their password, and returns the place at the hasher that this took: keep it to the
    /// end. It takes as long as a hash, so call it before the unit of work. A unit that [`Application::begin_as`] or
    /// [`Application::begin_on`] begins afterwards finds the same password, since another one ends the actor.
    /// Of an actor without a password, each is wrong.
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
        let whose = UserIdentifier::Id(actor.user_id);
        let found = self.in_turn(self.ports.passwords.find_with_user(&whose)).await?;
        let (user, stored) = found.ok_or(ApplicationError::InvalidAccessToken)?;
        match place.verify(current, stored).await? {
            Verification::Match { .. } => Ok(place),
            Verification::Mismatch => {
                Event::CurrentPasswordWrong { user: user.id }.record();
                Err(ApplicationError::WrongCurrentPassword)
            }
        }
    }
}
