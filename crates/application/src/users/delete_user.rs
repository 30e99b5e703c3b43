use domain::{Epoch, RevokedTokens, Role};

use super::keep_an_admin;
use crate::acting::OnAccount;
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
        // An admin who leaves may be the last one, which takes the locks of all admins, before their own.
        let locking = if actor.role == Role::Admin { Target::User(id) } else { target };

        let OnAccount { unit, admins, .. } = self.begin_on(actor, locking).await?;
        keep_an_admin(&admins, id)?;
        unit.users().delete(id).await?;
        let event = Event::UserDeleted { user: id, by: actor.user_id };
        self.commit_revoking(unit, &[RevokedTokens::OfUser(id, Epoch::END)], event).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::testing::{Mocks, a_unit_of, a_unit_on, an_actor, an_admin, user_id, user_of};

    #[tokio::test]
    async fn the_last_active_admin_stays_even_if_they_wish_to_go() {
        let mut mocks = Mocks::default();
        mocks.units([a_unit_on(user_of(&an_admin()), vec![an_admin().user_id])]);
        let result = mocks.build().delete_user(&an_admin(), Target::Me).await;
        assert!(matches!(result, Err(ApplicationError::LastAdmin)));
    }

    #[tokio::test]
    async fn users_delete_themselves_and_nobody_else() {
        let mut mocks = Mocks::default();
        let mut unit = a_unit_of(&an_actor());
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
