use domain::events::What;
use domain::mail::Letter;
use domain::users::UserId;

use super::Factors;
use crate::acting::{OnAccount, begin_on};
use crate::{Actor, ApplicationError, Target};

impl Factors {
    /// Removes all second factors of a user who lost them, and ends their sessions. For admins, who see none of them. The
    /// user is told.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Unavailable`].
    pub async fn reset(&self, actor: &Actor, user: UserId) -> Result<(), ApplicationError> {
        let target = Target::User(user);
        let OnAccount { unit, user, .. } = begin_on(self.units.as_ref(), actor, target, self.clock.as_ref()).await?;
        unit.factors().delete_all(user.id).await?;
        self.one_time_tokens.notify(unit.as_ref(), &user, Letter::FactorsReset).await?;
        let what = What::FactorsReset { user: user.id };
        self.commit_change(unit, user, actor, None, what).await
    }
}
