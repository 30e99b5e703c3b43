use chrono::TimeDelta;
use domain::events::By;
use domain::keys::{KeyState, MAX_KEY_RING_AGE};

use super::{Keys, Rotated, unreadable};
use crate::ApplicationError;

/// Whether the key ring is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// A key of the configured algorithm is active and another is next.
    Ready,
    /// Something was done, or has to wait. Call again after this time.
    Again(TimeDelta),
}

impl Keys {
    /// Takes one step towards a key ring with an active and a next key, both of the configured algorithm. A node calls
    /// it when it starts, until the ring is ready. Any number of nodes may call it at once: they agree on one ring.
    ///
    /// # Errors
    /// [`ApplicationError::ForeignKeys`] when the ring was sealed with another root secret;
    /// [`ApplicationError::Internal`] when this version cannot read the active key; [`ApplicationError::Unavailable`].
    pub async fn prepare(&self) -> Result<Prepared, ApplicationError> {
        let repository = &self.signing_keys;
        let keys = repository.list().await?;
        let at_once = Ok(Prepared::Again(TimeDelta::zero()));
        let active = keys.active().map_err(unreadable)?;
        if self.is_foreign(&keys) {
            return Err(ApplicationError::ForeignKeys);
        }
        let Some(active) = active else {
            repository.insert(&self.make_key(self.algorithm, self.active_after(None)).await?).await?;
            return at_once;
        };
        // Before the first such token, so that what other nodes revoke is remembered for as long as the token lives.
        if let Some(longer) = active.state.with_longer_life(self.access_token_ttl) {
            repository.change_state(active.id, active.state, longer).await?;
            return Ok(Prepared::Again(MAX_KEY_RING_AGE));
        }
        let unfit = match keys.next() {
            Ok(None) => {
                repository.insert(&self.make_key(self.algorithm, KeyState::Next).await?).await?;
                return at_once;
            }
            Ok(Some(next)) => {
                let fits = next.algorithm == self.algorithm && self.factory.can_open(next);
                (!fits).then_some(next.id)
            }
            Err(next) => Some(next.id),
        };
        if let Some(id) = unfit {
            // It has signed nothing yet, unless another node has made it active meanwhile: then it stays.
            repository.delete(id, KeyState::Next).await?;
            return at_once;
        }
        if active.algorithm == self.algorithm {
            self.access_tokens.reload().await?;
            return Ok(Prepared::Ready);
        }
        match self.rotate_keys_by(By::Node).await? {
            Rotated::TooSoon(wait) => Ok(Prepared::Again(wait)),
            Rotated::Done | Rotated::ByAnother => at_once,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::keys::{Algorithm, SealedKey, SigningKey, StoredKeys, UnreadableKey};

    use super::*;
    use crate::keys::testing::Mocks;
    use crate::testing::{a_key, now};

    fn ring(keys: impl Into<StoredKeys>) -> Mocks {
        let keys = keys.into();
        let mut mocks = Mocks::default();
        mocks.signing_keys.expect_list().returning(move || Ok(keys.clone()));
        mocks.key_factory.expect_generate().returning(|_, _| Ok(SealedKey::new(vec![1])));
        mocks
    }

    fn an_active_key() -> SigningKey {
        a_key(1, KeyState::Active { since: now(), token_ttl: TimeDelta::minutes(15) })
    }

    #[tokio::test]
    async fn an_empty_ring_gets_an_active_key() {
        let mut mocks = ring(StoredKeys::default());
        let is_active = |key: &SigningKey| matches!(key.state, KeyState::Active { .. });
        mocks.signing_keys.expect_insert().withf(is_active).times(1).returning(|_| Ok(true));
        assert_eq!(mocks.build().prepare().await.unwrap(), Prepared::Again(TimeDelta::zero()));
    }

    #[tokio::test]
    async fn a_ring_without_a_next_key_gets_one() {
        let mut mocks = ring(vec![an_active_key()]);
        mocks.key_factory.expect_can_open().returning(|_| true);
        mocks.signing_keys.expect_insert().withf(|key| key.state == KeyState::Next).times(1).returning(|_| Ok(true));
        assert_eq!(mocks.build().prepare().await.unwrap(), Prepared::Again(TimeDelta::zero()));
    }

    #[tokio::test]
    async fn a_whole_ring_is_ready_and_left_alone() {
        let mut mocks = ring(vec![an_active_key(), a_key(2, KeyState::Next)]);
        mocks.key_factory.expect_can_open().returning(|_| true);
        mocks.access_tokens.expect_reload().times(1).returning(|| Ok(()));
        assert_eq!(mocks.build().prepare().await.unwrap(), Prepared::Ready);
    }

    #[tokio::test]
    async fn all_nodes_hear_of_a_longer_life_of_tokens_before_this_one_serves() {
        let mut mocks = ring(vec![an_active_key(), a_key(2, KeyState::Next)]);
        mocks.access_token_ttl = TimeDelta::hours(1);
        mocks.key_factory.expect_can_open().returning(|_| true);
        let longer = KeyState::Active { since: now(), token_ttl: TimeDelta::hours(1) };
        mocks
            .signing_keys
            .expect_change_state()
            .withf(move |_, _, to| *to == longer)
            .times(1)
            .returning(|_, _, _| Ok(true));
        assert_eq!(mocks.build().prepare().await.unwrap(), Prepared::Again(MAX_KEY_RING_AGE));
    }

    #[tokio::test]
    async fn a_ring_under_another_secret_is_refused_and_left_alone() {
        let without_active = vec![a_key(2, KeyState::Next), a_key(3, KeyState::Retired { accepted_until: now() })];
        for keys in [vec![an_active_key()], without_active] {
            let mut mocks = ring(keys);
            mocks.key_factory.expect_can_open().returning(|_| false);
            let refused = mocks.build().prepare().await;
            assert!(matches!(refused, Err(ApplicationError::ForeignKeys)), "{refused:?}");
        }
    }

    /// An active key, and one in this state that cannot be read.
    fn with_unreadable(state: &str) -> Mocks {
        let unreadable =
            UnreadableKey { id: a_key(2, KeyState::Next).id, state: state.to_owned(), column: "algorithm" };
        let mut mocks = ring(StoredKeys {
            readable: vec![an_active_key(), a_key(3, KeyState::Next)],
            unreadable: vec![unreadable],
        });
        mocks.key_factory.expect_can_open().returning(|_| true);
        mocks
    }

    #[tokio::test]
    async fn of_the_keys_that_cannot_be_read_only_the_active_one_is_a_fault() {
        let mut mocks = with_unreadable("retired");
        mocks.access_tokens.expect_reload().times(1).returning(|| Ok(()));
        assert_eq!(mocks.build().prepare().await.unwrap(), Prepared::Ready);

        let mut mocks = with_unreadable("next");
        mocks.signing_keys.expect_delete().withf(|_, from| *from == KeyState::Next).times(1).returning(|_, _| Ok(true));
        assert_eq!(mocks.build().prepare().await.unwrap(), Prepared::Again(TimeDelta::zero()));

        let refused = with_unreadable("active").build().prepare().await;
        assert!(matches!(refused, Err(ApplicationError::Internal(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_next_key_of_another_algorithm_is_replaced_before_it_signs() {
        let other = SigningKey { algorithm: Algorithm::Es256, ..a_key(2, KeyState::Next) };
        let mut mocks = ring(vec![an_active_key(), other]);
        mocks.key_factory.expect_can_open().returning(|_| true);
        mocks.signing_keys.expect_delete().withf(|_, from| *from == KeyState::Next).times(1).returning(|_, _| Ok(true));
        assert_eq!(mocks.build().prepare().await.unwrap(), Prepared::Again(TimeDelta::zero()));
    }
}
