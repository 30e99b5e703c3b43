use domain::events::What;
use domain::users::UserId;

use super::AttemptCounts;
use crate::acting::{OnAccount, begin_on, require_proof};
use crate::{Actor, ApplicationError, Target};

impl AttemptCounts {
    /// Forgets what is counted of an account, so that its owner may try again at once: passwords, codes and mails. For
    /// admins, who must know that it was the owner who tried, and have proven lately who they are: otherwise whoever
    /// holds their token would guess without end.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::StepUpRequired`],
    /// [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile, [`ApplicationError::Unavailable`].
    pub async fn forget(&self, actor: &Actor, user: UserId) -> Result<(), ApplicationError> {
        let clock = self.attempts.clock.as_ref();
        let target = Target::User(user);
        let OnAccount { unit, session, user, .. } = begin_on(self.units.as_ref(), actor, target, clock).await?;
        require_proof(unit.as_ref(), &session, clock, self.sudo_window).await?;
        unit.attempts().forget_all(user.id, &self.keys_by_address(&user.email)).await?;
        self.journal.commit(unit, actor.did(What::AttemptsForgotten { user: user.id })).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::units::MockUnits;
    use domain::users::MockUserRepository;

    use super::*;
    use crate::attempts::testing::{Mocks, counts, counts_by};
    use crate::testing::{a_unit_on, a_user, an_actor, an_admin, user_id};

    #[tokio::test]
    async fn an_admin_forgets_what_is_counted_and_it_is_recorded() {
        let mut unit = a_unit_on(a_user(), vec![an_admin().user_id]);
        unit.attempts.expect_forget_all().withf(|user, _| *user == user_id()).times(1).returning(|_, _| Ok(2));
        let units = MockUnits::new([unit]);
        let (commits, events) = (units.commits(), units.events());
        counts_by(units).forget(&an_admin(), user_id()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        assert_eq!(events.lock().unwrap()[0].what, What::AttemptsForgotten { user: user_id() });
    }

    #[tokio::test]
    async fn nobody_else_does() {
        let result = counts(Mocks::default(), MockUserRepository::new()).forget(&an_actor(), user_id()).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }
}
