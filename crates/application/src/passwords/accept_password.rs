use domain::passwords::{NewPassword, Password};

use crate::{Application, ApplicationError};

impl Application {
    /// Makes a new password of one that was typed. It costs nothing, so it comes before what does.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`].
    pub(crate) fn accept_password(&self, typed: Password) -> Result<NewPassword, ApplicationError> {
        self.settings.password_policy.accept(typed).map_err(ApplicationError::RefusedPassword)
    }
}
