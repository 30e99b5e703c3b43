use domain::events::What;
use domain::passwords::{HashPlace, Password, Verification};
use domain::users::{User, UserIdentifier};

use super::Passwords;
use crate::attempts::{Guess, Whose};
use crate::{Actor, ApplicationError};

impl Passwords {
    /// Accepts an actor who knows their password, and has proven lately by a second factor who they are if they have
    /// one. Returns their account and the place at the hasher that this took: keep it to the end. It takes as long as a
    /// hash, so call it before the unit of work. A unit that [`begin_as`](crate::acting::begin_as) or
    /// [`begin_on`](crate::acting::begin_on) begins afterwards finds the same password, since a new one ends the actor.
    ///
    /// Whoever has no password brings none, and needs a recent proof of any kind. Every password is wrong for an actor
    /// whose stored hash cannot be used.
    ///
    /// An attempt counts together with those to sign in: it is the same secret that is guessed.
    ///
    /// # Errors
    /// [`ApplicationError::CurrentPasswordRequired`]; [`ApplicationError::StepUpRequired`], whether or not the password
    /// is right; [`ApplicationError::NoPassword`]; [`ApplicationError::WrongCurrentPassword`];
    /// [`ApplicationError::TooManyAttempts`], whether or not it is right; [`ApplicationError::InvalidAccessToken`] when
    /// the account is gone; [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub(crate) async fn confirm(
        &self,
        actor: &Actor,
        current: Option<&Password>,
    ) -> Result<(User, Box<dyn HashPlace>), ApplicationError> {
        let mut place = self.hashing.reserve()?;
        let whose = UserIdentifier::Id(actor.user_id);
        let found = self.hashing.in_turn(self.passwords.find_with_user(&whose)).await?;
        let (user, stored) = found.ok_or(ApplicationError::InvalidAccessToken)?;
        if stored.is_some() && current.is_none() {
            return Err(ApplicationError::CurrentPasswordRequired);
        }
        self.hashing.in_turn(self.sudo.require(actor, stored.is_some(), current.is_some())).await?;
        let Some(current) = current else { return Ok((user, place)) };
        if stored.is_none() {
            return Err(ApplicationError::NoPassword);
        }
        let guess = Guess { whose: Whose::User(user.id), password: current, stored, address: actor.address };
        if let Verification::Match { .. } = self.attempts.verify(&self.hashing, place.as_mut(), guess).await? {
            return Ok((user, place));
        }
        let event = actor.did(What::CurrentPasswordWrong { user: user.id });
        self.journal.record_refusal(&self.units, &self.hashing, event).await;
        Err(ApplicationError::WrongCurrentPassword)
    }
}
