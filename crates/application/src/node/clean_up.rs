use std::ops::AddAssign;

use chrono::TimeDelta;
use domain::Timestamp;

use super::Node;
use crate::ApplicationError;
use crate::revocations::MAX_CLOCK_JUMP;

/// Most rows of a kind in one transaction, so that no lock is held for long.
const BATCH: u64 = 1000;

/// Most transactions of one run: a million rows of a kind.
const MAX_BATCHES: usize = 1000;

/// What is of no use any more stays for this long, for whoever has to find out what happened.
const RESTED: TimeDelta = TimeDelta::days(1);

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
    /// One-time tokens that expired more than a day ago.
    pub one_time_tokens: u64,
    /// Ceremonies of passkeys that had expired.
    pub ceremonies: u64,
    /// Sign-ins by providers that began more than a day ago.
    pub provider_flows: u64,
    /// Mails that were sent or given up long ago.
    pub mails: u64,
    /// Counts of attempts that rested for a day.
    pub attempts: u64,
}

impl AddAssign for Removed {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.revocations += other.revocations;
        self.signing_keys += other.signing_keys;
        self.events += other.events;
        self.one_time_tokens += other.one_time_tokens;
        self.ceremonies += other.ceremonies;
        self.provider_flows += other.provider_flows;
        self.mails += other.mails;
        self.attempts += other.attempts;
    }
}

impl Removed {
    /// Whether no batch was full.
    fn is_last(&self) -> bool {
        let Self {
            sessions, revocations, events, one_time_tokens, ceremonies, provider_flows, mails, attempts, ..
        } = *self;
        let removed = [sessions, revocations, events, one_time_tokens, ceremonies, provider_flows, mails, attempts];
        removed.into_iter().all(|removed| removed < BATCH)
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
            if batch.is_last() {
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
        let unit = self.units.begin().await?;
        Ok(Removed {
            sessions: unit.refresh_tokens().count_ended(now).await?,
            revocations: unit.revocations().count_expired(now - MAX_CLOCK_JUMP).await?,
            signing_keys: unit.signing_keys().count_retired(now).await?,
            events: unit.events().count_older(now - self.events_retention).await?,
            one_time_tokens: unit.one_time_tokens().count_expired(now - RESTED).await?,
            ceremonies: unit.ceremonies().count_expired(now).await?,
            provider_flows: unit.provider_flows().count_expired(now - RESTED).await?,
            mails: unit.outbox().count_settled(now - self.events_retention).await?,
            attempts: unit.attempts().count_rested(now - RESTED).await?,
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
        let one_time_tokens = unit.one_time_tokens().delete_expired(before - RESTED, BATCH).await?;
        let ceremonies = unit.ceremonies().delete_expired(before, BATCH).await?;
        let provider_flows = unit.provider_flows().delete_expired(before - RESTED, BATCH).await?;
        let mails = unit.outbox().delete_settled(before - self.events_retention, BATCH).await?;
        let attempts = unit.attempts().delete_rested(before - RESTED, BATCH).await?;
        let mut removed = Removed {
            sessions,
            revocations,
            signing_keys: 0,
            events,
            one_time_tokens,
            ceremonies,
            provider_flows,
            mails,
            attempts,
        };
        // It wakes all nodes, so it is done once.
        if removed.is_last() {
            removed.signing_keys = unit.signing_keys().delete_retired(before).await?;
        }
        unit.commit().await?;
        Ok(Some(removed))
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

    const fn removed(sessions: u64, events: u64) -> Removed {
        let (revocations, signing_keys, one_time_tokens, ceremonies, provider_flows, mails, attempts) =
            (3, 0, 4, 7, 9, 5, 6);
        Removed {
            sessions,
            revocations,
            signing_keys,
            events,
            one_time_tokens,
            ceremonies,
            provider_flows,
            mails,
            attempts,
        }
    }

    /// A unit that finds so much. Where a batch is full, it leaves the keys alone.
    fn a_unit(found: Removed) -> MockCleanupUnit {
        let mut unit = MockCleanupUnit::default();
        let is_asked_of = |days: i64| {
            move |before: &Timestamp, limit: &u64| (*before, *limit) == (now() - TimeDelta::days(days), BATCH)
        };
        unit.refresh_tokens
            .expect_delete_ended()
            .withf(is_asked_of(0))
            .times(1)
            .returning(move |_, _| Ok(found.sessions));
        unit.revocations
            .expect_delete_expired()
            .withf(is_asked_of(1))
            .times(1)
            .returning(move |_, _| Ok(found.revocations));
        unit.events.expect_delete_older().withf(is_asked_of(90)).times(1).returning(move |_, _| Ok(found.events));
        unit.one_time_tokens
            .expect_delete_expired()
            .withf(is_asked_of(1))
            .times(1)
            .returning(move |_, _| Ok(found.one_time_tokens));
        unit.ceremonies
            .expect_delete_expired()
            .withf(is_asked_of(0))
            .times(1)
            .returning(move |_, _| Ok(found.ceremonies));
        unit.provider_flows
            .expect_delete_expired()
            .withf(is_asked_of(1))
            .times(1)
            .returning(move |_, _| Ok(found.provider_flows));
        unit.outbox.expect_delete_settled().withf(is_asked_of(90)).times(1).returning(move |_, _| Ok(found.mails));
        unit.attempts.expect_delete_rested().withf(is_asked_of(1)).times(1).returning(move |_, _| Ok(found.attempts));
        if found.is_last() {
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

    #[tokio::test]
    async fn it_goes_on_until_no_batch_is_full_and_pauses_in_between() {
        let full = [
            removed(BATCH, 0),
            removed(0, BATCH),
            Removed { one_time_tokens: BATCH, ..removed(0, 0) },
            Removed { ceremonies: BATCH, ..removed(0, 0) },
            Removed { provider_flows: BATCH, ..removed(0, 0) },
            Removed { mails: BATCH, ..removed(0, 0) },
            Removed { attempts: BATCH, ..removed(0, 0) },
            Removed { revocations: BATCH, ..removed(0, 0) },
        ];
        let batches = full.into_iter().chain([removed(1, 2)]);
        let (end, sum, commits, pauses) = clean_up(batches.clone().map(a_unit).collect()).await;
        let mut expected = Removed { signing_keys: 1, ..Removed::default() };
        batches.for_each(|batch| expected += batch);
        assert_eq!(end.unwrap(), CleanupEnd::Complete);
        assert_eq!((sum, commits, pauses), (expected, 9, 8));
    }

    #[tokio::test]
    async fn it_leaves_the_rest_to_another_node_that_is_at_it() {
        let mut busy = MockCleanupUnit::default();
        busy.unit.is_turn_taken = true;
        let (end, sum, commits, _) = clean_up(vec![a_unit(removed(BATCH, 0)), busy]).await;
        assert_eq!(end.unwrap(), CleanupEnd::ByAnother);
        assert_eq!((sum, commits), (removed(BATCH, 0), 1));
    }

    #[tokio::test]
    async fn one_run_has_a_limit() {
        let (end, sum, commits, _) = clean_up((0..MAX_BATCHES).map(|_| a_unit(removed(BATCH, 0))).collect()).await;
        assert_eq!(end.unwrap(), CleanupEnd::Limit);
        assert_eq!((sum.sessions, commits), (1_000_000, MAX_BATCHES));
    }

    #[tokio::test]
    async fn what_was_removed_before_a_failure_is_told() {
        let mut failing = MockCleanupUnit::default();
        let unavailable = |_, _| Err(StoreError::Unavailable("it is down".into()));
        failing.refresh_tokens.expect_delete_ended().returning(unavailable);
        let (end, sum, commits, _) = clean_up(vec![a_unit(removed(BATCH, 5)), failing]).await;
        assert!(matches!(end, Err(ApplicationError::Unavailable(_))));
        assert_eq!((sum, commits), (removed(BATCH, 5), 1));
    }

    #[tokio::test]
    async fn counting_changes_nothing() {
        let (mut mocks, mut unit) = (Mocks::default(), MockCleanupUnit::default());
        unit.refresh_tokens.expect_count_ended().returning(|_| Ok(1));
        unit.revocations.expect_count_expired().returning(|_| Ok(2));
        unit.signing_keys.expect_count_retired().returning(|_| Ok(3));
        unit.events.expect_count_older().returning(|_| Ok(4));
        unit.one_time_tokens.expect_count_expired().returning(|_| Ok(5));
        unit.ceremonies.expect_count_expired().returning(|_| Ok(8));
        unit.provider_flows.expect_count_expired().returning(|_| Ok(9));
        unit.outbox.expect_count_settled().returning(|_| Ok(6));
        unit.attempts.expect_count_rested().returning(|_| Ok(7));
        let commits = mocks.units([unit]);
        let counted = mocks.build().count_ended().await.unwrap();
        assert_eq!((counted.sessions, counted.signing_keys, counted.attempts), (1, 3, 7));
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }
}
