use domain::passwords::{NewPassword, OwnWords, Password};

use super::Passwords;
use crate::ApplicationError;

impl Passwords {
    /// Makes a new password from one that somebody with these words typed as the member `field`. It takes about as long
    /// as a hash, so call it with a place at the hasher, and before the unit of work.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`].
    pub(crate) async fn accept(
        &self,
        field: &'static str,
        typed: Password,
        words: OwnWords,
    ) -> Result<NewPassword, ApplicationError> {
        let found = self.screening.examine(&typed, words).await;
        let accepted = self.screening.policy.accept(typed, &found);
        accepted.map_err(|refused| ApplicationError::RefusedPassword { field, refused })
    }

    /// Refuses a password that is too short or too long. It is cheap, so call it before anything that is not.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`].
    pub(super) fn check_length(&self, field: &'static str, typed: &Password) -> Result<(), ApplicationError> {
        let checked = self.screening.policy.check_length(typed);
        checked.map_err(|fault| ApplicationError::RefusedPassword { field, refused: fault.into() })
    }
}
