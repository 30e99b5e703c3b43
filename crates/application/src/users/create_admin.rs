use domain::ports::UniqueField;
use domain::{Email, Password, Role, User};

use super::CreateUser;
use crate::{Application, ApplicationError};

/// What came of asking for an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAccount {
    /// It was made.
    Created(User),
    /// An active admin has the email already. Nothing was changed, the password neither.
    AlreadyAdmin(User),
}

impl Application {
    /// Makes an admin on the word of whoever runs the service: there is no actor. Asking again changes nothing.
    ///
    /// # Errors
    /// [`ApplicationError::Duplicate`] when the email belongs to an account that is no active admin, which is not
    /// promoted in passing; [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn create_admin(&self, email: Email, password: Password) -> Result<AdminAccount, ApplicationError> {
        if let Some(user) = self.ports.users.find_by_email(&email).await? {
            return if user.is_active_admin() {
                Ok(AdminAccount::AlreadyAdmin(user))
            } else {
                Err(ApplicationError::Duplicate(UniqueField::Email))
            };
        }
        let new = CreateUser {
            email,
            password,
            username: None,
            full_name: None,
            birthday: None,
            role: Some(Role::Admin),
            is_active: Some(true),
        };
        Ok(AdminAccount::Created(self.insert_user(new, None).await?))
    }
}
