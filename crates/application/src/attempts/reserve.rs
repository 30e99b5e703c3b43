use std::net::IpAddr;

use domain::attempts::{AttemptKey, AttemptLimit, Attempted, Network, Reservation, Subject};
use domain::units::AccountUnit;
use domain::users::UserId;
use domain::{StoreError, Timestamp};
use uuid::Uuid;

use super::Attempts;
use crate::ApplicationError;

/// Most sessions of an account that are looked at for their networks.
const MAX_SESSIONS: u64 = 100;

/// Whose password somebody tries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose<'a> {
    /// An account's.
    User(UserId),
    /// There is no account with this name.
    Nobody(&'a str),
}

/// An attempt that was taken. One that is dropped was wrong.
#[must_use]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    /// Counts those from the same network.
    own: AttemptKey,
    /// Counts those from all networks that are not known.
    shared: Option<AttemptKey>,
}

impl Attempts {
    /// Takes an attempt at a password, or refuses it where there were too many, the same for names that nobody has.
    ///
    /// Whoever guesses from many networks makes the others wait, and not those who come from a network that the account
    /// has a live session from: these have a budget of their own.
    ///
    /// # Errors
    /// [`ApplicationError::TooManyAttempts`], [`ApplicationError::Unavailable`].
    pub(crate) async fn reserve(
        &self,
        whose: Whose<'_>,
        address: Option<IpAddr>,
    ) -> Result<Attempt<'_>, ApplicationError> {
        let now = self.clock.now();
        let key = |network| self.password_key(whose, network);
        let Some(network) = address.map(Network::of) else {
            return self.take(key(None), &AttemptLimit::IN_ALL, now).await;
        };
        if self.is_known(whose, network, now).await? {
            return self.take(key(Some(network)), &AttemptLimit::FROM_A_KNOWN_NETWORK, now).await;
        }
        let attempt = self.take(key(Some(network)), &AttemptLimit::FROM_A_NETWORK, now).await?;
        match self.take(key(None), &AttemptLimit::IN_ALL, now).await {
            Ok(shared) => Ok(Attempt { shared: Some(shared.own), ..attempt }),
            Err(refusal) => {
                attempt.came_to_nothing().await?;
                Err(refusal)
            }
        }
    }

    /// Forgets the attempts at a password that is another one now, in the unit that stores it, so that its owner gets
    /// in from where they are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn forget(
        &self,
        unit: &dyn AccountUnit,
        user: UserId,
        address: Option<IpAddr>,
    ) -> Result<(), StoreError> {
        let own = address.map(|address| Some(Network::of(address)));
        for network in std::iter::once(None).chain(own) {
            unit.attempts().forget(&self.password_key(Whose::User(user), network)).await?;
        }
        Ok(())
    }

    /// What counts attempts at a password, from this network or from all that are not known.
    fn password_key(&self, whose: Whose<'_>, network: Option<Network>) -> AttemptKey {
        AttemptKey::new(Attempted::Password, whose.subject(), network, self.mac.as_ref())
    }

    async fn is_known(&self, whose: Whose<'_>, network: Network, now: Timestamp) -> Result<bool, StoreError> {
        // Asked for a name that nobody has, too, so that the time does not tell.
        let user = whose.user().unwrap_or(UserId::new(Uuid::nil()));
        let sessions = self.refresh_tokens.list_live(user, now, MAX_SESSIONS).await?;
        Ok(sessions.iter().any(|session| session.device.address().map(Network::of) == Some(network)))
    }

    /// Takes an attempt at whatever this key counts.
    ///
    /// # Errors
    /// [`ApplicationError::TooManyAttempts`], [`ApplicationError::Unavailable`].
    pub(crate) async fn take(
        &self,
        key: AttemptKey,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<Attempt<'_>, ApplicationError> {
        match self.attempts.reserve(&key, limit, now).await? {
            Reservation::Taken => Ok(Attempt { attempts: self, own: key, shared: None }),
            Reservation::Refused { free_at } => Err(ApplicationError::TooManyAttempts { retry_after: free_at - now }),
        }
    }
}

impl Attempt<'_> {
    /// The secret was right: what was tried before from this network is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn was_right(self) -> Result<(), StoreError> {
        self.attempts.attempts.forget(&self.own).await?;
        self.give_back(self.shared).await
    }

    /// The secret was not looked at.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn came_to_nothing(self) -> Result<(), StoreError> {
        self.give_back(Some(self.own)).await?;
        self.give_back(self.shared).await
    }

    async fn give_back(&self, key: Option<AttemptKey>) -> Result<(), StoreError> {
        match key {
            Some(key) => self.attempts.attempts.give_back(&key).await,
            None => Ok(()),
        }
    }
}

impl<'a> Whose<'a> {
    /// Whose account it is, if there is one.
    pub(super) fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Nobody(_) => None,
        }
    }

    fn subject(self) -> Subject<'a> {
        match self {
            Self::User(id) => Subject::User(id),
            Self::Nobody(name) => Subject::Unknown(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use chrono::TimeDelta;
    use domain::sessions::{Device, RefreshToken};

    use super::*;
    use crate::attempts::testing::Mocks;
    use crate::testing::{a_session, now, user_id};

    /// The limits that are asked, in order: the first `refused_from` of them are kept to.
    struct Asked(Arc<Mutex<Vec<AttemptLimit>>>);

    impl Asked {
        fn by(mocks: &mut Mocks, refused: Option<AttemptLimit>) -> Self {
            let asked = Arc::<Mutex<Vec<_>>>::default();
            let limits = Arc::clone(&asked);
            mocks.attempts.expect_reserve().returning(move |_, limit, _| {
                limits.lock().unwrap().push(*limit);
                let free_at = now() + TimeDelta::seconds(7);
                Ok(if refused == Some(*limit) { Reservation::Refused { free_at } } else { Reservation::Taken })
            });
            Self(asked)
        }

        fn limits(&self) -> Vec<AttemptLimit> {
            self.0.lock().unwrap().clone()
        }
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn with_session_from(text: &str) -> Mocks {
        let mut mocks = Mocks::default();
        let session = RefreshToken { device: Device::new(None, address(text)), ..a_session() };
        mocks
            .refresh_tokens
            .expect_list_live()
            .times(1)
            .returning(move |user, _, _| Ok(if user == user_id() { vec![session.clone()] } else { Vec::new() }));
        mocks
    }

    #[tokio::test]
    async fn a_network_with_a_session_has_a_budget_of_its_own() {
        let mut mocks = with_session_from("192.0.2.1");
        let asked = Asked::by(&mut mocks, None);
        mocks.attempts.expect_forget().times(1).returning(|_| Ok(true));
        let attempts = mocks.build();
        let attempt = attempts.reserve(Whose::User(user_id()), address("192.0.2.200")).await.unwrap();
        attempt.was_right().await.unwrap();
        assert_eq!(asked.limits(), [AttemptLimit::FROM_A_KNOWN_NETWORK]);
    }

    #[tokio::test]
    async fn other_networks_share_one_besides_their_own_as_do_names_that_nobody_has() {
        for whose in [Whose::User(user_id()), Whose::Nobody("eve@example.com")] {
            let mut mocks = with_session_from("192.0.2.1");
            let asked = Asked::by(&mut mocks, None);
            mocks.attempts.expect_forget().times(1).returning(|_| Ok(true));
            mocks.attempts.expect_give_back().times(1).returning(|_| Ok(()));
            let attempts = mocks.build();
            attempts.reserve(whose, address("198.51.100.1")).await.unwrap().was_right().await.unwrap();
            assert_eq!(asked.limits(), [AttemptLimit::FROM_A_NETWORK, AttemptLimit::IN_ALL]);
        }
    }

    #[tokio::test]
    async fn what_is_refused_for_all_does_not_count_for_one() {
        let mut mocks = with_session_from("192.0.2.1");
        let _asked = Asked::by(&mut mocks, Some(AttemptLimit::IN_ALL));
        mocks.attempts.expect_give_back().times(1).returning(|_| Ok(()));
        let attempts = mocks.build();
        let refusal = attempts.reserve(Whose::User(user_id()), address("198.51.100.1")).await.err().unwrap();
        let wait = TimeDelta::seconds(7);
        assert!(matches!(refusal, ApplicationError::TooManyAttempts { retry_after } if retry_after == wait));
    }

    #[tokio::test]
    async fn without_an_address_there_is_one_budget() {
        let mut mocks = Mocks::default();
        let asked = Asked::by(&mut mocks, None);
        mocks.attempts.expect_give_back().times(1).returning(|_| Ok(()));
        let attempts = mocks.build();
        attempts.reserve(Whose::User(user_id()), None).await.unwrap().came_to_nothing().await.unwrap();
        assert_eq!(asked.limits(), [AttemptLimit::IN_ALL]);
    }
}
