use domain::passwords::{HashPlace, Password, Verification};

use super::Passwords;
use crate::audit::Event;
use crate::{Actor, ApplicationError};

impl Passwords {
    /// Lets pass an actor who knows their password, and returns the place at the hasher that this took: keep it to the
    /// end. It takes as long as a hash, so call it before the unit of work. A unit that [`Passwords::begin_as`] or
    /// [`Passwords::begin_on`] begins afterwards finds the same password, since another one ends the actor.
    ///
    /// # Errors
    /// [`ApplicationError::WrongCurrentPassword`]; [`ApplicationError::InvalidAccessToken`] where the account is gone;
    /// [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub(crate) async fn confirm(
        &self,
        actor: &Actor,
        current: &Password,
    ) -> Result<Box<dyn HashPlace>, ApplicationError> {
        let mut place = self.hashing.reserve()?;
        let found = self.hashing.in_turn(self.users.find_by_id(actor.user_id)).await?;
        let user = found.ok_or(ApplicationError::InvalidAccessToken)?;
        match place.verify(current, Some(user.password_hash)).await? {
            Verification::Match { .. } => Ok(place),
            Verification::Mismatch => {
                Event::CurrentPasswordWrong { user: user.id }.record();
                Err(ApplicationError::WrongCurrentPassword)
            }
        }
    }
}
