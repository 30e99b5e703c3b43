use domain::units::AccountUnit;
use domain::users::{Email, User};

use super::insert_user::{MadeBy, NewAccount};
use super::{NewUser, Users};
use crate::ApplicationError;

impl Users {
    /// Adds the account of somebody who signs in by an identity provider, in this unit. It has no password.
    ///
    /// # Errors
    /// [`ApplicationError::RegistrationClosed`], [`ApplicationError::Duplicate`], [`ApplicationError::Unavailable`].
    pub(crate) async fn insert_for_identity(
        &self,
        unit: &dyn AccountUnit,
        email: Email,
        email_verified: bool,
    ) -> Result<User, ApplicationError> {
        let user = self.new_user(NewUser { email_verified, ..NewUser::with(email) });
        let new = NewAccount { user, hash: None };
        self.insert(unit, &new, MadeBy::Owner).await?;
        Ok(new.user)
    }
}
