//! When sessions were last used: noted in memory by each request, written afterwards and at most once a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use domain::Timestamp;
use domain::sessions::SessionId;

use super::Sessions;
use crate::ApplicationError;

/// A session's last use is written no more often than this.
const WRITE_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// Most sessions that are remembered as used lately. The use of others is not written until some are forgotten.
const MAX_SESSIONS: usize = 100_000;

/// Requests of different sessions seldom wait for each other.
const SHARDS: usize = 16;

/// Which sessions were used within the last minute, and for which of them that is still to be written. Clones share it:
/// make one for each node.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<[Mutex<Shard>; SHARDS]>);

#[derive(Debug, Default)]
struct Shard {
    noted: HashMap<SessionId, Timestamp>,
    unwritten: Vec<SessionId>,
}

impl Activity {
    /// Notes that the session is used.
    pub(crate) fn note(&self, session: SessionId, now: Timestamp) {
        let shard = &self.0[usize::from(session.as_uuid().as_bytes()[15]) % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.noted.get(&session).is_some_and(|noted| is_recent(*noted, now)) {
            return;
        }
        if shard.noted.len() < MAX_SESSIONS / SHARDS || shard.noted.contains_key(&session) {
            shard.noted.insert(session, now);
            shard.unwritten.push(session);
        }
    }

    /// Takes what is to be written, and forgets what was noted long ago.
    fn take(&self, now: Timestamp) -> Vec<SessionId> {
        let mut taken = Vec::new();
        for shard in self.0.iter() {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            taken.append(&mut shard.unwritten);
            shard.noted.retain(|_, noted| is_recent(*noted, now));
        }
        taken
    }
}

/// A time far ahead is not recent: the clock was set back.
fn is_recent(noted: Timestamp, now: Timestamp) -> bool {
    (now - noted).abs() < WRITE_INTERVAL
}

impl Sessions {
    /// Writes which sessions were used since the last call. Call it every few seconds.
    ///
    /// # Errors
    /// [`ApplicationError::Unavailable`]. What was not written is lost, and the next use is written again.
    pub async fn write_activity(&self) -> Result<(), ApplicationError> {
        let now = self.clock.now();
        let sessions = self.activity.take(now);
        if !sessions.is_empty() {
            self.refresh_tokens.record_use(&sessions, now, now - WRITE_INTERVAL).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::testing::Mocks;
    use crate::testing::{now, session_id};

    #[test]
    fn many_uses_within_a_minute_are_one() {
        let activity = Activity::default();
        let second = TimeDelta::seconds(1);
        for seconds in 0..60 {
            activity.note(session_id(), now() + second * seconds);
        }
        assert_eq!(activity.take(now() + second * 59), [session_id()]);
        assert_eq!(activity.take(now() + second * 59), []);
        activity.note(session_id(), now() + second * 60);
        assert_eq!(activity.take(now() + second * 60), [session_id()]);
    }

    #[test]
    fn a_use_is_noted_at_once_after_the_clock_was_set_back() {
        let activity = Activity::default();
        activity.note(session_id(), now());
        activity.take(now());
        let back = now() - TimeDelta::days(1);
        activity.note(session_id(), back);
        assert_eq!(activity.take(back), [session_id()]);
    }

    #[test]
    fn no_more_sessions_are_remembered_than_the_limit() {
        let activity = Activity::default();
        for number in 0..MAX_SESSIONS as u128 + 1000 {
            activity.note(SessionId::new(uuid::Uuid::from_u128(number)), now());
        }
        assert_eq!(activity.take(now()).len(), MAX_SESSIONS);
    }

    #[tokio::test]
    async fn without_a_use_nothing_is_written() {
        Mocks::default().build().write_activity().await.unwrap();
    }
}
