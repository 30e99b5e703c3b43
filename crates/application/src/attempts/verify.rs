use std::net::IpAddr;

use domain::passwords::{HashError, HashPlace, Password, PasswordHash, Verification};
use tracing::error;

use super::{Attempts, Whose};
use crate::{ApplicationError, Hashing};

/// A password as somebody typed it, and what it is compared with.
pub(crate) struct Guess<'a> {
    pub(crate) whose: Whose<'a>,
    pub(crate) password: &'a Password,
    /// The hash of the right one, read before. `None` where there is none: no password is right then.
    pub(crate) stored: Option<PasswordHash>,
    /// Where it comes from.
    pub(crate) address: Option<IpAddr>,
}

impl Attempts {
    /// Compares a password when it is its turn. It counts as an attempt, and as none if it is right.
    ///
    /// # Errors
    /// [`ApplicationError::TooManyAttempts`], whether or not it is right; [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub(crate) async fn verify(
        &self,
        hashing: &Hashing,
        place: &mut dyn HashPlace,
        guess: Guess<'_>,
    ) -> Result<Verification, ApplicationError> {
        let _line = self.lines.wait(guess.whose).await;
        let attempt = hashing.in_turn(self.reserve(guess.whose, guess.address)).await?;
        let verification = compare(place, guess).await?;
        if let Verification::Match { .. } = verification {
            hashing.in_turn(attempt.was_right()).await?;
        }
        Ok(verification)
    }
}

/// A stored hash that cannot be used is logged, and then the password is wrong: the client cannot tell such an account
/// from another, not even by the time.
async fn compare(place: &mut dyn HashPlace, guess: Guess<'_>) -> Result<Verification, HashError> {
    match place.verify(guess.password, guess.stored).await {
        Err(fault @ HashError::Unusable(_)) => {
            let user = guess.whose.user().map(|user| user.to_string());
            error!(user, error = %fault, "a user cannot sign in until their password hash is repaired");
            place.verify(guess.password, None).await
        }
        result => result,
    }
}
