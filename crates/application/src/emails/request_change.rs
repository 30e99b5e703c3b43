use domain::events::What;
use domain::one_time_tokens::Purpose;
use domain::passwords::Password;
use domain::users::{Email, Locale};

use super::Emails;
use crate::acting::begin_as;
use crate::even::evenly;
use crate::{Actor, ApplicationError};

/// A wish for another address.
#[derive(Clone, Debug)]
pub struct RequestEmailChange {
    /// The one that is to be the account's.
    pub email: Email,
    /// The password that is valid now. `None` of whoever has none.
    pub current: Option<Password>,
    /// The language of the request, for a user who has none.
    pub locale: Locale,
}

impl Emails {
    /// Mails a link and a code to the new address, by which the change is confirmed there, and tells the address that
    /// the account has, if it was proven, with a link that stops it. The account keeps its address until then. An
    /// earlier request is void.
    ///
    /// The actor does not learn whether the new address is somebody else's already, not by their own mailbox either.
    ///
    /// # Errors
    /// [`ApplicationError::MailIsOff`], [`ApplicationError::CurrentPasswordRequired`],
    /// [`ApplicationError::WrongCurrentPassword`], [`ApplicationError::StepUpRequired`],
    /// [`ApplicationError::TooManyAttempts`], [`ApplicationError::InvalidAccessToken`] when the actor has ended
    /// meanwhile, [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn request_change(&self, actor: &Actor, change: RequestEmailChange) -> Result<(), ApplicationError> {
        self.users.passwords.one_time_tokens.require_mail()?;
        let place = self.users.passwords.confirm(actor, change.current.as_ref()).await?;
        evenly(async {
            // Given back before the wait.
            let _place = place;
            self.mail_change(actor, change.email, change.locale).await
        })
        .await
    }

    async fn mail_change(&self, actor: &Actor, email: Email, locale: Locale) -> Result<(), ApplicationError> {
        let (passwords, tokens) = (&self.users.passwords, &self.users.passwords.one_time_tokens);
        let found = passwords.users.find_by_email(&email).await?;
        let is_free = found.is_none_or(|user| user.id == actor.user_id);
        let may_cause = tokens.may_cause(Purpose::ChangeEmail, actor.user_id).await?;
        let (unit, user) = begin_as(passwords.units.as_ref(), actor, passwords.clock.as_ref()).await?;
        // Whatever comes of this request: whether the earlier token is still good would tell whether the address is
        // free.
        unit.one_time_tokens().void_for_user(Purpose::ChangeEmail, user.id).await?;
        let is_change = user.email.as_str() != email.as_str();
        let locale = user.profile.locale_or(locale);
        // What is not mailed is not counted either: nobody uses up what the owner of an address may be sent.
        let is_asked = is_change && is_free && may_cause;
        if is_asked && tokens.may_send_in(unit.as_ref(), Purpose::ChangeEmail, &email).await? {
            tokens.send(unit.as_ref(), Purpose::ChangeEmail, Some(user.id), &email, locale.clone()).await?;
        }
        if is_change && may_cause && user.email_verified {
            tokens.send(unit.as_ref(), Purpose::StopEmailChange, Some(user.id), &user.email, locale).await?;
        }
        passwords.journal.commit(unit, actor.did(What::EmailChangeRequested { user: user.id })).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::sync::{Arc, Mutex};

    use domain::attempts::{AttemptLimit, Reservation};
    use domain::mail::Letter;
    use domain::passwords::Verification;
    use domain::users::User;

    use super::*;
    use crate::emails::testing::on;
    use crate::one_time_tokens::testing as one_time_tokens;
    use crate::passwords::testing::Mocks;
    use crate::testing::{a_unit_of, a_user, an_actor, now, password, user_id};

    const NEW: &str = "lovelace@example.com";

    /// What is refused: every mail of the account, or each to the new address.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Refused {
        Nothing,
        Account,
        Address,
    }

    /// The mails that a wish for this address causes: what, and to whom.
    async fn mails(email: &str, owner: Option<User>, actor: User, refused: Refused) -> Vec<(Purpose, String)> {
        let mut mocks = Mocks::confirming(Verification::Match { outdated: false });
        mocks.users.expect_find_by_email().times(1).return_once(|_| Ok(owner));
        let reserve = move |limited| {
            Ok(if refused == limited { Reservation::Refused { free_at: now() } } else { Reservation::Taken })
        };
        let mut tokens = one_time_tokens::Mocks::default();
        let of_account = |_: &_, limit: &_, _: &_| *limit == AttemptLimit::MAILS_OF_AN_ACCOUNT;
        tokens.attempts.expect_reserve().withf(of_account).times(1).returning(move |_, _, _| reserve(Refused::Account));
        mocks.one_time_tokens = tokens;
        let mut unit = a_unit_of(&an_actor());
        unit.attempts.expect_reserve().returning(move |_, _, _| reserve(Refused::Address));
        unit.unit.held = unit.unit.held.map(|held| held.map(|(session, _)| (session, actor)));
        let is_theirs = |purpose: &Purpose, user: &_| (*purpose, *user) == (Purpose::ChangeEmail, user_id());
        unit.one_time_tokens.expect_void_for_user().withf(is_theirs).times(1).returning(|_, _| Ok(0));
        unit.one_time_tokens.expect_insert().withf(|it| it.user_id == Some(user_id())).returning(|_| Ok(()));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sent);
        unit.outbox.expect_insert().returning(move |mail| {
            let Letter::Token(purpose) = mail.letter else { panic!("{mail:?}") };
            seen.lock().unwrap().push((purpose, mail.to.as_str().to_owned()));
            Ok(())
        });
        let commits = mocks.units([unit]);
        let emails = on(mocks.build());
        let change = RequestEmailChange {
            email: Email::parse(email).unwrap(),
            current: Some(password()),
            locale: Locale::default(),
        };
        emails.request_change(&an_actor(), change).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        let sent = sent.lock().unwrap();
        sent.clone()
    }

    #[tokio::test(start_paused = true)]
    async fn the_new_address_is_asked_and_the_old_one_told_if_it_was_proven() {
        let (ask, tell) = (Purpose::ChangeEmail, Purpose::StopEmailChange);
        let old = a_user().email.as_str().to_owned();
        let both = [(ask, NEW.to_owned()), (tell, old.clone())];
        assert_eq!(mails(NEW, None, a_user(), Refused::Nothing).await, both);
        let unproven = User { email_verified: false, ..a_user() };
        assert_eq!(mails(NEW, None, unproven, Refused::Nothing).await, both[..1]);
        // Another spelling of one's own is a change, and the same is none.
        let respelt = mails("ADA@example.com", Some(a_user()), a_user(), Refused::Nothing).await;
        assert_eq!(respelt[0], (ask, "ADA@example.com".to_owned()));
        assert_eq!(mails(&old, Some(a_user()), a_user(), Refused::Nothing).await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_is_somebody_elses_gets_nothing_and_the_old_one_is_told_all_the_same() {
        let other = User { id: domain::Id::new(uuid::Uuid::from_u128(5)), ..a_user() };
        let told = [(Purpose::StopEmailChange, a_user().email.as_str().to_owned())];
        assert_eq!(mails(NEW, Some(other), a_user(), Refused::Nothing).await, told);
        assert_eq!(mails(NEW, None, a_user(), Refused::Address).await, told);
        assert_eq!(mails(NEW, None, a_user(), Refused::Account).await, []);
    }

    #[tokio::test]
    async fn without_the_password_or_without_mail_nothing_is_sent() {
        let change = || RequestEmailChange {
            email: Email::parse(NEW).unwrap(),
            current: Some(password()),
            locale: Locale::default(),
        };
        let emails = on(Mocks::confirming(Verification::Mismatch).build());
        let result = emails.request_change(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::WrongCurrentPassword)));
        let one_time_tokens = one_time_tokens::Mocks { mail_is_off: true, ..Default::default() };
        let emails = on(Mocks { one_time_tokens, ..Mocks::default() }.build());
        assert!(matches!(emails.request_change(&an_actor(), change()).await, Err(ApplicationError::MailIsOff)));
    }
}
