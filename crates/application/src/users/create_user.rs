use std::net::IpAddr;

use domain::StoreError;
use domain::events::{By, What};
use domain::passwords::{HashPlace, OwnWords, Password, PasswordHash};
use domain::units::AccountUnit;
use domain::users::{Email, Epoch, Profile, Role, User, UserId};

use super::Users;
use crate::acting::begin_as;
use crate::{Actor, ApplicationError};

/// A new account.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// To sign in with.
    pub email: Email,
    /// As it was typed: the policy is asked before it is stored.
    pub password: Password,
    /// What the user tells about themselves.
    pub profile: Profile,
    /// [`Role::User`] when not given; another for admins only.
    pub role: Option<Role>,
    /// `true` when not given; `false` for admins only.
    pub is_active: Option<bool>,
}

impl CreateUser {
    /// An account with what every account needs. The caller adds the rest.
    pub fn new(email: Email, password: Password) -> Self {
        Self { email, password, profile: Profile::default(), role: None, is_active: None }
    }

    /// Whether it is anything but what every account begins with.
    fn asks_for_rights(&self) -> bool {
        self.role.is_some_and(|role| role != Role::User) || self.is_active == Some(false)
    }
}

/// A new account with its password hashed, on its way to the database.
pub(super) struct HashedUser {
    pub(super) user: User,
    hash: PasswordHash,
}

impl HashedUser {
    /// Adds the user and their password. The unique index decides between two at the same time.
    pub(super) async fn insert(&self, unit: &dyn AccountUnit) -> Result<(), StoreError> {
        unit.users().insert(&self.user).await?;
        unit.passwords().store(self.user.id, &self.hash, self.user.created_at).await
    }
}

impl Users {
    /// Makes an account. Anyone may make their own while registration is open, and an admin anybody's at any time. The
    /// address of the request is recorded: `address`, or the actor's own.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`] when somebody who is not an admin gives another role or activity than every
    /// account begins with;
    /// [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile;
    /// [`ApplicationError::RegistrationClosed`], [`ApplicationError::RefusedPassword`],
    /// [`ApplicationError::Duplicate`], [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn create(
        &self,
        actor: Option<&Actor>,
        new: CreateUser,
        address: Option<IpAddr>,
    ) -> Result<User, ApplicationError> {
        let is_admin = actor.is_some_and(|actor| actor.role == Role::Admin);
        if !is_admin && new.asks_for_rights() {
            return Err(ApplicationError::Forbidden);
        }
        if !is_admin && !self.registration_open {
            return Err(ApplicationError::RegistrationClosed);
        }
        let (hashed, _place) = self.hashed(new).await?;
        let what = What::UserCreated { user: hashed.user.id, role: hashed.user.role };
        self.passwords
            .hashing
            .in_turn(async {
                let (unit, event) = match actor {
                    Some(actor) => (
                        begin_as(self.passwords.units.as_ref(), actor, self.passwords.clock.as_ref()).await?.0,
                        actor.did(what),
                    ),
                    None => (self.passwords.units.begin().await?, By::Anyone.did(what).from_address(address)),
                };
                hashed.insert(unit.as_ref()).await?;
                self.passwords.journal.commit(unit, event).await
            })
            .await?;
        Ok(hashed.user)
    }

    /// The account with its password hashed, and the place of the hash: to be kept until the user is stored, which
    /// bounds everything that registrations do at a time.
    pub(super) async fn hashed(&self, new: CreateUser) -> Result<(HashedUser, Box<dyn HashPlace>), ApplicationError> {
        let mut place = self.passwords.hashing.reserve()?;
        let words = OwnWords::of(Some(&new.email), &new.profile);
        let password = self.passwords.accept("password", new.password, words).await?;
        let hash = place.hash(&password).await?;
        let now = self.passwords.clock.now();
        let user = User {
            id: UserId::new(self.ids.v7(now)),
            email: new.email,
            profile: new.profile,
            role: new.role.unwrap_or(Role::User),
            is_active: new.is_active.unwrap_or(true),
            email_verified: false,
            epoch: Epoch::default(),
            created_at: now,
            updated_at: now,
            last_login: None,
        };
        Ok((HashedUser { user, hash }, place))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::units::MockAccountUnit;
    use domain::users::Username;

    use super::*;
    use crate::testing::{a_hash, a_unit_of, a_user, an_actor, an_admin, password, user_id};
    use crate::users::testing::Mocks;

    fn new() -> CreateUser {
        CreateUser::new(a_user().email, password())
    }

    fn inserting_in(mut unit: MockAccountUnit) -> Mocks {
        let mut mocks = Mocks::default();
        mocks.hashing().expect_hash().returning(|_| Ok(a_hash()));
        unit.users.expect_insert().times(1).returning(|_| Ok(()));
        unit.passwords
            .expect_store()
            .withf(|user, hash, _| *user == user_id() && *hash == a_hash())
            .times(1)
            .returning(|_, _, _| Ok(()));
        mocks.units([unit]);
        mocks
    }

    #[tokio::test]
    async fn anyone_may_register_as_an_active_user() {
        let mocks = inserting_in(MockAccountUnit::default());
        let events = mocks.units.events();
        let address = Some(IpAddr::from([192, 0, 2, 7]));
        let user = mocks.build().create(None, new(), address).await.unwrap();
        assert_eq!((user.role, user.is_active, user.email_verified), (Role::User, true, false));
        assert!(matches!(&events.lock().unwrap()[..], [event] if event.by == By::Anyone && event.address == address));
    }

    #[tokio::test]
    async fn a_password_that_the_policy_refuses_is_not_hashed() {
        let new = CreateUser { password: Password::parse("hunt3r2").unwrap(), ..new() };
        let result = Mocks::default().build().create(None, new, None).await;
        assert!(matches!(result, Err(ApplicationError::RefusedPassword { field: "password", refused })
            if refused.fault.code == "too_short"));
    }

    #[tokio::test]
    async fn neither_a_guessable_password_nor_one_with_a_name_of_the_user_is_hashed_whoever_makes_the_account() {
        for actor in [None, Some(&an_admin())] {
            let result = Mocks::measuring(2).build().create(actor, new(), None).await;
            assert!(matches!(result, Err(ApplicationError::RefusedPassword { refused, .. })
                if refused.fault.code == "too_guessable" && !refused.advice.is_empty()));
            let profile = Profile { username: Some(Username::parse("battery").unwrap()), ..Profile::default() };
            let result = Mocks::default().build().create(actor, CreateUser { profile, ..new() }, None).await;
            assert!(matches!(result, Err(ApplicationError::RefusedPassword { refused, .. })
                if refused.fault.code == "contains_your_name"));
        }
    }

    #[tokio::test]
    async fn without_a_place_at_the_hasher_the_database_is_not_asked() {
        let result = Mocks::overloaded().create(None, new(), None).await;
        assert!(matches!(result, Err(ApplicationError::Overloaded)));
    }

    #[tokio::test]
    async fn only_admins_choose_role_and_activity() {
        for new in [CreateUser { role: Some(Role::Admin), ..new() }, CreateUser { is_active: Some(false), ..new() }] {
            for actor in [None, Some(&an_actor())] {
                let result = Mocks::default().build().create(actor, new.clone(), None).await;
                assert!(matches!(result, Err(ApplicationError::Forbidden)));
            }
            inserting_in(a_unit_of(&an_admin())).build().create(Some(&an_admin()), new, None).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_every_account_begins_with_is_not_chosen() {
        let new = CreateUser { role: Some(Role::User), is_active: Some(true), ..new() };
        let user = inserting_in(MockAccountUnit::default()).build().create(None, new, None).await.unwrap();
        assert_eq!((user.role, user.is_active), (Role::User, true));
    }

    #[tokio::test]
    async fn where_registration_is_closed_admins_still_create() {
        let closed = Mocks { registration_open: false, ..Mocks::default() };
        let result = closed.build().create(Some(&an_actor()), new(), None).await;
        assert!(matches!(result, Err(ApplicationError::RegistrationClosed)));
        let closed = Mocks { registration_open: false, ..inserting_in(a_unit_of(&an_admin())) };
        closed.build().create(Some(&an_admin()), new(), None).await.unwrap();
    }

    #[tokio::test]
    async fn a_taken_email_is_a_duplicate() {
        let mut mocks = Mocks::default();
        mocks.hashing().expect_hash().returning(|_| Ok(a_hash()));
        let mut unit = MockAccountUnit::default();
        unit.users.expect_insert().returning(|_| Err(StoreError::Duplicate("email")));
        let commits = mocks.units([unit]);
        let result = mocks.build().create(None, new(), None).await;
        assert!(matches!(result, Err(ApplicationError::Duplicate("email"))));
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }
}
