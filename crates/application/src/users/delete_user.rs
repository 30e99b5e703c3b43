use domain::{Epoch, RevokedTokens};

use super::keep_an_admin;
use crate::audit::Event;
use crate::{Actor, Application, ApplicationError, Target};

impl Application {
    /// Deletes an account, its sessions and all else that is its own.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::LastAdmin`],
    /// [`ApplicationError::Unavailable`].
    pub async fn delete_user(&self, actor: &Actor, target: Target) -> Result<(), ApplicationError> {
        let id = target.authorize(actor)?;

        let unit = self.ports.units_of_work.begin().await?;
        keep_an_admin(&unit.users().lock_active_admins().await?, id)?;
        if !unit.users().delete(id).await? {
            return Err(target.missing());
        }
        let event = Event::UserDeleted { user: id, by: actor.user_id };
        self.commit_revoking(unit, &[RevokedTokens::OfUser(id, Epoch::END)], event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::mocks::MockUnitOfWork;

    use super::*;
    use crate::testing::{Mocks, an_actor, an_admin, user_id};

    #[tokio::test]
    async fn the_last_active_admin_stays_even_if_they_wish_to_go() {
        let mut mocks = Mocks::default();
        let mut unit = MockUnitOfWork::default();
        unit.users.expect_lock_active_admins().returning(|| Ok(vec![an_admin().user_id]));
        mocks.units([unit]);
        let result = mocks.build().delete_user(&an_admin(), Target::Me).await;
        assert!(matches!(result, Err(ApplicationError::LastAdmin)));
    }

    #[tokio::test]
    async fn users_delete_themselves_and_nobody_else() {
        let mut mocks = Mocks::default();
        let mut unit = MockUnitOfWork::default();
        unit.users.expect_lock_active_admins().returning(|| Ok(vec![an_admin().user_id]));
        unit.users.expect_delete().withf(|id| *id == user_id()).times(1).returning(|_| Ok(true));
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        let application = mocks.build();
        application.delete_user(&an_actor(), Target::Me).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        let result = application.delete_user(&an_actor(), Target::User(user_id())).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }
}
