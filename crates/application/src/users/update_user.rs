use domain::Timestamp;
use domain::events::What;
use domain::mail::Letter;
use domain::sessions::{Revocation, RevocationReason, RevokedTokens};
use domain::users::{Email, ProfileChange, Role, User};

use super::{Users, keep_an_admin};
use crate::acting::{OnAccount, begin_on, require_proof};
use crate::read_only::{Comparison, Stored};
use crate::{Actor, ApplicationError, ReadOnly, Target};

/// What to change of an account. `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// For admins, on others. One's own must be as it is stored, and is changed by
    /// [`Emails::request_change`](crate::emails::Emails::request_change).
    pub email: Option<Email>,
    /// Whether the address counts as proven, for admins, on others. It must be as it is stored on one's own account. A
    /// new address does not, unless it is said.
    pub email_verified: Option<bool>,
    /// What the user tells about themselves.
    pub profile: ProfileChange,
    /// For admins, on [`Target::User`]. On [`Target::Me`] it must be as it is stored.
    pub role: Option<Role>,
    /// Likewise. Disabling ends the user's sessions.
    pub is_active: Option<bool>,
    /// What must be as it is stored.
    pub read_only: UserReadOnly,
}

/// What no change of an account can touch, as a client sends it back; `None` where it leaves one out.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserReadOnly {
    /// What every resource has.
    pub common: ReadOnly,
    /// The last sign-in, or any earlier one: a client does not change it where somebody signed in since it was read.
    /// The inner `None` is that of a user who had not signed in yet.
    pub last_login: Option<Option<Timestamp>>,
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
        user.email_verified = self.email_verified.unwrap_or(user.email_verified);
        user.profile = self.profile.apply_to(std::mem::take(&mut user.profile));
        if let Some(role) = self.role {
            user.set_role(role);
        }
        if let Some(is_active) = self.is_active {
            user.set_active(is_active);
        }
    }

    /// Compares what the actor cannot change with what is stored.
    fn compare(&self, target: Target, is_own: bool, stored: &User) -> Comparison {
        let UserReadOnly { common, last_login } = self.read_only;
        let User { id, created_at, updated_at, .. } = *stored;
        let compared = common
            .compare(Stored { id: id.as_uuid(), created_at, updated_at })
            .member("email_verified", self.email_verified.filter(|_| is_own), stored.email_verified)
            .member_that("last_login", last_login.is_none_or(|sent| sent <= stored.last_login));
        match target {
            Target::Me => {
                compared.member("role", self.role, stored.role).member("is_active", self.is_active, stored.is_active)
            }
            Target::User(_) => compared,
        }
    }
}

impl Users {
    /// Changes an account and returns its new state. Another role voids the user's access tokens; disabling ends
    /// their sessions, and they are told. Disabling and another email void whatever was mailed to the user.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`], [`ApplicationError::NotFound`], [`ApplicationError::ReadOnly`],
    /// [`ApplicationError::Duplicate`], [`ApplicationError::LastAdmin`],
    /// [`ApplicationError::UseEmailChange`] for another email of one's own; [`ApplicationError::StepUpRequired`] for
    /// another email, another word on whether it is proven, another role, and another activity;
    /// [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile, [`ApplicationError::Unavailable`].
    pub async fn update(&self, actor: &Actor, target: Target, change: UserChange) -> Result<User, ApplicationError> {
        let id = target.authorize(actor)?;
        // An admin's own account is theirs also when it is named by its id.
        let is_own = id == actor.user_id;
        let clock = self.passwords.clock.as_ref();
        let OnAccount { unit, session, user: before, admins } =
            begin_on(self.passwords.units.as_ref(), actor, target, clock).await?;
        let now = self.passwords.clock.now();
        change.compare(target, is_own, &before).require_equal()?;
        if change.may_remove_an_admin() {
            keep_an_admin(&admins, id)?;
        }
        let mut user = before.clone();
        change.apply_to(&mut user);
        if is_same(&user, &before) {
            // Another node may have made this change a moment ago, and this one is about to say that it is done.
            self.passwords.journal.learn(RevokedTokens::OfUser(id, before.epoch));
            return Ok(before);
        }
        let (moves, is_disabled) = (!has_same_email(&user, &before), before.is_active && !user.is_active);
        if is_own && moves {
            return Err(ApplicationError::UseEmailChange);
        }
        if needs_proof(&user, &before) {
            require_proof(unit.as_ref(), &session, clock, self.passwords.sudo.window).await?;
        }
        user.updated_at = now;
        unit.users().update(&user).await?;
        if moves || is_disabled {
            unit.one_time_tokens().void_all(id).await?;
        }
        if moves {
            self.passwords.one_time_tokens.notify(unit.as_ref(), &before, Letter::EmailChanged).await?;
            self.ask_for_proof(unit.as_ref(), &user).await?;
        }
        let ends = is_disabled.then_some(RevocationReason::Disabled);
        if let Some(reason) = ends {
            unit.refresh_tokens().revoke_all(id, None, Revocation { at: now, reason }).await?;
            self.passwords.one_time_tokens.notify(unit.as_ref(), &before, Letter::AccountDisabled).await?;
        }
        let void: Vec<_> =
            (user.epoch != before.epoch).then_some(RevokedTokens::OfUser(id, user.epoch)).into_iter().collect();
        let what = What::UserUpdated { user: id, role: user.role, is_active: user.is_active, ends };
        self.passwords.journal.commit_revoking(unit, actor.did(what), &void).await?;
        Ok(user)
    }
}

/// Equal to the letter: emails that differ in case are equal, but a change of case is a change.
fn is_same(a: &User, b: &User) -> bool {
    a == b && has_same_email(a, b)
}

/// Whether it changes who gets in, or with what rights. By another address one gets in: whoever proves one that nobody
/// had proven gets the account without its password and its factors.
fn needs_proof(user: &User, before: &User) -> bool {
    let rights = |user: &User| (user.role, user.is_active, user.email_verified);
    rights(user) != rights(before) || !has_same_email(user, before)
}

fn has_same_email(a: &User, b: &User) -> bool {
    a.email.as_str() == b.email.as_str()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::attempts::Reservation;
    use domain::mail::QueuedMail;
    use domain::one_time_tokens::Purpose;
    use domain::sessions::Revoked;
    use domain::units::MockAccountUnit;
    use domain::users::Epoch;

    use super::*;
    use crate::testing::{a_unit_of, a_unit_on, a_user, an_actor, an_admin, session_of, user_id, user_of};
    use crate::users::testing::Mocks;

    const TARGET: fn() -> Target = || Target::User(user_id());

    /// An admin's, on [`a_user`].
    fn an_admins_unit() -> MockAccountUnit {
        a_unit_on(a_user(), vec![an_admin().user_id])
    }

    fn updating(mut unit: MockAccountUnit) -> MockAccountUnit {
        unit.users.expect_update().times(1).returning(|_| Ok(()));
        unit
    }

    fn is_of_first_epoch(revoked: &Revoked) -> bool {
        revoked.tokens == RevokedTokens::OfUser(user_id(), Epoch::new(1))
    }

    #[tokio::test]
    async fn nobody_changes_their_own_role_or_activity() {
        for (actor, other) in [(an_actor(), Role::Admin), (an_admin(), Role::User)] {
            let mut mocks = Mocks::default();
            mocks.units([a_unit_of(&actor), a_unit_of(&actor)]);
            let users = mocks.build();
            let change = |role, is_active| UserChange { role, is_active, ..UserChange::default() };
            let result = users.update(&actor, Target::Me, change(Some(other), Some(false))).await;
            assert!(matches!(result, Err(ApplicationError::ReadOnly(names)) if names == ["role", "is_active"]));
            // Sent back as they are, they are no change.
            let result = users.update(&actor, Target::Me, change(Some(actor.role), Some(true))).await;
            assert_eq!(result.unwrap().role, actor.role);
        }
    }

    #[tokio::test]
    async fn what_nobody_changes_must_be_as_it_is_stored() {
        let stored = a_user();
        let read_only = UserReadOnly {
            common: ReadOnly {
                id: Some(stored.id.as_uuid()),
                created_at: Some(stored.created_at),
                updated_at: Some(stored.updated_at),
            },
            last_login: Some(stored.last_login),
        };
        let later = Some(Some(stored.created_at + chrono::TimeDelta::days(1)));
        let changed = UserReadOnly { last_login: later, ..read_only };
        for target in [Target::Me, TARGET()] {
            let (actor, units) = match target {
                Target::Me => (an_actor(), [a_unit_of(&an_actor()), a_unit_of(&an_actor())]),
                Target::User(_) => (an_admin(), [an_admins_unit(), an_admins_unit()]),
            };
            let mut mocks = Mocks::default();
            mocks.units(units);
            let users = mocks.build();
            let change = |read_only| UserChange { read_only, ..UserChange::default() };
            assert_eq!(users.update(&actor, target, change(read_only)).await.unwrap(), stored);
            let result = users.update(&actor, target, change(changed)).await;
            assert!(matches!(result, Err(ApplicationError::ReadOnly(names)) if names == ["last_login"]));
        }
    }

    #[tokio::test]
    async fn nobody_says_that_their_own_address_is_proven() {
        let stored = User { email_verified: false, ..user_of(&an_admin()) };
        for target in [Target::Me, Target::User(an_admin().user_id)] {
            for (said, is_taken) in [(true, false), (false, true)] {
                let mut unit = match target {
                    Target::Me => a_unit_of(&an_admin()),
                    Target::User(_) => a_unit_on(stored.clone(), vec![an_admin().user_id]),
                };
                unit.unit.held = Some(Some((session_of(&an_admin()), stored.clone())));
                let mut mocks = Mocks::default();
                mocks.units([unit]);
                let change = UserChange { email_verified: Some(said), ..UserChange::default() };
                let result = mocks.build().update(&an_admin(), target, change).await;
                let refused = matches!(&result, Err(ApplicationError::ReadOnly(names)) if *names == ["email_verified"]);
                assert_eq!((result.is_ok(), refused), (is_taken, !is_taken), "{result:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_sign_in_since_it_was_read_refuses_nothing() {
        let before = a_user().created_at;
        let sign_in = before + chrono::TimeDelta::days(1);
        let later = sign_in + chrono::TimeDelta::microseconds(1);
        for (stored, sent, is_taken) in [
            (Some(sign_in), Some(sign_in), true),
            (Some(sign_in), Some(before), true),
            (Some(sign_in), None, true),
            (Some(sign_in), Some(later), false),
            (None, None, true),
            (None, Some(before), false),
        ] {
            let mut mocks = Mocks::default();
            let user = User { last_login: stored, ..a_user() };
            mocks.units([a_unit_on(user.clone(), vec![an_admin().user_id])]);
            let read_only = UserReadOnly { last_login: Some(sent), ..UserReadOnly::default() };
            let change = UserChange { read_only, ..UserChange::default() };
            match mocks.build().update(&an_admin(), TARGET(), change).await {
                Ok(updated) => assert_eq!((updated, is_taken), (user, true), "{stored:?} {sent:?}"),
                Err(ApplicationError::ReadOnly(names)) => assert_eq!((names, is_taken), (vec!["last_login"], false)),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[tokio::test]
    async fn a_user_may_not_change_another() {
        let result = Mocks::default().build().update(&an_actor(), TARGET(), UserChange::default()).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
    }

    fn moving(email: &str) -> UserChange {
        UserChange { email: Some(Email::parse(email).unwrap()), ..UserChange::default() }
    }

    #[tokio::test]
    async fn ones_own_email_is_not_changed_here_whatever_the_way() {
        let of_admin = || a_unit_on(user_of(&an_admin()), vec![an_admin().user_id]);
        for email in ["lovelace@example.com", "ADA@example.com"] {
            for (actor, target, unit) in [
                (an_actor(), Target::Me, a_unit_of(&an_actor())),
                (an_admin(), Target::Me, a_unit_of(&an_admin())),
                (an_admin(), Target::User(an_admin().user_id), of_admin()),
            ] {
                let mut mocks = Mocks::default();
                let commits = mocks.units([unit]);
                let result = mocks.build().update(&actor, target, moving(email)).await;
                assert!(matches!(result, Err(ApplicationError::UseEmailChange)), "{result:?}");
                assert_eq!(commits.load(Ordering::SeqCst), 0);
            }
        }
        let mut mocks = Mocks::default();
        mocks.units([a_unit_of(&an_actor())]);
        mocks.build().update(&an_actor(), Target::Me, moving("ada@example.com")).await.unwrap();
    }

    #[tokio::test]
    async fn an_admin_changes_anothers_email_which_is_proven_only_if_they_say_so() {
        for (said, is_verified) in [(None, false), (Some(false), false), (Some(true), true)] {
            let mut mocks = Mocks::default();
            let mut unit = updating(an_admins_unit());
            unit.one_time_tokens.expect_void_all().times(1).returning(|_| Ok(1));
            let is_notice = |mail: &QueuedMail| mail.letter == Letter::EmailChanged && mail.to == a_user().email;
            unit.outbox.expect_insert().withf(is_notice).times(1).returning(|_| Ok(()));
            mocks.one_time_tokens.mail_is_off = false;
            // The new address is asked to prove itself, where the admin does not vouch for it.
            if !is_verified {
                unit.attempts.expect_reserve().times(2).returning(|_, _, _| Ok(Reservation::Taken));
                unit.one_time_tokens.expect_insert().times(1).returning(|_| Ok(()));
                let is_asked = |mail: &QueuedMail| mail.letter == Letter::Token(Purpose::VerifyEmail);
                unit.outbox.expect_insert().withf(is_asked).times(1).returning(|_| Ok(()));
            }
            mocks.units([unit]);
            let change = UserChange { email_verified: said, ..moving("lovelace@example.com") };
            let user = mocks.build().update(&an_admin(), TARGET(), change).await.unwrap();
            assert_eq!((user.email_verified, user.epoch), (is_verified, Epoch::default()));
        }
        let mut mocks = Mocks::default();
        mocks.units([updating(an_admins_unit())]);
        let change = UserChange { email_verified: Some(false), ..UserChange::default() };
        assert!(!mocks.build().update(&an_admin(), TARGET(), change).await.unwrap().email_verified);
    }

    #[tokio::test]
    async fn what_changes_nothing_writes_nothing() {
        let mut mocks = Mocks::default();
        mocks.units([a_unit_of(&an_actor())]);
        let change = UserChange {
            profile: ProfileChange { username: Some(None), ..ProfileChange::default() },
            ..UserChange::default()
        };
        let user = mocks.build().update(&an_actor(), Target::Me, change).await.unwrap();
        assert_eq!(user, a_user());
    }

    #[tokio::test]
    async fn another_role_voids_access_tokens() {
        let mut mocks = Mocks::default();
        let mut unit = updating(an_admins_unit());
        unit.revocations.expect_insert().withf(is_of_first_epoch).times(1).returning(|_| Ok(()));
        mocks.units([unit]);
        let change = UserChange { role: Some(Role::Admin), ..UserChange::default() };
        let user = mocks.build().update(&an_admin(), TARGET(), change).await.unwrap();
        assert_eq!((user.role, user.epoch), (Role::Admin, Epoch::new(1)));
    }

    #[tokio::test]
    async fn disabling_voids_access_tokens_ends_sessions_and_tells_the_owner_in_the_same_unit() {
        let mut mocks = Mocks::default();
        let mut unit = updating(an_admins_unit());
        unit.refresh_tokens
            .expect_revoke_all()
            .withf(|_, except, revocation| except.is_none() && revocation.reason == RevocationReason::Disabled)
            .times(1)
            .returning(|_, _, _| Ok(Vec::new()));
        unit.one_time_tokens.expect_void_all().times(1).returning(|_| Ok(1));
        unit.revocations.expect_insert().withf(is_of_first_epoch).times(1).returning(|_| Ok(()));
        unit.outbox.expect_insert().withf(|mail| mail.letter == Letter::AccountDisabled).times(1).returning(|_| Ok(()));
        mocks.one_time_tokens.mail_is_off = false;
        let commits = mocks.units([unit]);
        let change = UserChange { is_active: Some(false), ..UserChange::default() };
        let user = mocks.build().update(&an_admin(), TARGET(), change).await.unwrap();
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
            let unit = a_unit_on(user_of(&an_admin()), vec![an_admin().user_id]);
            let commits = mocks.units([unit]);
            let result = mocks.build().update(&an_admin(), Target::User(an_admin().user_id), change).await;
            assert!(matches!(result, Err(ApplicationError::LastAdmin)));
            assert_eq!(commits.load(Ordering::SeqCst), 0);
        }
    }
}
