use chrono::TimeDelta;
use domain::Timestamp;
use domain::events::{By, What};
use domain::keys::{KeyState, MAX_KEY_RING_AGE, SigningKey, StoredKeys};

use super::{Keys, unreadable};
use crate::ApplicationError;

/// Most keys in the ring. Rotating faster than keys retire would let it grow without end.
const MAX_KEYS: usize = 200;

/// What came of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The next key is active now.
    Done,
    /// Another node rotated at the same time.
    ByAnother,
    /// No other key signs yet: some nodes may not know the next key, or the ring is full. Try again after this time.
    TooSoon(TimeDelta),
}

impl Keys {
    /// On the word of the operator, makes the next key the active one, retires the active one, and publishes another
    /// next key. Tokens of the retired key are accepted until the last of them has expired. The algorithm stays that of
    /// the next key: only a server that starts changes it. A key that this process cannot open never becomes active: if
    /// the next key is one, another is published in its place.
    ///
    /// # Errors
    /// [`ApplicationError::NotFound`] when the ring was never prepared; [`ApplicationError::ForeignKeys`] when it was
    /// sealed with another root secret; [`ApplicationError::Internal`] when this version cannot read the active or the
    /// next key; [`ApplicationError::Unavailable`]. Nothing was changed then.
    pub async fn rotate(&self) -> Result<Rotated, ApplicationError> {
        self.rotate_keys_by(By::Operator).await
    }

    /// As [`Keys::rotate`], by the operator or by the node itself.
    pub(super) async fn rotate_keys_by(&self, by: By) -> Result<Rotated, ApplicationError> {
        let keys = self.signing_keys.list().await?;
        let (active, next) = (keys.active().map_err(unreadable)?, keys.next().map_err(unreadable)?);
        let (Some(active), Some(next)) = (active, next) else { return Err(ApplicationError::NotFound) };
        if self.is_foreign(&keys) {
            return Err(ApplicationError::ForeignKeys);
        }
        let now = self.clock.now();
        if !self.factory.can_open(next) || next.created_at > now + MAX_KEY_RING_AGE {
            return self.publish_instead_of(next).await;
        }
        if let Some(wait) = time_to_wait(&keys, next, now) {
            return Ok(Rotated::TooSoon(wait));
        }
        let after_next = self.make_key(next.algorithm, KeyState::Next).await?;
        let token_ttl = self.token_ttl_after(Some(active));
        let accepted_until = now + token_ttl + MAX_KEY_RING_AGE;
        let active_now = KeyState::Active { since: now, token_ttl };

        let unit = self.units.begin().await?;
        let repository = unit.signing_keys();
        if !repository.change_state(active.id, active.state, KeyState::Retired { accepted_until }).await?
            || !repository.change_state(next.id, next.state, active_now).await?
            || !repository.insert(&after_next).await?
        {
            return Ok(Rotated::ByAnother);
        }
        repository.delete_retired(now).await?;
        let event = by.did(What::KeysRotated { active: next.id, retired: active.id });
        self.journal.commit(unit, event).await?;
        // It is done. If the keys cannot be read now, they will be read before the next token is signed.
        let _ = self.access_tokens.reload().await;
        Ok(Rotated::Done)
    }

    /// Throws away a next key that cannot sign, or of which nobody knows how long it has been published because the
    /// clock was set back, and publishes another. It has signed nothing yet, unless another node has made it active
    /// meanwhile: then it stays.
    async fn publish_instead_of(&self, next: &SigningKey) -> Result<Rotated, ApplicationError> {
        let new = self.make_key(next.algorithm, KeyState::Next).await?;
        let unit = self.units.begin().await?;
        if !unit.signing_keys().delete(next.id, KeyState::Next).await? || !unit.signing_keys().insert(&new).await? {
            return Ok(Rotated::ByAnother);
        }
        unit.commit().await?;
        Ok(Rotated::TooSoon(MAX_KEY_RING_AGE))
    }

    /// Rotates if the active key has been active for as long as is configured. Returns whether this call did.
    ///
    /// # Errors
    /// As for [`Keys::rotate`].
    pub async fn rotate_if_due(&self) -> Result<bool, ApplicationError> {
        let Some(rotate_after) = self.rotate_after else { return Ok(false) };
        let keys = self.signing_keys.list().await?;
        let now = self.clock.now();
        let is_due = keys.active().map_err(unreadable)?.is_some_and(|key| match key.state {
            // A time that lies ahead tells no age: the clock was set back.
            KeyState::Active { since, .. } => now - since >= rotate_after || since > now + MAX_KEY_RING_AGE,
            KeyState::Next | KeyState::Retired { .. } => false,
        });
        Ok(is_due && self.rotate_keys_by(By::Node).await? == Rotated::Done)
    }
}

fn time_to_wait(keys: &StoredKeys, next: &SigningKey, now: Timestamp) -> Option<TimeDelta> {
    let known = next.created_at + MAX_KEY_RING_AGE;
    let retired = keys.readable.iter().filter_map(|key| match key.state {
        KeyState::Retired { accepted_until } => Some(accepted_until),
        KeyState::Next | KeyState::Active { .. } => None,
    });
    let room = if keys.readable.len() < MAX_KEYS { now } else { retired.min().unwrap_or(now) };
    Some(known.max(room) - now).filter(|wait| *wait > TimeDelta::zero())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use domain::StoreError;
    use domain::keys::{Algorithm, KeyId, MockKeyUnit, SealedKey};

    use super::*;
    use crate::keys::testing::Mocks;
    use crate::testing::{a_key, now};

    /// A ring whose next key was published `seconds` ago.
    fn sealed_ring(seconds: i64) -> Mocks {
        let mut mocks = Mocks::default();
        let active =
            a_key(1, KeyState::Active { since: now() - TimeDelta::days(90), token_ttl: TimeDelta::minutes(10) });
        let next = SigningKey { created_at: now() - TimeDelta::seconds(seconds), ..a_key(2, KeyState::Next) };
        mocks.signing_keys.expect_list().returning(move || Ok(vec![active.clone(), next.clone()].into()));
        mocks.key_factory.expect_generate().returning(|_, _| Ok(SealedKey::new(vec![1])));
        mocks
    }

    /// The ring of a process that can open the keys with these numbers alone.
    fn opening(opened: &'static [u128], seconds: i64) -> Mocks {
        let mut mocks = sealed_ring(seconds);
        let can_open = |key: &SigningKey| opened.iter().any(|number| key.id == a_key(*number, KeyState::Next).id);
        mocks.key_factory.expect_can_open().returning(can_open);
        mocks
    }

    fn ring(seconds: i64) -> Mocks {
        opening(&[1, 2], seconds)
    }

    fn a_replacing_unit() -> MockKeyUnit {
        let mut unit = MockKeyUnit::default();
        let is_next = |id: &KeyId, from: &KeyState| *id == a_key(2, KeyState::Next).id && *from == KeyState::Next;
        unit.signing_keys.expect_delete().withf(is_next).times(1).returning(|_, _| Ok(true));
        let is_new = |key: &SigningKey| key.state == KeyState::Next && key.created_at == now();
        unit.signing_keys.expect_insert().withf(is_new).times(1).returning(|_| Ok(true));
        unit
    }

    fn a_unit(first_change: bool) -> MockKeyUnit {
        let mut unit = MockKeyUnit::default();
        let accepted_until = now() + TimeDelta::minutes(15) + MAX_KEY_RING_AGE;
        unit.signing_keys
            .expect_change_state()
            .withf(move |_, _, to| *to == KeyState::Retired { accepted_until })
            .times(1)
            .returning(move |_, _, _| Ok(first_change));
        unit
    }

    #[tokio::test]
    async fn the_next_key_becomes_active_and_the_active_one_is_accepted_until_its_last_token_has_expired() {
        let mut mocks = ring(5);
        let mut unit = a_unit(true);
        unit.signing_keys
            .expect_change_state()
            .withf(|_, from, to| {
                *from == KeyState::Next && *to == KeyState::Active { since: now(), token_ttl: TimeDelta::minutes(15) }
            })
            .times(1)
            .returning(|_, _, _| Ok(true));
        unit.signing_keys.expect_insert().withf(|key| key.state == KeyState::Next).times(1).returning(|_| Ok(true));
        unit.signing_keys.expect_delete_retired().times(1).returning(|_| Ok(0));
        let commits = mocks.units([unit]);
        let unavailable = || Err(StoreError::Unavailable("it is down".into()));
        mocks.access_tokens.expect_reload().times(1).returning(unavailable);
        assert_eq!(mocks.build().rotate().await.unwrap(), Rotated::Done, "what was committed is done");
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn whoever_rotates_with_other_settings_keeps_the_lifetime_and_the_algorithm() {
        let mut mocks = ring(5);
        mocks.access_token_ttl = TimeDelta::seconds(1);
        mocks.algorithm = Algorithm::Hs256;
        let mut unit = MockKeyUnit::default();
        let accepted_until = now() + TimeDelta::minutes(10) + MAX_KEY_RING_AGE;
        let to_retired = move |_: &_, _: &_, to: &KeyState| *to == KeyState::Retired { accepted_until };
        unit.signing_keys.expect_change_state().withf(to_retired).times(1).returning(|_, _, _| Ok(true));
        let to_active = move |_: &_, _: &_, to: &KeyState| {
            *to == KeyState::Active { since: now(), token_ttl: TimeDelta::minutes(10) }
        };
        unit.signing_keys.expect_change_state().withf(to_active).times(1).returning(|_, _, _| Ok(true));
        let is_like_next = |key: &SigningKey| key.algorithm == a_key(2, KeyState::Next).algorithm;
        unit.signing_keys.expect_insert().withf(is_like_next).times(1).returning(|_| Ok(true));
        unit.signing_keys.expect_delete_retired().returning(|_| Ok(0));
        mocks.units([unit]);
        mocks.access_tokens.expect_reload().returning(|| Ok(()));
        let events = mocks.units.events();
        assert_eq!(mocks.build().rotate().await.unwrap(), Rotated::Done);
        assert!(events.lock().unwrap().iter().map(|event| &event.by).eq([&By::Operator]));
    }

    #[tokio::test]
    async fn a_key_that_was_published_a_moment_ago_does_not_sign_yet() {
        let rotated = ring(2).build().rotate().await.unwrap();
        assert_eq!(rotated, Rotated::TooSoon(TimeDelta::seconds(3)));
    }

    #[tokio::test]
    async fn a_ring_of_another_secret_does_not_rotate() {
        for opened in [&[][..], &[2]] {
            let refused = opening(opened, 5).build().rotate().await;
            assert!(matches!(refused, Err(ApplicationError::ForeignKeys)), "{refused:?}");
        }
    }

    #[tokio::test]
    async fn a_next_key_that_cannot_sign_here_is_replaced_and_does_not_become_active() {
        for mut mocks in [opening(&[1], 5), ring(-6)] {
            let commits = mocks.units([a_replacing_unit()]);
            assert_eq!(mocks.build().rotate().await.unwrap(), Rotated::TooSoon(MAX_KEY_RING_AGE));
            assert_eq!(commits.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test]
    async fn of_two_who_rotate_at_once_one_does_nothing() {
        let mut mocks = ring(5);
        let commits = mocks.units([a_unit(false)]);
        assert_eq!(mocks.build().rotate().await.unwrap(), Rotated::ByAnother);
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn keys_rotate_by_themselves_when_they_are_old_and_not_before() {
        let mut mocks = ring(5);
        mocks.rotate_keys_after = Some(TimeDelta::days(91));
        assert!(!mocks.build().rotate_if_due().await.unwrap());
        let mut mocks = ring(5);
        mocks.rotate_keys_after = Some(TimeDelta::days(90));
        mocks.units([a_unit(false)]);
        assert!(!mocks.build().rotate_if_due().await.unwrap(), "another node did it");
    }

    #[tokio::test]
    async fn a_key_that_is_active_since_a_time_ahead_is_due() {
        for (seconds, is_due) in [(5, false), (6, true)] {
            let mut mocks = Mocks::default();
            let since = now() + TimeDelta::seconds(seconds);
            let active = a_key(1, KeyState::Active { since, token_ttl: TimeDelta::minutes(15) });
            let next = SigningKey { created_at: now() - TimeDelta::minutes(1), ..a_key(2, KeyState::Next) };
            mocks.signing_keys.expect_list().returning(move || Ok(vec![active.clone(), next.clone()].into()));
            mocks.key_factory.expect_generate().returning(|_, _| Ok(SealedKey::new(vec![1])));
            mocks.key_factory.expect_can_open().returning(|_| true);
            mocks.access_tokens.expect_reload().returning(|| Ok(()));
            let mut unit = MockKeyUnit::default();
            unit.signing_keys.expect_change_state().returning(|_, _, _| Ok(true));
            unit.signing_keys.expect_insert().returning(|_| Ok(true));
            unit.signing_keys.expect_delete_retired().returning(|_| Ok(0));
            mocks.units([unit]);
            let events = mocks.units.events();
            assert_eq!(mocks.build().rotate_if_due().await.unwrap(), is_due, "{seconds} s ahead");
            assert!(events.lock().unwrap().iter().all(|event| event.by == By::Node));
        }
    }
}
