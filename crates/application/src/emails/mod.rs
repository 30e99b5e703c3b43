//! Addresses: how somebody proves that one is theirs, and how an account gets another.

mod confirm_change;
mod request_change;
mod resend_verification;
mod stop_change;
#[cfg(test)]
mod testing;
mod verify;

use domain::one_time_tokens::OneTimeToken;
use domain::units::AccountUnit;
use domain::users::User;

pub use request_change::RequestEmailChange;

use crate::ApplicationError;
use crate::one_time_tokens::consume;
use crate::users::Users;

/// The use cases of addresses.
#[derive(Clone)]
pub struct Emails {
    /// Makes the accounts that wait for a proof. Its passwords ask for the current one, and have what writing an
    /// account takes.
    pub users: Users,
}

impl Emails {
    /// Begins a unit of work that uses the token, and returns it with the token's account, locked.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`] when the token was used meanwhile, or the account is disabled or gone.
    async fn begin_with(&self, token: &OneTimeToken) -> Result<(Box<dyn AccountUnit>, User), ApplicationError> {
        let user_id = token.user_id.ok_or(ApplicationError::InvalidOneTimeToken)?;
        let unit = self.users.passwords.units.begin().await?;
        let user = unit.users().find_by_id_for_update(user_id).await?.filter(|user| user.is_active);
        let user = user.ok_or(ApplicationError::InvalidOneTimeToken)?;
        consume(unit.as_ref(), token, self.users.passwords.clock.now()).await?;
        Ok((unit, user))
    }
}
