use std::net::IpAddr;

use domain::StoreError;
use domain::events::{By, What};
use domain::one_time_tokens::Purpose;
use domain::passwords::{HashPlace, OwnWords, Password};
use domain::units::AccountUnit;
use domain::users::{Email, Epoch, Locale, Profile, Role, User, UserId};

use super::Users;
use super::insert_user::{MadeBy, NewAccount};
use crate::acting::{begin_in_session, require_proof};
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
    /// Whether the address counts as proven: `false` when not given; `true` for admins only.
    pub email_verified: Option<bool>,
}

impl CreateUser {
    /// An account with what every account needs. The caller adds the rest.
    pub fn new(email: Email, password: Password) -> Self {
        Self { email, password, profile: Profile::default(), role: None, is_active: None, email_verified: None }
    }

    /// Whether it is anything but what every account begins with.
    fn asks_for_rights(&self) -> bool {
        self.role.is_some_and(|role| role != Role::User)
            || self.is_active == Some(false)
            || self.email_verified == Some(true)
    }
}

/// What came of asking for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It was made.
    Created(Box<User>),
    /// It is made once the address is proven, if the address has none yet.
    Pending,
}

/// A new user, with what most begin with.
pub(super) struct NewUser {
    pub(super) email: Email,
    pub(super) email_verified: bool,
    pub(super) profile: Profile,
    pub(super) role: Role,
    pub(super) is_active: bool,
}

impl NewUser {
    /// One of whom nothing is known but the address, which is not proven.
    pub(super) fn with(email: Email) -> Self {
        Self { email, email_verified: false, profile: Profile::default(), role: Role::User, is_active: true }
    }
}

impl Users {
    /// Makes an account. Anyone may make their own while registration is open, and an admin anybody's at any time.
    /// Where registration takes the proof of the address, nothing is made yet. Where mail is sent, the user gets one by
    /// which they prove it. The address of the request is recorded: `address`, or the actor's own.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`] when somebody who is not an admin gives another role, activity or proof than
    /// every account begins with; [`ApplicationError::StepUpRequired`] for another admin, and for an address that is to
    /// count as proven; [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile;
    /// [`ApplicationError::RegistrationClosed`], [`ApplicationError::RefusedPassword`],
    /// [`ApplicationError::Duplicate`], [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn create(
        &self,
        actor: Option<&Actor>,
        new: CreateUser,
        address: Option<IpAddr>,
    ) -> Result<Registered, ApplicationError> {
        let is_admin = actor.is_some_and(|actor| actor.role == Role::Admin);
        if !is_admin && new.asks_for_rights() {
            return Err(ApplicationError::Forbidden);
        }
        if is_admin || self.registration.admits(false) {
            let by = if is_admin { MadeBy::Admin } else { MadeBy::Owner };
            return self.make_at_once(actor, new, by, address).await.map(|user| Registered::Created(Box::new(user)));
        }
        if !self.registration.admits(true) {
            return Err(ApplicationError::RegistrationClosed);
        }
        self.register(new, address).await?;
        Ok(Registered::Pending)
    }

    async fn make_at_once(
        &self,
        actor: Option<&Actor>,
        new: CreateUser,
        by: MadeBy,
        address: Option<IpAddr>,
    ) -> Result<User, ApplicationError> {
        let (new, _place) = self.hashed(new).await?;
        let user = &new.user;
        let what = What::UserCreated { user: user.id, role: user.role };
        self.passwords
            .hashing
            .in_turn(async {
                let (unit, event) = match actor {
                    Some(actor) => {
                        let needs_proof = user.role == Role::Admin || user.email_verified;
                        (self.begin_making(actor, needs_proof).await?, actor.did(what))
                    }
                    None => (self.passwords.units.begin().await?, By::Anyone.did(what).from_address(address)),
                };
                self.insert(unit.as_ref(), &new, by).await?;
                self.ask_for_proof(unit.as_ref(), user).await?;
                self.passwords.journal.commit(unit, event).await
            })
            .await?;
        Ok(new.user)
    }

    /// Begins a unit in which this actor makes an account. For one of an admin, and for one with an address that counts
    /// as proven, they must have proven lately who they are.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::InvalidAccessToken`],
    /// [`ApplicationError::Unavailable`].
    pub(super) async fn begin_making(
        &self,
        actor: &Actor,
        needs_proof: bool,
    ) -> Result<Box<dyn AccountUnit>, ApplicationError> {
        let (units, clock) = (self.passwords.units.as_ref(), self.passwords.clock.as_ref());
        let (unit, session, _) = begin_in_session(units, actor, clock).await?;
        if needs_proof {
            require_proof(unit.as_ref(), &session, clock, self.passwords.sudo.window).await?;
        }
        Ok(unit)
    }

    /// Mails a user, who was written in this unit, how to prove an address that nobody has proven, where mail is sent
    /// and there were not too many.
    pub(super) async fn ask_for_proof(&self, unit: &dyn AccountUnit, user: &User) -> Result<(), StoreError> {
        let tokens = &self.passwords.one_time_tokens;
        let is_due = tokens.sends_mail && user.is_active && !user.email_verified;
        if !is_due || !tokens.may_send_in(unit, Purpose::VerifyEmail, &user.email).await? {
            return Ok(());
        }
        let locale = user.profile.locale_or(Locale::default());
        tokens.send(unit, Purpose::VerifyEmail, Some(user.id), &user.email, locale).await.map(drop)
    }

    /// The account with its password hashed, and the place of the hash: to be kept until the user is stored, which
    /// bounds everything that registrations do at a time.
    pub(super) async fn hashed(&self, new: CreateUser) -> Result<(NewAccount, Box<dyn HashPlace>), ApplicationError> {
        let mut place = self.passwords.hashing.reserve()?;
        let words = OwnWords::of(Some(&new.email), &new.profile);
        let password = self.passwords.accept("password", new.password, words).await?;
        let hash = place.hash(&password).await?;
        let user = self.new_user(NewUser {
            email: new.email,
            email_verified: new.email_verified.unwrap_or(false),
            profile: new.profile,
            role: new.role.unwrap_or(Role::User),
            is_active: new.is_active.unwrap_or(true),
        });
        Ok((NewAccount { user, hash: Some(hash) }, place))
    }

    /// The user with an id and times.
    pub(super) fn new_user(&self, new: NewUser) -> User {
        let NewUser { email, email_verified, profile, role, is_active } = new;
        let now = self.passwords.clock.now();
        User {
            id: UserId::new(self.ids.v7(now)),
            email,
            profile,
            role,
            is_active,
            email_verified,
            epoch: Epoch::default(),
            created_at: now,
            updated_at: now,
            last_login: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::attempts::Reservation;
    use domain::registration::RegistrationMode;
    use domain::units::MockAccountUnit;
    use domain::users::Username;

    use super::*;
    use crate::one_time_tokens::testing as one_time_tokens;
    use crate::testing::{a_hash, a_unit_of, a_user, an_actor, an_admin, now, password, user_id};
    use crate::users::testing::Mocks;

    fn new() -> CreateUser {
        CreateUser::new(a_user().email, password())
    }

    /// The account, which is made at once.
    fn created(registered: Registered) -> User {
        match registered {
            Registered::Created(user) => *user,
            Registered::Pending => panic!("it was not made"),
        }
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
        let user = created(mocks.build().create(None, new(), address).await.unwrap());
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
    async fn only_admins_choose_role_activity_and_proof() {
        for new in [
            CreateUser { role: Some(Role::Admin), ..new() },
            CreateUser { is_active: Some(false), ..new() },
            CreateUser { email_verified: Some(true), ..new() },
        ] {
            for actor in [None, Some(&an_actor())] {
                let result = Mocks::default().build().create(actor, new.clone(), None).await;
                assert!(matches!(result, Err(ApplicationError::Forbidden)));
            }
            inserting_in(a_unit_of(&an_admin())).build().create(Some(&an_admin()), new, None).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_every_account_begins_with_is_not_chosen() {
        let new = CreateUser { role: Some(Role::User), is_active: Some(true), email_verified: Some(false), ..new() };
        let user = created(inserting_in(MockAccountUnit::default()).build().create(None, new, None).await.unwrap());
        assert_eq!((user.role, user.is_active), (Role::User, true));
    }

    #[tokio::test]
    async fn where_registration_is_closed_admins_still_create() {
        let closed = Mocks { registration: RegistrationMode::Closed, ..Mocks::default() };
        let result = closed.build().create(Some(&an_actor()), new(), None).await;
        assert!(matches!(result, Err(ApplicationError::RegistrationClosed)));
        for registration in [RegistrationMode::Closed, RegistrationMode::Verified] {
            let mocks = Mocks { registration, ..inserting_in(a_unit_of(&an_admin())) };
            created(mocks.build().create(Some(&an_admin()), new(), None).await.unwrap());
        }
    }

    #[tokio::test]
    async fn whoever_has_not_proven_their_address_is_mailed_how_to() {
        let refused = Reservation::Refused { free_at: now() };
        for (proven, reservation, mails) in
            [(None, Some(Reservation::Taken), 1), (None, Some(refused), 0), (Some(true), None, 0)]
        {
            let mut unit = a_unit_of(&an_admin());
            unit.one_time_tokens
                .expect_insert()
                .withf(|token| (token.purpose, token.user_id) == (Purpose::VerifyEmail, Some(user_id())))
                .times(mails)
                .returning(|_| Ok(()));
            unit.outbox.expect_insert().withf(|mail| mail.locale.as_str() == "de").times(mails).returning(|_| Ok(()));
            if let Some(reservation) = reservation {
                unit.attempts.expect_reserve().times(1..=2).returning(move |_, _, _| Ok(reservation));
            }
            let mut mocks = inserting_in(unit);
            mocks.one_time_tokens = one_time_tokens::Mocks::default();
            let profile = Profile { locale: Locale::parse("de").ok(), ..Profile::default() };
            let new = CreateUser { email_verified: proven, profile, ..new() };
            let user = created(mocks.build().create(Some(&an_admin()), new, None).await.unwrap());
            assert_eq!(user.email_verified, proven == Some(true));
        }
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
