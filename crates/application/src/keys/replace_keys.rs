use domain::events::{By, What};
use domain::keys::KeyState;

use super::Keys;
use crate::ApplicationError;

impl Keys {
    /// Throws away every signing key and makes new ones of the same algorithm: for when a key is no longer secret, or
    /// the root secret has changed. All access tokens become void, on each node as soon as it hears of it. Sessions go
    /// on by their refresh tokens, which are made under the same root secret; keys of another one are only replaced if
    /// `also_foreign`, since that ends every session, too. The new active key takes over the longest lifetime of tokens
    /// that the old one knew, where that can be read.
    ///
    /// # Errors
    /// [`ApplicationError::ForeignKeys`] when the ring was sealed with another root secret, or that cannot be told, and
    /// not `also_foreign`; [`ApplicationError::Unavailable`], also when another node changes keys at the same time.
    pub async fn replace(&self, also_foreign: bool) -> Result<(), ApplicationError> {
        let stored = self.signing_keys.list().await?;
        if !also_foreign && self.is_foreign(&stored) {
            return Err(ApplicationError::ForeignKeys);
        }
        let replaced = stored.active().ok().flatten();
        let algorithm = replaced.map_or(self.algorithm, |key| key.algorithm);
        let active = self.make_key(algorithm, self.active_after(replaced)).await?;
        let next = self.make_key(algorithm, KeyState::Next).await?;

        let unit = self.units.begin().await?;
        unit.signing_keys().delete_all().await?;
        for key in [&active, &next] {
            if !unit.signing_keys().insert(key).await? {
                return Err(ApplicationError::Unavailable("another node changes keys at the same time".into()));
            }
        }
        self.journal.commit(unit, By::Operator.did(What::KeysReplaced { active: active.id })).await?;
        // It is done. If the keys cannot be read now, those that were known are used for MAX_KEY_RING_AGE at most.
        let _ = self.access_tokens.reload().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use chrono::TimeDelta;
    use domain::keys::{MockKeyUnit, SealedKey, SigningKey, StoredKeys, UnreadableKey};

    use super::*;
    use crate::keys::testing::Mocks;
    use crate::testing::{a_key, now};

    /// A process that can open the keys, or cannot.
    fn ring(keys: impl Into<StoredKeys>, can_open: bool) -> Mocks {
        let keys = keys.into();
        let mut mocks = Mocks::default();
        mocks.signing_keys.expect_list().returning(move || Ok(keys.clone()));
        mocks.key_factory.expect_can_open().returning(move |_| can_open);
        mocks.key_factory.expect_generate().returning(|_, _| Ok(SealedKey::new(vec![1])));
        mocks.access_tokens.expect_reload().returning(|| Ok(()));
        mocks
    }

    fn an_active_key() -> Vec<domain::keys::SigningKey> {
        vec![a_key(1, KeyState::Active { since: now(), token_ttl: TimeDelta::minutes(15) })]
    }

    fn a_replacing_unit() -> MockKeyUnit {
        let mut unit = MockKeyUnit::default();
        unit.signing_keys.expect_delete_all().times(1).returning(|| Ok(1));
        unit.signing_keys.expect_insert().times(2).returning(|_| Ok(true));
        unit
    }

    #[tokio::test]
    async fn keys_of_the_same_secret_are_replaced_and_so_is_an_empty_ring() {
        for (keys, can_open) in [(an_active_key(), true), (Vec::new(), false)] {
            let mut mocks = ring(keys, can_open);
            let commits = mocks.units([a_replacing_unit()]);
            mocks.build().replace(false).await.unwrap();
            assert_eq!(commits.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test]
    async fn the_longest_lifetime_of_tokens_is_handed_on() {
        for (own, expected) in
            [(TimeDelta::minutes(10), TimeDelta::minutes(15)), (TimeDelta::hours(1), TimeDelta::hours(1))]
        {
            let mut mocks = ring(an_active_key(), true);
            mocks.access_token_ttl = own;
            let mut unit = MockKeyUnit::default();
            unit.signing_keys.expect_delete_all().returning(|| Ok(1));
            let is_active = move |key: &SigningKey| key.state == KeyState::Active { since: now(), token_ttl: expected };
            unit.signing_keys.expect_insert().withf(is_active).times(1).returning(|_| Ok(true));
            unit.signing_keys.expect_insert().withf(|key| key.state == KeyState::Next).times(1).returning(|_| Ok(true));
            mocks.units([unit]);
            mocks.build().replace(false).await.unwrap();
        }
    }

    #[tokio::test]
    async fn keys_that_may_be_of_another_secret_are_only_replaced_where_that_is_wanted() {
        let id = a_key(1, KeyState::Next).id;
        let unreadable = UnreadableKey { id, state: "active".to_owned(), column: "algorithm" };
        let unreadable = StoredKeys { readable: Vec::new(), unreadable: vec![unreadable] };
        let without_active: StoredKeys = vec![a_key(2, KeyState::Next)].into();
        for keys in [an_active_key().into(), without_active, unreadable] {
            let refused = ring(keys.clone(), false).build().replace(false).await;
            assert!(matches!(refused, Err(ApplicationError::ForeignKeys)), "{refused:?}");
            let mut mocks = ring(keys, false);
            mocks.units([a_replacing_unit()]);
            mocks.build().replace(true).await.unwrap();
        }
    }
}
