use std::ops::AddAssign;

use domain::Timestamp;

use super::Node;
use crate::ApplicationError;
use crate::revocations::MAX_CLOCK_JUMP;

/// Most rows of a kind in one transaction, so that no lock is held for long.
const BATCH: u64 = 1000;

/// Most transactions of one run: a million rows of a kind.
const MAX_BATCHES: usize = 1000;

/// What a clean-up removed, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Sessions that had ended.
    pub sessions: u64,
    /// Revocations of tokens that expired more than a day ago.
    pub revocations: u64,
    /// Signing keys whose tokens have expired.
    pub signing_keys: u64,
    /// Events that were old enough.
    pub events: u64,
}

impl AddAssign for Removed {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.revocations += other.revocations;
        self.signing_keys += other.signing_keys;
        self.events += other.events;
    }
}

/// Why a clean-up came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanupEnd {
    /// Nothing is left except what others were using.
    Complete,
    /// It did as much as one run may, and there is more.
    Limit,
    /// Another node is cleaning up, and does the rest.
    ByAnother,
}

impl Node {
    /// Removes what has ended and events that are old, in batches, and adds to `removed` how much, even if it fails
    /// later on. The tokens in question are refused before and after alike. It is safe to interrupt. Several nodes that
    /// do it take turns, and each row is counted by the node that removed it.
    ///
    /// Awaits `pause` between batches, so that others can write.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]; what was removed until then stays removed.
    pub async fn clean_up<F: Future<Output = ()>>(
        &self,
        removed: &mut Removed,
        pause: impl Fn() -> F,
    ) -> Result<CleanupEnd, ApplicationError> {
        // One moment for all batches, or a busy service would never be done.
        let now = self.clock.now();
        for _ in 0..MAX_BATCHES {
            let Some(batch) = self.remove_batch(now).await? else { return Ok(CleanupEnd::ByAnother) };
            *removed += batch;
            if batch.sessions < BATCH && batch.revocations < BATCH && batch.events < BATCH {
                return Ok(CleanupEnd::Complete);
            }
            pause().await;
        }
        Ok(CleanupEnd::Limit)
    }

    /// How much [`Node::clean_up`] would remove now, if one run had no limit. Changes nothing.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`].
    pub async fn count_ended(&self) -> Result<Removed, ApplicationError> {
        let now = self.clock.now();
        Ok(Removed {
            sessions: self.refresh_tokens.count_ended(now).await?,
            revocations: self.revocations.count_expired(now - MAX_CLOCK_JUMP).await?,
            signing_keys: self.signing_keys.count_retired(now).await?,
            events: self.events.count_older(now - self.events_retention).await?,
        })
    }

    /// One transaction. `None` while another node is in one.
    async fn remove_batch(&self, before: Timestamp) -> Result<Option<Removed>, ApplicationError> {
        let unit = self.units.begin().await?;
        if !unit.try_lock().await? {
            return Ok(None);
        }
        let sessions = unit.refresh_tokens().delete_ended(before, BATCH).await?;
        // If our clock is ahead, a node that starts after it was set back has to know them.
        let revocations = unit.revocations().delete_expired(before - MAX_CLOCK_JUMP, BATCH).await?;
        let events = unit.events().delete_older(before - self.events_retention, BATCH).await?;
        // It wakes all nodes, so it is done once.
        let is_last = sessions < BATCH && revocations < BATCH && events < BATCH;
        let signing_keys = if is_last { unit.signing_keys().delete_retired(before).await? } else { 0 };
        unit.commit().await?;
        Ok(Some(Removed { sessions, revocations, signing_keys, events }))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::Ordering;

    use chrono::TimeDelta;
    use domain::StoreError;
    use domain::units::MockCleanupUnit;

    use super::*;
    use crate::node::testing::Mocks;
    use crate::testing::now;

    /// A unit that finds so much. Where a batch is full, it leaves the keys alone.
    fn a_unit(sessions: u64, revocations: u64, events: u64) -> MockCleanupUnit {
        let mut unit = MockCleanupUnit::default();
        let is_asked = |before: &Timestamp, limit: &u64| (*before, *limit) == (now(), BATCH);
        let is_asked_of_yesterday =
            |before: &Timestamp, limit: &u64| (*before, *limit) == (now() - TimeDelta::days(1), BATCH);
        unit.refresh_tokens.expect_delete_ended().withf(is_asked).times(1).returning(move |_, _| Ok(sessions));
        unit.revocations
            .expect_delete_expired()
            .withf(is_asked_of_yesterday)
            .times(1)
            .returning(move |_, _| Ok(revocations));
        let is_asked_of_90_days_ago =
            |before: &Timestamp, limit: &u64| (*before, *limit) == (now() - TimeDelta::days(90), BATCH);
        unit.events.expect_delete_older().withf(is_asked_of_90_days_ago).times(1).returning(move |_, _| Ok(events));
        if sessions < BATCH && revocations < BATCH && events < BATCH {
            unit.signing_keys.expect_delete_retired().times(1).returning(|_| Ok(1));
        }
        unit
    }

    /// What came of it, what was removed, how often it was committed, and how often it paused.
    async fn clean_up(units: Vec<MockCleanupUnit>) -> (Result<CleanupEnd, ApplicationError>, Removed, usize, usize) {
        let mut mocks = Mocks::default();
        let commits = mocks.units(units);
        let (mut removed, pauses) = (Removed::default(), Cell::new(0));
        let pause = || {
            pauses.set(pauses.get() + 1);
            std::future::ready(())
        };
        let end = mocks.build().clean_up(&mut removed, pause).await;
        (end, removed, commits.load(Ordering::SeqCst), pauses.get())
    }

    fn removed(sessions: u64, revocations: u64, events: u64, signing_keys: u64) -> Removed {
        Removed { sessions, revocations, signing_keys, events }
    }

    #[tokio::test]
    async fn it_goes_on_until_no_batch_is_full_and_pauses_in_between() {
        let units = vec![a_unit(BATCH, 0, 0), a_unit(2, BATCH, 0), a_unit(0, 0, BATCH), a_unit(0, 3, 4)];
        let (end, sum, commits, pauses) = clean_up(units).await;
        assert_eq!(end.unwrap(), CleanupEnd::Complete);
        assert_eq!((sum, commits, pauses), (removed(BATCH + 2, BATCH + 3, BATCH + 4, 1), 4, 3));
    }

    #[tokio::test]
    async fn it_leaves_the_rest_to_another_node_that_is_at_it() {
        let mut busy = MockCleanupUnit::default();
        busy.unit.is_turn_taken = true;
        let (end, sum, commits, _) = clean_up(vec![a_unit(BATCH, 0, 0), busy]).await;
        assert_eq!(end.unwrap(), CleanupEnd::ByAnother);
        assert_eq!((sum, commits), (removed(BATCH, 0, 0, 0), 1));
    }

    #[tokio::test]
    async fn one_run_has_a_limit() {
        let (end, sum, commits, _) = clean_up((0..MAX_BATCHES).map(|_| a_unit(BATCH, 0, 0)).collect()).await;
        assert_eq!(end.unwrap(), CleanupEnd::Limit);
        assert_eq!((sum, commits), (removed(1_000_000, 0, 0, 0), MAX_BATCHES));
    }

    #[tokio::test]
    async fn what_was_removed_before_a_failure_is_told() {
        let mut failing = MockCleanupUnit::default();
        let unavailable = |_, _| Err(StoreError::Unavailable("it is down".into()));
        failing.refresh_tokens.expect_delete_ended().returning(unavailable);
        let (end, sum, commits, _) = clean_up(vec![a_unit(BATCH, 5, 6), failing]).await;
        assert!(matches!(end, Err(ApplicationError::Unavailable(_))));
        assert_eq!((sum, commits), (removed(BATCH, 5, 6, 0), 1));
    }
}
