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
use crate::passwords::Passwords;
use crate::users::Users;

/// The use cases of addresses.
#[derive(Clone)]
pub struct Emails {
    /// Asks for the current password, and has what writing an account takes.
    pub passwords: Passwords,
    /// Makes the accounts that wait for a proof.
    pub users: Users,
}

impl Emails {
    /// Begins a unit of work that uses the token, and returns it with the token's account, locked.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidOneTimeToken`] when the token was used meanwhile, or the account is disabled or gone.
    async fn begin_with(&self, token: &OneTimeToken) -> Result<(Box<dyn AccountUnit>, User), ApplicationError> {
        let user_id = token.user_id.ok_or(ApplicationError::InvalidOneTimeToken)?;
        let unit = self.passwords.units.begin().await?;
        let user = unit.users().find_by_id_for_update(user_id).await?.filter(|user| user.is_active);
        let user = user.ok_or(ApplicationError::InvalidOneTimeToken)?;
        consume(unit.as_ref(), token, self.passwords.clock.now()).await?;
        Ok((unit, user))
    }
}
