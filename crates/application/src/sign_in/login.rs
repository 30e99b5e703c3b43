use domain::passwords::{HashError, HashPlace, Password, PasswordHash, Verification};
use domain::sessions::{Device, NewRefreshToken, RefreshToken};
use domain::users::{Email, User, Username};
use tracing::error;

use super::SignIn;
use crate::audit::Event;
use crate::{ApplicationError, SignInOutcome, TokenPair};

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
    /// [`ApplicationError::AccountDisabled`], only to who knows the password; [`ApplicationError::Overloaded`],
    /// [`ApplicationError::Unavailable`].
    pub async fn with_password(&self, login: Login) -> Result<TokenPair, ApplicationError> {
        let result = self.verify_and_start(login).await;
        self.journal.counters.sign_in(SignInOutcome::of(&result));
        result
    }

    async fn verify_and_start(&self, login: Login) -> Result<TokenPair, ApplicationError> {
        // Before it is looked whether there is such a user: a refusal is cheap, and tells nothing about the account. The
        // place is kept to the end, which bounds all that sign-ins do at a time.
        let mut place = self.hashing.reserve()?;
        let user = self.hashing.in_turn(self.find_by_identifier(&login.identifier)).await?;
        let stored = user.as_ref().map(|user| user.password_hash.clone());
        let verification = verify_or_mismatch(place.as_mut(), &login.password, stored).await?;
        let (Some(user), Verification::Match { outdated }) = (&user, verification) else {
            Event::LoginFailed { user: user.map(|user| user.id) }.record();
            return Err(ApplicationError::InvalidCredentials);
        };
        if !user.is_active {
            Event::LoginRefusedDisabled { user: user.id }.record();
            return Err(ApplicationError::AccountDisabled);
        }
        let rehashed = if outdated { rehash(place.as_mut(), &login.password).await? } else { None };
        if let Some(pair) =
            self.hashing.in_turn(self.start_session(user, rehashed.clone(), login.device.clone())).await?
        {
            return Ok(pair);
        }
        // Hashing took its time, and the account changed meanwhile. Where it was not the password, nor that the account
        // is active, the password is still right.
        let changed = self.hashing.in_turn(self.users.find_by_id(user.id)).await?;
        let same = changed.filter(|changed| changed.password_hash == user.password_hash && changed.is_active);
        if let Some(same) = same
            && let Some(pair) = self.hashing.in_turn(self.start_session(&same, rehashed, login.device)).await?
        {
            return Ok(pair);
        }
        Event::LoginFailed { user: Some(user.id) }.record();
        Err(ApplicationError::InvalidCredentials)
    }

    async fn find_by_identifier(&self, identifier: &str) -> Result<Option<User>, ApplicationError> {
        // A username has no '@', so there is one way to read a name.
        if identifier.contains('@') {
            let Ok(email) = Email::parse(identifier) else { return Ok(None) };
            return Ok(self.users.find_by_email(&email).await?);
        }
        let Ok(username) = Username::parse(identifier) else { return Ok(None) };
        Ok(self.users.find_by_username(&username).await?)
    }

    /// `None` when the account is not the one that was verified any more.
    async fn start_session(
        &self,
        user: &User,
        rehashed: Option<PasswordHash>,
        device: Device,
    ) -> Result<Option<TokenPair>, ApplicationError> {
        let now = self.clock.now();
        let new = NewRefreshToken { id: self.ids.session_id(), user_id: user.id, nonce: self.ids.nonce(), device };
        let session = RefreshToken::start(new, now, &self.policy);
        // Signed first: a session that nobody holds a token of is not to be stored.
        let pair = self.issuer.issue(&session, user, now).await?;

        let unit = self.units.begin().await?;
        if !unit.users().record_login(user.id, user.epoch, now, rehashed).await? {
            return Ok(None);
        }
        unit.refresh_tokens().insert(&session).await?;
        let event = Event::LoginSucceeded { user: user.id, session: session.id };
        self.journal.commit(unit, event).await?;
        Ok(Some(pair))
    }
}

/// A stored hash that cannot be used is logged, and then as good as a wrong password: to the client nothing tells such an
/// account from another, not even the time.
async fn verify_or_mismatch(
    place: &mut dyn HashPlace,
    password: &Password,
    stored: Option<PasswordHash>,
) -> Result<Verification, HashError> {
    match place.verify(password, stored).await {
        Err(fault @ HashError::Unusable(_)) => {
            error!(error = %fault, "a user cannot sign in until their password hash is mended");
            place.verify(password, None).await
        }
        result => result,
    }
}

async fn rehash(place: &mut dyn HashPlace, password: &Password) -> Result<Option<PasswordHash>, HashError> {
    match place.hash(password).await {
        Ok(hash) => Ok(Some(hash)),
        // The sign-in is good without it. The next one tries again.
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
    use crate::testing::{a_user, password, unable_to_sign};

    fn login() -> Login {
        Login { identifier: "ada@example.com".to_owned(), password: password(), device: Device::default() }
    }

    fn verified(verification: Verification, user: Option<User>) -> Mocks {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_email().return_once(move |_| Ok(user));
        mocks.hashing().expect_verify().times(1).returning(move |_, _| Ok(verification));
        mocks
    }

    fn a_unit(recorded: bool, rehashed: bool) -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.users
            .expect_record_login()
            .withf(move |_, _, _, hash| hash.is_some() == rehashed)
            .return_once(move |_, _, _, _| Ok(recorded));
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
        mocks.users.expect_find_by_email().return_once(|_| Ok(None));
        mocks
            .hashing()
            .expect_verify()
            .withf(|_, stored| stored.is_none())
            .times(1)
            .returning(|_, _| Ok(Verification::Mismatch));
        let result = mocks.build().with_password(login()).await;
        assert!(matches!(result, Err(ApplicationError::InvalidCredentials)));
    }

    #[tokio::test]
    async fn a_name_that_is_none_costs_one_verification_too() {
        let mut mocks = Mocks::default();
        mocks.hashing().expect_verify().times(1).returning(|_, _| Ok(Verification::Mismatch));
        let result = mocks.build().with_password(Login { identifier: "no such name!".to_owned(), ..login() }).await;
        assert!(matches!(result, Err(ApplicationError::InvalidCredentials)));
    }

    #[tokio::test]
    async fn that_an_account_is_disabled_is_told_for_the_right_password_only() {
        let disabled = User { is_active: false, ..a_user() };
        let mocks = verified(Verification::Match { outdated: false }, Some(disabled.clone()));
        assert!(matches!(mocks.build().with_password(login()).await, Err(ApplicationError::AccountDisabled)));
        let mocks = verified(Verification::Mismatch, Some(disabled));
        assert!(matches!(mocks.build().with_password(login()).await, Err(ApplicationError::InvalidCredentials)));
    }

    #[tokio::test]
    async fn a_new_password_or_a_disabling_while_hashing_wins() {
        let new_hash = PasswordHash::parse("$argon2id$new").unwrap();
        for changed in [
            None,
            Some(User { password_hash: new_hash.clone(), ..a_user() }),
            Some(User { is_active: false, ..a_user() }),
        ] {
            let mut mocks = verified(Verification::Match { outdated: false }, Some(a_user()));
            mocks.users.expect_find_by_id().return_once(move |_| Ok(changed));
            let commits = mocks.units([a_unit(false, false)]);
            assert!(matches!(mocks.build().with_password(login()).await, Err(ApplicationError::InvalidCredentials)));
            assert_eq!(commits.load(Ordering::SeqCst), 0);
        }
    }

    #[tokio::test]
    async fn another_role_while_hashing_does_not_make_the_password_wrong() {
        let mut mocks = verified(Verification::Match { outdated: false }, Some(a_user()));
        let changed = User { epoch: Epoch::new(1), ..a_user() };
        mocks.users.expect_find_by_id().return_once(move |_| Ok(Some(changed)));
        let commits = mocks.units([a_unit(false, false), a_unit(true, false)]);
        mocks.build().with_password(login()).await.unwrap();
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_outdated_hash_is_replaced_unless_the_hasher_is_busy() {
        let mut mocks = verified(Verification::Match { outdated: true }, Some(a_user()));
        mocks.hashing().expect_hash().times(1).returning(|_| Ok(a_user().password_hash));
        mocks.units([a_unit(true, true)]);
        mocks.build().with_password(login()).await.unwrap();

        let mut mocks = verified(Verification::Match { outdated: true }, Some(a_user()));
        mocks.hashing().expect_hash().times(1).returning(|_| Err(HashError::Overloaded));
        mocks.units([a_unit(true, false)]);
        mocks.build().with_password(login()).await.unwrap();
    }

    #[tokio::test]
    async fn an_unusable_hash_is_a_wrong_password_after_the_same_work() {
        let mut mocks = Mocks::default();
        mocks.users.expect_find_by_email().return_once(|_| Ok(Some(a_user())));
        mocks.hashing().expect_verify().times(2).returning(|_, stored| {
            stored.map_or(Ok(Verification::Mismatch), |_| Err(HashError::Unusable("over the cap")))
        });
        assert!(matches!(mocks.build().with_password(login()).await, Err(ApplicationError::InvalidCredentials)));
    }
}
