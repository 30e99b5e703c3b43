use domain::passwords::{NewPassword, Password};

use super::Passwords;
use crate::ApplicationError;

impl Passwords {
    /// Makes a new password from one that was typed. It is cheap, so call it before anything that is not.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`].
    pub(crate) fn accept(&self, typed: Password) -> Result<NewPassword, ApplicationError> {
        self.policy.accept(typed).map_err(ApplicationError::RefusedPassword)
    }
}
