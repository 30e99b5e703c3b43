use domain::passwords::{NewPassword, Password};

use super::Passwords;
use crate::ApplicationError;

impl Passwords {
    /// Makes a new password of one that was typed. It costs nothing, so it comes before what does.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`].
    pub(crate) fn accept(&self, typed: Password) -> Result<NewPassword, ApplicationError> {
        self.policy.accept(typed).map_err(ApplicationError::RefusedPassword)
    }
}
