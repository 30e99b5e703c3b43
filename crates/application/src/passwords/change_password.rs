use domain::events::What;
use domain::passwords::{OwnWords, Password};

use super::Passwords;
use crate::acting::begin_as;
use crate::{Actor, ApplicationError};

/// A change of one's own password.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// The password that is valid now. `None` of whoever has none.
    pub current: Option<Password>,
    /// The password that replaces it.
    pub new: Password,
}

impl Passwords {
    /// Changes the actor's password, or gives them their first. All access tokens become void and all other sessions
    /// end; this session goes on by its refresh token.
    ///
    /// # Errors
    /// [`ApplicationError::RefusedPassword`], [`ApplicationError::UnchangedPassword`],
    /// [`ApplicationError::CurrentPasswordRequired`], [`ApplicationError::WrongCurrentPassword`],
    /// [`ApplicationError::StepUpRequired`], [`ApplicationError::TooManyAttempts`],
    /// [`ApplicationError::InvalidAccessToken`] when the account changed meanwhile, [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub async fn change(&self, actor: &Actor, change: ChangePassword) -> Result<(), ApplicationError> {
        self.check_length("new_password", &change.new)?;
        if change.current.as_ref() == Some(&change.new) {
            return Err(ApplicationError::UnchangedPassword);
        }
        let (user, mut place) = self.confirm(actor, change.current.as_ref()).await?;
        let words = OwnWords::of(Some(&user.email), &user.profile);
        let new = self.accept("new_password", change.new, words).await?;
        let hash = place.hash(&new).await?;
        self.hashing
            .in_turn(async {
                let (unit, user) = begin_as(self.units.as_ref(), actor, self.clock.as_ref()).await?;
                let event = actor.did(What::PasswordChanged { user: user.id });
                self.replace(unit, user, &hash, Some(actor.session), event).await
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use chrono::TimeDelta;
    use domain::attempts::Reservation;
    use domain::mail::Letter;
    use domain::passwords::{HashError, PasswordHash, Verification};
    use domain::units::MockAccountUnit;
    use domain::users::{Email, Epoch, User};

    use super::*;
    use crate::attempts::testing as attempts;
    use crate::factors::testing as factors;
    use crate::passwords::testing::Mocks;
    use crate::testing::{a_hash, a_session, a_unit_of, a_user, an_actor, now, password, session_id, user_id};

    fn change() -> ChangePassword {
        ChangePassword { current: Some(password()), new: Password::parse("another good password").unwrap() }
    }

    fn hashing() -> Mocks {
        let mut mocks = Mocks::confirming(Verification::Match { outdated: false });
        mocks.hashing().expect_hash().returning(|_| Ok(PasswordHash::parse("$argon2id$new").unwrap()));
        mocks
    }

    #[tokio::test]
    async fn the_wrong_current_password_changes_nothing() {
        for refuses_commit in [false, true] {
            let mut mocks = Mocks::confirming(Verification::Mismatch);
            let mut unit = MockAccountUnit::default();
            unit.unit.refuses_commit = refuses_commit;
            mocks.units([unit]);
            let events = mocks.units.events();
            let result = mocks.build().change(&an_actor(), change()).await;
            assert!(matches!(result, Err(ApplicationError::WrongCurrentPassword)));
            let events: Vec<_> = events.lock().unwrap().iter().map(|event| event.what).collect();
            let wrong = What::CurrentPasswordWrong { user: a_user().id };
            assert_eq!(events, if refuses_commit { vec![] } else { vec![wrong] });
        }
    }

    #[tokio::test]
    async fn a_password_that_the_policy_refuses_is_not_even_compared() {
        let short = ChangePassword { new: Password::parse("hunt3r2").unwrap(), ..change() };
        let result = Mocks::default().build().change(&an_actor(), short).await;
        assert!(matches!(result, Err(ApplicationError::RefusedPassword { field: "new_password", refused })
            if refused.fault.code == "too_short"));
    }

    #[tokio::test]
    async fn a_guessable_password_or_one_with_ones_own_name_is_not_hashed() {
        for (score, new, code) in
            [(2, "another good password", "too_guessable"), (4, "ada@ADA lovelace", "contains_your_name")]
        {
            let mut mocks = Mocks::measuring(score);
            let user = User { email: Email::parse("lovelace@example.com").unwrap(), ..a_user() };
            mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((user, Some(a_hash())))));
            mocks.hashing().expect_verify().times(1).returning(|_, _| Ok(Verification::Match { outdated: false }));
            let change = ChangePassword { new: Password::parse(new).unwrap(), ..change() };
            let result = mocks.build().change(&an_actor(), change).await;
            assert!(matches!(result, Err(ApplicationError::RefusedPassword { field: "new_password", refused })
                if refused.fault.code == code));
        }
    }

    #[tokio::test]
    async fn whoever_has_no_password_is_told_so_and_nothing_is_hashed() {
        let mut mocks = Mocks::default();
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), None))));
        mocks.hashing().expect_verify().never();
        let result = mocks.build().change(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::NoPassword)));
    }

    #[tokio::test]
    async fn whoever_has_no_password_gets_their_first_by_a_recent_proof_and_nobody_else_leaves_theirs_out() {
        for (ago, has_password) in [(0, false), (11, false), (0, true)] {
            let mut mocks = Mocks::default();
            let stored = has_password.then(a_hash);
            mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), stored))));
            mocks.hashing().expect_hash().returning(|_| Ok(PasswordHash::parse("$argon2id$new").unwrap()));
            let mut session = a_session();
            session.authentication.at = now() - TimeDelta::minutes(ago);
            mocks.sessions.expect_find_with_user().returning(move |_| Ok(Some((session.clone(), a_user()))));
            let mut unit = a_unit_of(&an_actor());
            unit.users.expect_update().returning(|_| Ok(()));
            unit.passwords.expect_store().returning(|_, _, _| Ok(()));
            unit.refresh_tokens.expect_revoke_all().returning(|_, _, _| Ok(Vec::new()));
            unit.outbox.expect_insert().returning(|_| Ok(()));
            unit.one_time_tokens.expect_void_all().returning(|_| Ok(0));
            unit.revocations.expect_insert().returning(|_| Ok(()));
            let commits = mocks.units([unit]);
            let result = mocks.build().change(&an_actor(), ChangePassword { current: None, ..change() }).await;
            match (ago, has_password) {
                (0, false) => result.unwrap(),
                (_, true) => assert!(matches!(result, Err(ApplicationError::CurrentPasswordRequired)), "{result:?}"),
                _ => assert!(matches!(result, Err(ApplicationError::StepUpRequired { .. })), "{result:?}"),
            }
            assert_eq!(commits.load(Ordering::SeqCst), usize::from(ago == 0 && !has_password));
        }
    }

    #[tokio::test]
    async fn where_there_is_a_second_factor_the_password_is_not_even_compared_without_its_proof() {
        let mut mocks = Mocks { factors: factors::Mocks::one(), ..Mocks::default() };
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), Some(a_hash())))));
        mocks.sessions.expect_find_with_user().returning(|_| Ok(Some((a_session(), a_user()))));
        let result = mocks.build().change(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::StepUpRequired { .. })), "{result:?}");
    }

    #[tokio::test]
    async fn an_unusable_hash_is_a_wrong_password_after_the_same_work() {
        let mut mocks = Mocks::default();
        let hash = PasswordHash::stored("nonsense".to_owned());
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), Some(hash)))));
        mocks.hashing().expect_verify().times(2).returning(|_, stored| {
            stored.map_or(Ok(Verification::Mismatch), |_| Err(HashError::Unusable("it is not a PHC string")))
        });
        mocks.units([MockAccountUnit::default()]);
        let result = mocks.build().change(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::WrongCurrentPassword)));
    }

    #[tokio::test]
    async fn without_a_place_at_the_hasher_the_database_is_not_asked() {
        let result = Mocks::overloaded().change(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::Overloaded)));
    }

    #[tokio::test]
    async fn after_too_many_attempts_the_password_is_not_even_compared() {
        let mut mocks = Mocks::default();
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), Some(a_hash())))));
        mocks.attempts = attempts::Mocks::default();
        mocks.attempts.refresh_tokens.expect_list_live().returning(|_, _, _| Ok(Vec::new()));
        let free_at = now() + TimeDelta::seconds(7);
        mocks.attempts.attempts.expect_reserve().returning(move |_, _, _| Ok(Reservation::Refused { free_at }));
        let result = mocks.build().change(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::TooManyAttempts { .. })), "{result:?}");
    }

    #[tokio::test]
    async fn the_same_password_is_refused() {
        let same = ChangePassword { new: password(), ..change() };
        let result = Mocks::default().build().change(&an_actor(), same).await;
        assert!(matches!(result, Err(ApplicationError::UnchangedPassword)));
    }

    #[tokio::test]
    async fn access_tokens_become_void_and_other_sessions_end() {
        let mut mocks = hashing();
        let mut unit = a_unit_of(&an_actor());
        unit.users.expect_update().withf(|user| user.epoch == Epoch::new(1)).times(1).returning(|_| Ok(()));
        unit.passwords
            .expect_store()
            .withf(|user, hash, changed_at| (*user, hash.expose(), *changed_at) == (user_id(), "$argon2id$new", now()))
            .times(1)
            .returning(|_, _, _| Ok(()));
        unit.refresh_tokens
            .expect_revoke_all()
            .withf(|_, except, _| *except == Some(session_id()))
            .times(1)
            .returning(|_, _, _| Ok(Vec::new()));
        unit.outbox.expect_insert().withf(|mail| mail.letter == Letter::PasswordChanged).times(1).returning(|_| Ok(()));
        unit.one_time_tokens.expect_void_all().times(1).returning(|_| Ok(1));
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        let commits = mocks.units([unit]);
        mocks.build().change(&an_actor(), change()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_change_while_hashing_wins() {
        let mut mocks = hashing();
        let mut unit = MockAccountUnit::default();
        unit.unit.held = Some(Some((a_session(), User { epoch: Epoch::new(1), ..a_user() })));
        let commits = mocks.units([unit]);
        let result = mocks.build().change(&an_actor(), change()).await;
        assert!(matches!(result, Err(ApplicationError::InvalidAccessToken)));
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }
}
