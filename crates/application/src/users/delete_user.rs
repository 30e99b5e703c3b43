use domain::events::What;
use domain::mail::Letter;
use domain::passwords::Password;
use domain::sessions::RevokedTokens;
use domain::users::{Epoch, Role};

use super::{Users, keep_an_admin};
use crate::acting::{OnAccount, begin_on, require_proof};
use crate::{Actor, ApplicationError, Target};

impl Users {
    /// Deletes an account, its sessions and everything else that belongs to it, and tells its owner. One's own account,
    /// by either target, needs the current password, and a recent proof by a second factor where there is one.
    /// Another's needs a recent proof of the admin.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::LastAdmin`],
    /// [`ApplicationError::CurrentPasswordRequired`], [`ApplicationError::WrongCurrentPassword`],
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::TooManyAttempts`],
    /// [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile, [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub async fn delete(
        &self,
        actor: &Actor,
        target: Target,
        current_password: Option<Password>,
    ) -> Result<(), ApplicationError> {
        let id = target.authorize(actor)?;
        let _place = if id == actor.user_id {
            Some(self.passwords.confirm(actor, current_password.as_ref()).await?)
        } else {
            None
        };
        // An admin who leaves may be the last one, which takes the locks of all admins, before their own.
        let locking = if actor.role == Role::Admin { Target::User(id) } else { target };

        let clock = self.passwords.clock.as_ref();
        let OnAccount { unit, session, user, admins } =
            begin_on(self.passwords.units.as_ref(), actor, locking, clock).await?;
        if id != actor.user_id {
            require_proof(unit.as_ref(), &session, clock, self.passwords.sudo.window).await?;
        }
        keep_an_admin(&admins, id)?;
        unit.users().delete(id).await?;
        self.passwords.one_time_tokens.notify(unit.as_ref(), &user, Letter::AccountDeleted).await?;
        let event = actor.did(What::UserDeleted { user: id });
        self.passwords.journal.commit_revoking(unit, event, &[RevokedTokens::OfUser(id, Epoch::END)]).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::mail::QueuedMail;
    use domain::passwords::Verification;
    use domain::units::MockAccountUnit;

    use super::*;
    use crate::testing::{a_hash, a_unit_of, a_unit_on, a_user, an_actor, an_admin, password, user_id, user_of};
    use crate::users::testing::Mocks;

    fn deleting(mut unit: MockAccountUnit) -> MockAccountUnit {
        unit.users.expect_delete().withf(|id| *id == user_id()).times(1).returning(|_| Ok(true));
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        unit
    }

    #[tokio::test]
    async fn the_last_active_admin_stays_even_if_they_wish_to_go() {
        for target in [Target::Me, Target::User(an_admin().user_id)] {
            let mut mocks = Mocks::confirming(Verification::Match { outdated: false });
            mocks.units([a_unit_on(user_of(&an_admin()), vec![an_admin().user_id])]);
            let result = mocks.build().delete(&an_admin(), target, Some(password())).await;
            assert!(matches!(result, Err(ApplicationError::LastAdmin)));
        }
    }

    #[tokio::test]
    async fn users_delete_themselves_and_nobody_else() {
        let mut mocks = Mocks::confirming(Verification::Match { outdated: false });
        let commits = mocks.units([deleting(a_unit_of(&an_actor()))]);
        let users = mocks.build();
        users.delete(&an_actor(), Target::Me, Some(password())).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        let result = users.delete(&an_actor(), Target::User(user_id()), Some(password())).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }

    #[tokio::test]
    async fn nobody_deletes_themselves_without_the_password() {
        for (actor, target) in
            [(an_actor(), Target::Me), (an_admin(), Target::Me), (an_admin(), Target::User(an_admin().user_id))]
        {
            let mut mocks = Mocks::default();
            mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), Some(a_hash())))));
            let result = mocks.build().delete(&actor, target, None).await;
            assert!(matches!(result, Err(ApplicationError::CurrentPasswordRequired)));
            let result =
                Mocks::confirming(Verification::Mismatch).build().delete(&actor, target, Some(password())).await;
            assert!(matches!(result, Err(ApplicationError::WrongCurrentPassword)));
        }
    }

    #[tokio::test]
    async fn an_admin_deletes_another_without_a_password() {
        let mut mocks = Mocks::default();
        let commits = mocks.units([deleting(a_unit_on(a_user(), vec![an_admin().user_id]))]);
        mocks.build().delete(&an_admin(), Target::User(user_id()), None).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn the_owner_of_a_deleted_account_is_told() {
        let mut unit = deleting(a_unit_on(a_user(), vec![an_admin().user_id]));
        let is_notice = |mail: &QueuedMail| mail.letter == Letter::AccountDeleted && mail.to == a_user().email;
        unit.outbox.expect_insert().withf(is_notice).times(1).returning(|_| Ok(()));
        let mut mocks = Mocks::default();
        mocks.one_time_tokens.mail_is_off = false;
        mocks.units([unit]);
        mocks.build().delete(&an_admin(), Target::User(user_id()), None).await.unwrap();
    }
}
