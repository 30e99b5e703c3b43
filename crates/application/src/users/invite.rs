use domain::events::What;
use domain::mail::Letter;
use domain::one_time_tokens::Purpose;
use domain::units::AccountUnit;
use domain::users::{Email, Locale, Role, User};

use super::insert_user::{MadeBy, NewAccount};
use super::{NewUser, Users};
use crate::acting::{OnAccount, begin_on, has_password, require_proof};
use crate::even::evenly;
use crate::{Actor, ApplicationError, Target};

/// Somebody to invite.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Where the invitation goes, and what they sign in with.
    pub email: Email,
    /// What they may do. That of an account that is there stays.
    pub role: Role,
    /// The language of the mail to somebody who has none yet.
    pub locale: Locale,
}

impl Users {
    /// Makes an account without a password, and mails its owner how to choose one, for admins, in every mode of
    /// registration. Whoever has not chosen one yet, or not proven the address, gets a mail, too, and anybody else who
    /// has an account a notice. The response and its time tell nothing of this, nor whether there were too many mails.
    ///
    /// # Errors
    /// [`ApplicationError::Forbidden`]; [`ApplicationError::StepUpRequired`] for another admin, also one who has an
    /// account already; [`ApplicationError::InvalidAccessToken`] when the actor has ended meanwhile;
    /// [`ApplicationError::MailIsOff`], [`ApplicationError::Unavailable`].
    pub async fn invite(&self, actor: &Actor, invite: Invite) -> Result<(), ApplicationError> {
        actor.require_admin()?;
        evenly(async {
            match self.mail_invitation(actor, &invite).await {
                // The account was made or deleted, or got another address, at this very moment.
                Err(ApplicationError::Duplicate(_) | ApplicationError::NotFound) => {
                    self.mail_invitation(actor, &invite).await
                }
                result => result,
            }
        })
        .await
    }

    async fn mail_invitation(&self, actor: &Actor, invite: &Invite) -> Result<(), ApplicationError> {
        let mails = &self.passwords.one_time_tokens;
        let (unit, known) = self.begin_inviting(actor, invite).await?;
        mails.require_mail()?;
        let (user, is_settled) = match known {
            // A password for an address that nobody has proven may be a stranger's, and does not keep its owner out.
            Some(user) => {
                let is_settled = user.email_verified && has_password(unit.as_ref(), user.id).await?;
                (user, is_settled)
            }
            None => (self.make_invited(unit.as_ref(), invite).await?, false),
        };
        if !user.is_active || !mails.may_send_in(unit.as_ref(), Purpose::Invitation, &user.email).await? {
            return Ok(());
        }
        if is_settled {
            mails.notify(unit.as_ref(), &user, Letter::AlreadyRegistered).await?;
        } else {
            let locale = user.profile.locale_or(invite.locale.clone());
            mails.send(unit.as_ref(), Purpose::Invitation, Some(user.id), &user.email, locale).await?;
        }
        let what = What::UserInvited { user: user.id, role: user.role };
        self.passwords.journal.commit(unit, actor.did(what)).await
    }

    /// Begins a unit in which this actor invites somebody, and returns their account, locked, if they have one.
    async fn begin_inviting(
        &self,
        actor: &Actor,
        invite: &Invite,
    ) -> Result<(Box<dyn AccountUnit>, Option<User>), ApplicationError> {
        let is_for_admin = invite.role == Role::Admin;
        let Some(known) = self.users.find_by_email(&invite.email).await? else {
            return Ok((self.begin_making(actor, is_for_admin).await?, None));
        };
        let (units, clock) = (self.passwords.units.as_ref(), self.passwords.clock.as_ref());
        let OnAccount { unit, session, user, .. } = begin_on(units, actor, Target::User(known.id), clock).await?;
        if user.email != invite.email {
            return Err(ApplicationError::NotFound);
        }
        // Whatever role is asked for, it is a way into the account that is there.
        if is_for_admin || user.role == Role::Admin {
            require_proof(unit.as_ref(), &session, clock, self.passwords.sudo.window).await?;
        }
        Ok((unit, Some(user)))
    }

    async fn make_invited(&self, unit: &dyn AccountUnit, invite: &Invite) -> Result<User, ApplicationError> {
        let new = NewUser { role: invite.role, ..NewUser::with(invite.email.clone()) };
        let new = NewAccount { user: self.new_user(new), hash: None };
        self.insert(unit, &new, MadeBy::Admin).await?;
        Ok(new.user)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use chrono::TimeDelta;
    use domain::StoreError;
    use domain::attempts::Reservation;
    use domain::passwords::PasswordHash;
    use domain::registration::RegistrationMode;
    use domain::sessions::{Authentication, RefreshToken};
    use domain::units::MockAccountUnit;
    use tokio::time::Instant;

    use super::*;
    use crate::one_time_tokens::testing as one_time_tokens;
    use crate::testing::{
        a_hash, a_session, a_unit_of, a_unit_on, a_user, an_actor, an_admin, now, session_of, user_of,
    };
    use crate::users::testing::Mocks;

    fn an_invite() -> Invite {
        Invite { email: a_user().email, role: Role::Admin, locale: Locale::default() }
    }

    fn mocks(known: Option<User>) -> Mocks {
        let mut mocks = Mocks { registration: RegistrationMode::Closed, ..Mocks::default() };
        mocks.users.expect_find_by_email().returning(move |_| Ok(known.clone()));
        mocks.one_time_tokens = one_time_tokens::Mocks::default();
        mocks
    }

    fn locked(user: User, hash: Option<PasswordHash>) -> MockAccountUnit {
        let mut unit = a_unit_on(user.clone(), vec![an_admin().user_id]);
        unit.passwords.expect_find_with_user().returning(move |_| Ok(Some((user.clone(), hash.clone()))));
        unit
    }

    /// A unit in which the mail's reservation has this outcome.
    fn reserving(mut unit: MockAccountUnit, reservation: Reservation) -> MockAccountUnit {
        unit.attempts.expect_reserve().times(1..=2).returning(move |_, _, _| Ok(reservation));
        unit
    }

    fn mailing(unit: MockAccountUnit, letter: Letter) -> MockAccountUnit {
        let mut unit = reserving(unit, Reservation::Taken);
        let tokens = usize::from(letter == Letter::Token(Purpose::Invitation));
        unit.one_time_tokens.expect_insert().times(tokens).returning(|_| Ok(()));
        unit.outbox.expect_insert().withf(move |mail| mail.letter == letter).times(1).returning(|_| Ok(()));
        unit
    }

    async fn invite(mut mocks: Mocks, unit: MockAccountUnit, is_committed: bool) {
        let commits = mocks.units([unit]);
        let events = mocks.units.events();
        let (users, begin) = (mocks.build(), Instant::now());
        users.invite(&an_admin(), an_invite()).await.unwrap();
        let expected = (usize::from(is_committed), 250);
        assert_eq!((commits.load(Ordering::SeqCst), begin.elapsed().as_millis()), expected);
        assert!(events.lock().unwrap().iter().all(|event| event.what.kind() == "user.invited"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_invitation_makes_the_account_or_writes_to_who_has_one_and_the_response_is_the_same() {
        let is_new = |user: &User| user.role == Role::Admin && user.is_active && !user.email_verified;
        let making = || {
            let mut unit = a_unit_of(&an_admin());
            unit.users.expect_insert().withf(is_new).times(1).returning(|_| Ok(()));
            unit
        };
        let invitation = || Letter::Token(Purpose::Invitation);
        invite(mocks(None), mailing(making(), invitation()), true).await;
        invite(mocks(Some(a_user())), mailing(locked(a_user(), None), invitation()), true).await;
        let settled = locked(a_user(), Some(a_hash()));
        invite(mocks(Some(a_user())), mailing(settled, Letter::AlreadyRegistered), true).await;
        let disabled = User { is_active: false, ..a_user() };
        invite(mocks(Some(disabled.clone())), locked(disabled, None), false).await;
        let refused = Reservation::Refused { free_at: now() };
        invite(mocks(None), reserving(making(), refused), false).await;
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_invitations_at_once_the_second_finds_the_account_of_the_first() {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_email().times(1).return_once(|_| Ok(None));
        mocks.users.expect_find_by_email().times(1).return_once(|_| Ok(Some(a_user())));
        mocks.one_time_tokens = one_time_tokens::Mocks::default();
        let mut late = a_unit_of(&an_admin());
        late.users.expect_insert().return_once(|_| Err(StoreError::Duplicate("email")));
        let commits = mocks.units([late, mailing(locked(a_user(), None), Letter::Token(Purpose::Invitation))]);
        mocks.build().invite(&an_admin(), an_invite()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_is_an_admins_when_it_is_one_under_the_lock() {
        let mut unit = locked(User { role: Role::Admin, ..a_user() }, None);
        let long_ago = Authentication { at: now() - TimeDelta::hours(1), ..a_session().authentication };
        let session = RefreshToken { authentication: long_ago, ..session_of(&an_admin()) };
        unit.unit.held = Some(Some((session, user_of(&an_admin()))));
        let mut mocks = mocks(Some(a_user()));
        mocks.units([unit]);
        let invite = Invite { role: Role::User, ..an_invite() };
        let result = mocks.build().invite(&an_admin(), invite).await;
        assert!(matches!(result, Err(ApplicationError::StepUpRequired { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn an_invitation_does_not_follow_an_account_to_another_address() {
        let moved = || locked(User { email: Email::parse("grace@example.com").unwrap(), ..a_user() }, None);
        let mut mocks = mocks(Some(a_user()));
        let commits = mocks.units([moved(), moved()]);
        let result = mocks.build().invite(&an_admin(), an_invite()).await;
        assert!(matches!(result, Err(ApplicationError::NotFound)));
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn only_admins_who_still_may_invite() {
        let result = Mocks::default().build().invite(&an_actor(), an_invite()).await;
        assert!(matches!(result, Err(ApplicationError::Forbidden)));
        let (mut mocks, mut gone) = (mocks(None), MockAccountUnit::default());
        gone.unit.held = Some(None);
        mocks.units([gone]);
        let result = mocks.build().invite(&an_admin(), an_invite()).await;
        assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)));
    }
}
