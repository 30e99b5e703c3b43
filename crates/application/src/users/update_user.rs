use domain::{Birthday, Email, FullName, Revocation, RevocationReason, RevokedTokens, Role, User, Username};

use super::keep_an_admin;
use crate::audit::{Event, record};
use crate::{Actor, Application, ApplicationError, Target};

/// What to change of an account. `None` leaves a field as it is; the inner `None` of a field that may be empty
/// clears it.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// A new address is not verified.
    pub email: Option<Email>,
    /// The username.
    pub username: Option<Option<Username>>,
    /// The name to show.
    pub full_name: Option<Option<FullName>>,
    /// Date of birth.
    pub birthday: Option<Option<Birthday>>,
    /// For admins, on [`Target::User`] only.
    pub role: Option<Role>,
    /// For admins, on [`Target::User`] only. Disabling ends the user's sessions.
    pub is_active: Option<bool>,
}

impl UserChange {
    /// Whether it can take away an admin.
    fn may_remove_an_admin(&self) -> bool {
        self.role == Some(Role::User) || self.is_active == Some(false)
    }

    fn apply_to(self, user: &mut User) {
        if let Some(email) = self.email {
            user.set_email(email);
        }
        if let Some(username) = self.username {
            user.username = username;
        }
        if let Some(full_name) = self.full_name {
            user.full_name = full_name;
        }
        if let Some(birthday) = self.birthday {
            user.birthday = birthday;
        }
        if let Some(role) = self.role {
            user.set_role(role);
        }
        if let Some(is_active) = self.is_active {
            user.set_active(is_active);
        }
    }
}

impl Application {
    /// Changes an account and answers its new state. Another role voids the user's access tokens; disabling ends
    /// their sessions.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::Duplicate`],
    /// [`ApplicationError::LastAdmin`], [`ApplicationError::Unavailable`].
    pub async fn update_user(
        &self,
        actor: &Actor,
        target: Target,
        change: UserChange,
    ) -> Result<User, ApplicationError> {
        let id = target.authorize(actor)?;
        if target == Target::Me && (change.role.is_some() || change.is_active.is_some()) {
            return Err(ApplicationError::Forbidden);
        }
        let now = self.ports.clock.now();

        let unit = self.ports.units_of_work.begin().await?;
        if change.may_remove_an_admin() {
            keep_an_admin(&unit.users().lock_active_admins().await?, id)?;
        }
        let before = unit.users().find_by_id_for_update(id).await?.ok_or(target.missing())?;
        let mut user = before.clone();
        change.apply_to(&mut user);
        if is_same(&user, &before) {
            self.learn(RevokedTokens::OfUser(id, before.epoch));
            return Ok(before);
        }
        user.updated_at = now;
        unit.users().update(&user).await?;
        if before.is_active && !user.is_active {
            let revocation = Revocation { at: now, reason: RevocationReason::Disabled };
            unit.refresh_tokens().revoke_all(id, None, revocation).await?;
        }
        let event = Event::UserUpdated { user: id, by: actor.user_id, role: user.role, is_active: user.is_active };
        if user.epoch == before.epoch {
            record(event, unit.commit(), |()| true).await?;
        } else {
            self.commit_revoking(unit, &[RevokedTokens::OfUser(id, user.epoch)], event).await?;
        }
        Ok(user)
    }
}

/// Equal to the letter: emails that differ in case are equal, but such a change is one.
fn is_same(a: &User, b: &User) -> bool {
    a == b && a.email.as_str() == b.email.as_str()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::mocks::MockUnitOfWork;
    use domain::{Epoch, Revoked, UserId};

    use super::*;
    use crate::testing::{Mocks, a_user, an_actor, an_admin, user_id};

    const TARGET: fn() -> Target = || Target::User(user_id());

    fn a_unit(stored: User, admins: Option<Vec<UserId>>) -> MockUnitOfWork {
        let mut unit = MockUnitOfWork::default();
        if let Some(admins) = admins {
            unit.users.expect_lock_active_admins().times(1).return_once(move || Ok(admins));
        }
        unit.users.expect_find_by_id_for_update().return_once(move |_| Ok(Some(stored)));
        unit
    }

    fn an_updating_unit(stored: User, admins: Option<Vec<UserId>>) -> MockUnitOfWork {
        let mut unit = a_unit(stored, admins);
        unit.users.expect_update().times(1).returning(|_| Ok(()));
        unit
    }

    fn is_of_first_epoch(revoked: &Revoked) -> bool {
        revoked.tokens == RevokedTokens::OfUser(user_id(), Epoch::new(1))
    }

    #[tokio::test]
    async fn nobody_changes_their_own_role_or_activity() {
        for change in [
            UserChange { role: Some(Role::Admin), ..UserChange::default() },
            UserChange { is_active: Some(true), ..UserChange::default() },
        ] {
            for actor in [an_actor(), an_admin()] {
                let result = Mocks::default().build().update_user(&actor, Target::Me, change.clone()).await;
                assert!(matches!(result, Err(ApplicationError::Forbidden)));
            }
        }
    }

    #[tokio::test]
    async fn a_user_may_not_change_another() {
        let result = Mocks::default().build().update_user(&an_actor(), TARGET(), UserChange::default()).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }

    #[tokio::test]
    async fn a_new_email_is_not_verified() {
        let mut mocks = Mocks::default();
        let commits = mocks.units([an_updating_unit(a_user(), None)]);
        let email = Some(Email::parse("lovelace@example.com").unwrap());
        let change = UserChange { email, ..UserChange::default() };
        let user = mocks.build().update_user(&an_actor(), Target::Me, change).await.unwrap();
        assert!(!user.email_verified);
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_changes_nothing_writes_nothing() {
        let mut mocks = Mocks::default();
        mocks.units([a_unit(a_user(), None)]);
        let change = UserChange { username: Some(None), ..UserChange::default() };
        let user = mocks.build().update_user(&an_actor(), Target::Me, change).await.unwrap();
        assert_eq!(user, a_user());
    }

    #[tokio::test]
    async fn another_role_voids_access_tokens() {
        let mut mocks = Mocks::default();
        let mut unit = an_updating_unit(a_user(), None);
        unit.revocations.expect_insert().withf(is_of_first_epoch).times(1).returning(|_| Ok(()));
        mocks.units([unit]);
        let change = UserChange { role: Some(Role::Admin), ..UserChange::default() };
        let user = mocks.build().update_user(&an_admin(), TARGET(), change).await.unwrap();
        assert_eq!((user.role, user.epoch), (Role::Admin, Epoch::new(1)));
    }

    #[tokio::test]
    async fn disabling_voids_access_tokens_and_ends_sessions_in_the_same_unit() {
        let mut mocks = Mocks::default();
        let mut unit = an_updating_unit(a_user(), Some(vec![an_admin().user_id]));
        unit.refresh_tokens
            .expect_revoke_all()
            .withf(|_, except, revocation| except.is_none() && revocation.reason == RevocationReason::Disabled)
            .times(1)
            .returning(|_, _, _| Ok(Vec::new()));
        unit.revocations.expect_insert().withf(is_of_first_epoch).times(1).returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        let change = UserChange { is_active: Some(false), ..UserChange::default() };
        let user = mocks.build().update_user(&an_admin(), TARGET(), change).await.unwrap();
        assert_eq!((user.is_active, user.epoch), (false, Epoch::new(1)));
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn the_last_active_admin_stays() {
        for change in [
            UserChange { role: Some(Role::User), ..UserChange::default() },
            UserChange { is_active: Some(false), ..UserChange::default() },
        ] {
            let mut mocks = Mocks::default();
            let mut unit = MockUnitOfWork::default();
            unit.users.expect_lock_active_admins().times(1).returning(|| Ok(vec![user_id()]));
            let commits = mocks.units([unit]);
            let result = mocks.build().update_user(&an_admin(), TARGET(), change).await;
            assert!(matches!(result, Err(ApplicationError::LastAdmin)));
            assert_eq!(commits.load(Ordering::SeqCst), 0);
        }
    }
}
