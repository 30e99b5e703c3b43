use std::net::IpAddr;

use domain::events::{By, What};
use domain::passwords::{HashError, HashPlace, Password, PasswordHash, Verification};
use domain::sessions::{Device, Method};
use domain::users::{User, UserIdentifier};

use super::SignIn;
use super::start_session::{Proven, Rehashed};
use crate::ApplicationError;
use crate::attempts::{Guess, Whose};
use crate::events::SignInOutcome;
use crate::sessions::TokenPair;

/// A sign-in with a password.
#[derive(Clone, Debug)]
pub struct Login {
    /// Email or username, as typed.
    pub identifier: String,
    /// The password.
    pub password: Password,
    /// What signs in.
    pub device: Device,
}

impl SignIn {
    /// Starts a session.
    ///
    /// # Errors
    /// [`ApplicationError::InvalidCredentials`], after the same work whether the user exists or not;
    /// [`ApplicationError::AccountDisabled`] and [`ApplicationError::EmailNotVerified`], only to somebody who knows the
    /// password;
    /// [`ApplicationError::TooManyAttempts`], whether or not the password is right and the user exists;
    /// [`ApplicationError::Overloaded`], [`ApplicationError::Unavailable`].
    pub async fn with_password(&self, login: Login) -> Result<TokenPair, ApplicationError> {
        self.counted(self.verify_and_start(login).await)
    }

    async fn verify_and_start(&self, login: Login) -> Result<TokenPair, ApplicationError> {
        // Before the user is looked up: a refusal is cheap, and tells nothing about the account. The place is kept to
        // the end, which bounds everything that sign-ins do at a time.
        let mut place = self.hashing.reserve()?;
        let address = login.device.address();
        let name = UserIdentifier::typed(&login.identifier);
        let (user, stored) = self.hashing.in_turn(self.find_by_name(name.as_ref())).await?.unzip();
        let stored = stored.flatten();
        // In whatever way it is written: the names of an account share its attempts, and nobody must be told by that.
        let key = name.map_or(login.identifier, |name| name.key());
        let whose = user.as_ref().map_or(Whose::Nobody(&key), |user| Whose::User(user.id));
        let guess = Guess { whose, password: &login.password, stored: stored.clone(), address };
        let verification = self.attempts.verify(&self.hashing, place.as_mut(), guess).await?;
        let (Some(user), Some(stored), Verification::Match { outdated }) = (&user, stored, verification) else {
            let what = What::LoginFailed { user: user.map(|user| user.id) };
            return Err(self.refused(what, address, ApplicationError::InvalidCredentials).await);
        };
        let rehashed = if outdated { rehash(place.as_mut(), &login.password, &stored).await? } else { None };
        let proven = Proven { rehashed, ..Proven::by(Method::Password, user.clone()) };
        if let Some(pair) = self.start_session(&proven, login.device.clone()).await? {
            return Ok(pair);
        }
        // Hashing took time, and the account changed meanwhile. If neither the password nor the activity of the account
        // has changed, the password is still right.
        let whose = UserIdentifier::Id(user.id);
        let changed = self.hashing.in_turn(self.passwords.find_with_user(&whose)).await?;
        let same = changed.filter(|(user, hash)| user.is_active && hash.as_ref() == Some(&stored));
        if let Some((user, _)) = same
            && let Some(pair) = self.start_session(&Proven { user, ..proven }, login.device).await?
        {
            return Ok(pair);
        }
        let what = What::LoginFailed { user: Some(user.id) };
        Err(self.refused(what, address, ApplicationError::InvalidCredentials).await)
    }

    /// Counts a sign-in that no event tells of, and returns it.
    pub(super) fn counted(&self, result: Result<TokenPair, ApplicationError>) -> Result<TokenPair, ApplicationError> {
        if let Some(outcome) = SignInOutcome::without_event(&result) {
            self.journal.counters.sign_in(outcome);
        }
        result
    }

    /// Records that the token of a sign-in was not good, if that is its result, or counts it, and returns it.
    pub(super) async fn recorded(
        &self,
        result: Result<TokenPair, ApplicationError>,
        address: Option<IpAddr>,
    ) -> Result<TokenPair, ApplicationError> {
        let result = match result {
            Err(error @ (ApplicationError::InvalidOneTimeToken | ApplicationError::InvalidProviderCode)) => {
                Err(self.refused(What::LoginFailed { user: None }, address, error).await)
            }
            result => result,
        };
        self.counted(result)
    }

    /// Records a refusal, the same for a name that is known and one that is not, and returns it.
    pub(super) async fn refused(
        &self,
        what: What,
        address: Option<IpAddr>,
        error: ApplicationError,
    ) -> ApplicationError {
        let event = By::Anyone.did(what).from_address(address);
        if !self.journal.record_refusal(&self.units, &self.hashing, event).await {
            self.journal.counters.sign_in(SignInOutcome::Failed);
        }
        error
    }

    async fn find_by_name(
        &self,
        name: Option<&UserIdentifier>,
    ) -> Result<Option<(User, Option<PasswordHash>)>, ApplicationError> {
        let Some(whose) = name else { return Ok(None) };
        Ok(self.passwords.find_with_user(whose).await?)
    }
}

async fn rehash(
    place: &mut dyn HashPlace,
    password: &Password,
    old: &PasswordHash,
) -> Result<Option<Rehashed>, HashError> {
    match place.rehash(password).await {
        Ok(new) => Ok(Some(Rehashed { old: old.clone(), new })),
        // The sign-in succeeds without it. The next one tries again.
        Err(HashError::Overloaded) => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::units::MockAccountUnit;
    use domain::users::Epoch;

    use super::*;
    use crate::sign_in::testing::Mocks;
    use crate::testing::{a_hash, a_user, password, unable_to_sign};

    fn a_new_hash() -> PasswordHash {
        PasswordHash::parse("$argon2id$new").unwrap()
    }

    fn login() -> Login {
        Login { identifier: "ada@example.com".to_owned(), password: password(), device: Device::default() }
    }

    fn verified(verification: Verification, user: Option<User>) -> Mocks {
        let mut mocks = Mocks::default();
        mocks
            .passwords
            .expect_find_with_user()
            .times(1)
            .return_once(move |_| Ok(user.map(|user| (user, Some(a_hash())))));
        mocks.hashing().expect_verify().times(1).returning(move |_, _| Ok(verification));
        mocks
    }

    /// Whose sign-in fails is recorded.
    async fn fail(mut mocks: Mocks, login: Login) -> (ApplicationError, Vec<What>) {
        mocks.units([MockAccountUnit::default()]);
        let events = mocks.units.events();
        let error = mocks.build().with_password(login).await.unwrap_err();
        let events = events.lock().unwrap().iter().map(|event| event.what).collect();
        (error, events)
    }

    fn a_unit(recorded: bool, rehashed: bool) -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.users.expect_record_login().return_once(move |_, _, _| Ok(recorded));
        if rehashed {
            unit.passwords
                .expect_replace_hash()
                .withf(|_, old, new| *old == a_hash() && *new == a_new_hash())
                .times(1)
                .returning(|_, _, _| Ok(true));
        }
        if recorded {
            unit.refresh_tokens.expect_insert().times(1).returning(|_| Ok(()));
        }
        unit
    }

    #[tokio::test]
    async fn the_right_password_starts_a_session() {
        let mut mocks = verified(Verification::Match { outdated: false }, Some(a_user()));
        let commits = mocks.units([a_unit(true, false)]);
        mocks.build().with_password(login()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn without_a_place_at_the_hasher_the_database_is_not_asked() {
        let result = Mocks::overloaded().with_password(login()).await;
        assert!(matches!(result, Err(ApplicationError::Overloaded)));
    }

    #[tokio::test]
    async fn without_a_signature_no_session_is_stored() {
        let mocks = verified(Verification::Match { outdated: false }, Some(a_user()));
        let mocks = Mocks { access_tokens: unable_to_sign(), ..mocks };
        assert!(matches!(mocks.build().with_password(login()).await, Err(ApplicationError::Unavailable(_))));
    }

    #[tokio::test]
    async fn an_unknown_user_costs_one_verification_too() {
        let mut mocks = Mocks::default();
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(None));
        mocks
            .hashing()
            .expect_verify()
            .withf(|_, stored| stored.is_none())
            .times(1)
            .returning(|_, _| Ok(Verification::Mismatch));
        let (error, events) = fail(mocks, login()).await;
        assert!(matches!(error, ApplicationError::InvalidCredentials));
        assert_eq!(events, [What::LoginFailed { user: None }]);
    }

    #[tokio::test]
    async fn whoever_has_no_password_is_as_good_as_unknown() {
        let mut mocks = Mocks::default();
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), None))));
        let is_none = |_: &Password, stored: &Option<PasswordHash>| stored.is_none();
        mocks.hashing().expect_verify().withf(is_none).times(1).returning(|_, _| Ok(Verification::Mismatch));
        let (error, _) = fail(mocks, login()).await;
        assert!(matches!(error, ApplicationError::InvalidCredentials));
    }

    #[tokio::test]
    async fn a_name_that_is_none_costs_one_verification_too() {
        let mut mocks = Mocks::default();
        mocks.hashing().expect_verify().times(1).returning(|_, _| Ok(Verification::Mismatch));
        let (error, _) = fail(mocks, Login { identifier: "no such name!".to_owned(), ..login() }).await;
        assert!(matches!(error, ApplicationError::InvalidCredentials));
    }

    #[tokio::test]
    async fn that_an_account_is_disabled_is_told_for_the_right_password_only() {
        let disabled = User { is_active: false, ..a_user() };
        let mocks = verified(Verification::Match { outdated: false }, Some(disabled.clone()));
        let (error, events) = fail(mocks, login()).await;
        assert!(matches!(error, ApplicationError::AccountDisabled));
        assert_eq!(events, [What::LoginRefusedDisabled { user: a_user().id }]);
        let mocks = verified(Verification::Mismatch, Some(disabled));
        let (error, events) = fail(mocks, login()).await;
        assert!(matches!(error, ApplicationError::InvalidCredentials));
        assert_eq!(events, [What::LoginFailed { user: Some(a_user().id) }]);
    }

    #[tokio::test]
    async fn a_refusal_stands_where_the_database_does_not_take_its_record() {
        for user in [None, Some(a_user())] {
            let mut mocks = verified(Verification::Mismatch, user);
            let mut unit = MockAccountUnit::default();
            unit.unit.refuses_commit = true;
            mocks.units([unit]);
            let sign_in = mocks.build();
            assert!(matches!(sign_in.with_password(login()).await, Err(ApplicationError::InvalidCredentials)));
            let counted = sign_in.journal.counters.read().sign_ins.into_iter().filter(|(_, count)| *count > 0);
            assert!(counted.eq([(SignInOutcome::Failed, 1)]));
        }
    }

    #[tokio::test]
    async fn a_new_password_or_a_disabling_while_hashing_wins() {
        for changed in [
            None,
            Some((a_user(), Some(a_new_hash()))),
            Some((a_user(), None)),
            Some((User { is_active: false, ..a_user() }, Some(a_hash()))),
        ] {
            let mut mocks = verified(Verification::Match { outdated: false }, Some(a_user()));
            mocks.passwords.expect_find_with_user().return_once(move |_| Ok(changed));
            mocks.units([a_unit(false, false), MockAccountUnit::default()]);
            let events = mocks.units.events();
            assert!(matches!(mocks.build().with_password(login()).await, Err(ApplicationError::InvalidCredentials)));
            let events: Vec<_> = events.lock().unwrap().iter().map(|event| event.what).collect();
            assert_eq!(events, [What::LoginFailed { user: Some(a_user().id) }]);
        }
    }

    #[tokio::test]
    async fn another_role_while_hashing_does_not_make_the_password_wrong() {
        let mut mocks = verified(Verification::Match { outdated: false }, Some(a_user()));
        let changed = User { epoch: Epoch::new(1), ..a_user() };
        mocks.passwords.expect_find_with_user().return_once(move |_| Ok(Some((changed, Some(a_hash())))));
        let commits = mocks.units([a_unit(false, false), a_unit(true, false)]);
        mocks.build().with_password(login()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_outdated_hash_is_replaced_unless_the_hasher_is_busy() {
        let mut mocks = verified(Verification::Match { outdated: true }, Some(a_user()));
        mocks.hashing().expect_rehash().times(1).returning(|_| Ok(a_new_hash()));
        mocks.units([a_unit(true, true)]);
        mocks.build().with_password(login()).await.unwrap();

        let mut mocks = verified(Verification::Match { outdated: true }, Some(a_user()));
        mocks.hashing().expect_rehash().times(1).returning(|_| Err(HashError::Overloaded));
        mocks.units([a_unit(true, false)]);
        mocks.build().with_password(login()).await.unwrap();
    }

    #[tokio::test]
    async fn an_unusable_hash_is_a_wrong_password_after_the_same_work() {
        let mut mocks = Mocks::default();
        mocks.passwords.expect_find_with_user().return_once(|_| Ok(Some((a_user(), Some(a_hash())))));
        mocks.hashing().expect_verify().times(2).returning(|_, stored| {
            stored.map_or(Ok(Verification::Mismatch), |_| Err(HashError::Unusable("over the cap")))
        });
        let (error, _) = fail(mocks, login()).await;
        assert!(matches!(error, ApplicationError::InvalidCredentials));
    }
}
