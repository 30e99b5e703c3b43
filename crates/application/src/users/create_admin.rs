use domain::events::{By, What};
use domain::passwords::Password;
use domain::units::AccountUnit;
use domain::users::{Email, Role, User};

use super::insert_user::{MadeBy, NewAccount};
use super::{CreateUser, Users};
use crate::ApplicationError;

/// What came of asking for an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAccount {
    /// It was made.
    Created(User),
    /// An active admin has the email already. Nothing was changed, not even the password.
    AlreadyAdmin(User),
    /// The email belongs to an account that is not an active admin. It was not promoted in passing: its holder may not
    /// own the address. Nothing was changed.
    NotAdmin(User),
}

impl Users {
    /// Makes an admin on the word of the operator, who vouches for the address, too: there is no actor. Asking again
    /// changes nothing, and if many ask at once, one makes it.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`] when one would be made; [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub async fn create_admin(&self, email: Email, password: Password) -> Result<AdminAccount, ApplicationError> {
        if let Some(found) = self.find_admin(&email).await? {
            return Ok(found);
        }
        let (hashed, _place) = self.hashed(an_admin(email.clone(), password)).await?;
        let storing = async {
            let unit = self.passwords.units.begin().await?;
            self.insert_admin(unit, &hashed).await
        };
        match self.passwords.hashing.in_turn(storing).await {
            Ok(()) => Ok(AdminAccount::Created(hashed.user)),
            // Somebody else was faster.
            Err(error @ ApplicationError::Duplicate("email")) => self.find_admin(&email).await?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Makes the admin that the configuration names, unless there is any active admin, or an account that may be one as
    /// far as it can be read: a password that was meant for the first start must not come back with the next one, after
    /// its admin was deleted or changed the email. Returns `None` if there was one.
    ///
    /// # Errors
    /// Those of [`Users::create_admin`].
    pub async fn bootstrap_admin(
        &self,
        email: Email,
        password: Password,
    ) -> Result<Option<AdminAccount>, ApplicationError> {
        if self.users.may_have_active_admin().await? {
            return Ok(None);
        }
        if let Some(found) = self.find_admin(&email).await? {
            return Ok(Some(found));
        }
        let (hashed, _place) = self.hashed(an_admin(email.clone(), password)).await?;
        match self.passwords.hashing.in_turn(self.insert_first_admin(&hashed)).await {
            Ok(is_first) => Ok(is_first.then_some(AdminAccount::Created(hashed.user))),
            // Somebody else was faster.
            Err(error @ ApplicationError::Duplicate("email")) => self.find_admin(&email).await?.ok_or(error).map(Some),
            Err(error) => Err(error),
        }
    }

    /// Stores the admin, unless there is an active one. It looks in the same unit in which it stores: while the
    /// password was hashed, another node may have made its admin, who may have changed the email since.
    async fn insert_first_admin(&self, hashed: &NewAccount) -> Result<bool, ApplicationError> {
        let unit = self.passwords.units.begin().await?;
        if unit.users().may_have_active_admin().await? {
            return Ok(false);
        }
        self.insert_admin(unit, hashed).await?;
        Ok(true)
    }

    /// Stores the admin in the last step of this unit.
    async fn insert_admin(&self, unit: Box<dyn AccountUnit>, hashed: &NewAccount) -> Result<(), ApplicationError> {
        self.insert(unit.as_ref(), hashed, MadeBy::Admin).await?;
        let event = By::Operator.did(What::UserCreated { user: hashed.user.id, role: hashed.user.role });
        self.passwords.journal.commit(unit, event).await
    }

    async fn find_admin(&self, email: &Email) -> Result<Option<AdminAccount>, ApplicationError> {
        let found = self.users.find_by_email(email).await?;
        Ok(found.map(|user| match user.is_active_admin() {
            true => AdminAccount::AlreadyAdmin(user),
            false => AdminAccount::NotAdmin(user),
        }))
    }
}

fn an_admin(email: Email, password: Password) -> CreateUser {
    let new = CreateUser::new(email, password);
    CreateUser { role: Some(Role::Admin), email_verified: Some(true), ..new }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use domain::StoreError;
    use domain::units::MockAccountUnit;

    use super::*;
    use crate::testing::{a_hash, a_user, password};
    use crate::users::testing::Mocks;

    fn admin() -> User {
        User { role: Role::Admin, ..a_user() }
    }

    fn storing_an_admin(unit: &mut MockAccountUnit) {
        let is_proven_admin = |user: &User| user.is_active_admin() && user.email_verified;
        unit.users.expect_insert().times(1).withf(is_proven_admin).returning(|_| Ok(()));
        unit.passwords.expect_store().times(1).returning(|_, _, _| Ok(()));
    }

    async fn create(mocks: Mocks) -> AdminAccount {
        mocks.build().create_admin(a_user().email, password()).await.unwrap()
    }

    #[tokio::test]
    async fn an_account_that_is_there_is_told_from_an_admin_and_left_alone() {
        let disabled = User { is_active: false, ..admin() };
        for (found, expected) in [
            (admin(), AdminAccount::AlreadyAdmin(admin())),
            (a_user(), AdminAccount::NotAdmin(a_user())),
            (disabled.clone(), AdminAccount::NotAdmin(disabled)),
        ] {
            let mut mocks = Mocks::default();
            mocks.users.expect_find_by_email().returning(move |_| Ok(Some(found.clone())));
            assert_eq!(create(mocks).await, expected);
        }
    }

    #[tokio::test]
    async fn no_admin_is_made_with_a_password_that_the_policy_refuses() {
        for (score, text, code) in [
            (4, "hunt3r2", "too_short"),
            (2, "hunter2hunter2", "too_guessable"),
            (4, "grace.Hopper!", "contains_your_name"),
        ] {
            let nobody = || {
                let mut mocks = Mocks::measuring(score);
                mocks.users.expect_may_have_active_admin().returning(|| Ok(false));
                mocks.users.expect_find_by_email().returning(|_| Ok(None));
                mocks.build()
            };
            let (email, password) = (Email::parse("grace.hopper@example.com").unwrap(), Password::parse(text).unwrap());
            let created = nobody().create_admin(email.clone(), password.clone()).await;
            let bootstrapped = nobody().bootstrap_admin(email, password).await;
            for error in [created.unwrap_err(), bootstrapped.unwrap_err()] {
                assert!(
                    matches!(error, ApplicationError::RefusedPassword { refused, .. } if refused.fault.code == code)
                );
            }
        }
    }

    #[tokio::test]
    async fn who_comes_second_finds_the_admin_of_the_first() {
        let mut mocks = Mocks::default();
        let first_is_done = Arc::new(AtomicBool::new(false));
        let is_there = Arc::clone(&first_is_done);
        mocks.users.expect_find_by_email().returning(move |_| Ok(is_there.load(Ordering::SeqCst).then(admin)));
        mocks.hashing().expect_hash().returning(|_| Ok(a_hash()));
        let mut unit = MockAccountUnit::default();
        unit.users.expect_insert().times(1).returning(move |_| {
            first_is_done.store(true, Ordering::SeqCst);
            Err(StoreError::Duplicate("email"))
        });
        mocks.units([unit]);
        assert_eq!(create(mocks).await, AdminAccount::AlreadyAdmin(admin()));
    }

    #[tokio::test]
    async fn while_there_is_an_active_admin_the_configuration_makes_none() {
        let mut mocks = Mocks::default();
        mocks.users.expect_may_have_active_admin().times(1).returning(|| Ok(true));
        assert_eq!(mocks.build().bootstrap_admin(a_user().email, password()).await.unwrap(), None);
    }

    /// A start that finds no admin before it hashes, and whether there is one when it stores.
    fn starting(has_admin: bool) -> (Mocks, MockAccountUnit) {
        let mut mocks = Mocks::default();
        mocks.users.expect_may_have_active_admin().returning(|| Ok(false));
        mocks.hashing().expect_hash().times(1).returning(|_| Ok(a_hash()));
        let mut unit = MockAccountUnit::default();
        unit.users.expect_may_have_active_admin().times(1).return_once(move || Ok(has_admin));
        (mocks, unit)
    }

    #[tokio::test]
    async fn without_an_active_admin_the_configuration_makes_one() {
        let (mut mocks, mut unit) = starting(false);
        mocks.users.expect_find_by_email().returning(|_| Ok(None));
        storing_an_admin(&mut unit);
        let commits = mocks.units([unit]);
        let made = mocks.build().bootstrap_admin(a_user().email, password()).await.unwrap();
        assert!(matches!(made, Some(AdminAccount::Created(_))));
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn where_another_node_made_its_admin_while_this_one_hashed_the_configuration_makes_none() {
        let (mut mocks, unit) = starting(true);
        mocks.users.expect_find_by_email().returning(|_| Ok(None));
        let commits = mocks.units([unit]);
        assert_eq!(mocks.build().bootstrap_admin(a_user().email, password()).await.unwrap(), None);
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_node_that_stores_at_the_same_time_as_another_finds_the_admin_of_the_other() {
        let (mut mocks, mut unit) = starting(false);
        let first_is_done = Arc::new(AtomicBool::new(false));
        let is_there = Arc::clone(&first_is_done);
        mocks.users.expect_find_by_email().returning(move |_| Ok(is_there.load(Ordering::SeqCst).then(admin)));
        unit.users.expect_insert().times(1).returning(move |_| {
            first_is_done.store(true, Ordering::SeqCst);
            Err(StoreError::Duplicate("email"))
        });
        mocks.units([unit]);
        let found = mocks.build().bootstrap_admin(a_user().email, password()).await.unwrap();
        assert_eq!(found, Some(AdminAccount::AlreadyAdmin(admin())));
    }

    #[tokio::test]
    async fn a_new_one_is_an_active_admin() {
        let mut mocks = Mocks::default();
        mocks.hashing().expect_hash().returning(|_| Ok(a_hash()));
        mocks.users.expect_find_by_email().returning(|_| Ok(None));
        let mut unit = MockAccountUnit::default();
        storing_an_admin(&mut unit);
        mocks.units([unit]);
        let events = mocks.units.events();
        let AdminAccount::Created(user) = create(mocks).await else { panic!("it was not made") };
        assert!(user.is_active_admin());
        assert!(matches!(&events.lock().unwrap()[..], [event] if event.by == By::Operator));
    }
}
