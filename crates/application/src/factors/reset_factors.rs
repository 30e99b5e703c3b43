use domain::events::{By, NewEvent, What};
use domain::mail::Letter;
use domain::units::AccountUnit;
use domain::users::{Email, User, UserId};

use super::Factors;
use crate::acting::{OnAccount, begin_on, require_proof};
use crate::end_all::commit_ways_in;
use crate::second_factors::kinds_of;
use crate::{Actor, ApplicationError, Target};

impl Factors {
    /// Removes all second factors of a user who lost them, passkeys too, and ends their sessions. For admins who have
    /// proven lately who they are. They see none of the factors, and set none. The user is told. Of a user who has
    /// none, nothing is changed. Admins remove their own one by one, where the last stays that they need.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], also for the admin's own account; [`ApplicationError::NotFound`],
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Unavailable`].
    pub async fn reset(&self, actor: &Actor, user: UserId) -> Result<(), ApplicationError> {
        if user == actor.user_id {
            return Err(ApplicationError::Forbidden);
        }
        let (target, clock) = (Target::User(user), self.clock.as_ref());
        let OnAccount { unit, session, user, .. } = begin_on(self.units.as_ref(), actor, target, clock).await?;
        require_proof(unit.as_ref(), &session, clock, self.sudo_window).await?;
        let event = actor.did(What::FactorsReset { user: user.id });
        self.remove_all(unit, user, event).await.map(drop)
    }

    /// The same on the word of the operator: there is no actor. It may be any account, also that of the last admin.
    /// Returns whether there were any.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`] when nobody has the email; [`ApplicationError::Unavailable`].
    pub async fn reset_by_email(&self, email: &Email) -> Result<bool, ApplicationError> {
        let found = self.users.find_by_email(email).await?.ok_or(ApplicationError::NotFound)?;
        let unit = self.units.begin().await?;
        let user = unit.users().find_by_id_for_update(found.id).await?.ok_or(ApplicationError::NotFound)?;
        let event = By::Operator.did(What::FactorsReset { user: user.id });
        self.remove_all(unit, user, event).await
    }

    async fn remove_all(
        &self,
        unit: Box<dyn AccountUnit>,
        user: User,
        event: NewEvent,
    ) -> Result<bool, ApplicationError> {
        if kinds_of(unit.factors(), unit.passkeys(), user.id).await?.is_empty() {
            return Ok(false);
        }
        unit.factors().delete_all(user.id).await?;
        unit.passkeys().delete_all(user.id).await?;
        // Whoever guessed at the old ones must not keep their owner from confirming another.
        unit.attempts().forget(&self.second_factors.key(user.id)).await?;
        self.one_time_tokens.notify(unit.as_ref(), &user, Letter::FactorsReset).await?;
        commit_ways_in(&self.journal, unit, user, None, event).await?;
        Ok(true)
    }
}
