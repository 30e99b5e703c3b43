//! What has been revoked, as this node knows it: the guard asks this and not the database.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::TimeDelta;
use domain::Timestamp;
use domain::access_tokens::AccessClaims;
use domain::sessions::{Revoked, RevokedTokens, SessionId};
use domain::users::{Epoch, UserId};

/// A node whose last look at the feed is older asks the database for each request instead: it fails closed.
pub const MAX_FEED_AGE: TimeDelta = TimeDelta::seconds(5);

/// A request reads the clock and looks here a little later. A poll that began in between is later than the request by
/// up to this much; if it is later by more, the clock was set back.
pub(crate) const MAX_OVERLAP: TimeDelta = TimeDelta::milliseconds(100);

/// Most entries in memory: about 30 MB, and as much again for a moment while all of them are read anew. A node that
/// would need more asks the database until those that it could not hold have expired.
const MAX_ENTRIES: usize = 500_000;

/// Most entries that are added at once: requests wait meanwhile.
const BATCH: usize = 1000;

/// A clock that ran ahead by up to this much, and was set back, does no harm: what could not be fetched again once it
/// is gone is kept this much longer.
pub(crate) const MAX_CLOCK_JUMP: TimeDelta = TimeDelta::days(1);

/// How often expired entries are thrown out.
const SWEEP_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// The unexpired entries of the feed, and how old that knowledge is.
#[derive(Debug, Default)]
pub(crate) struct Revocations(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<SessionId, Timestamp>,
    users: HashMap<UserId, (Epoch, Timestamp)>,
    polled_at: Option<Timestamp>,
    /// The latest time of a poll: what had expired by then may be forgotten.
    latest: Option<Timestamp>,
    /// When the last entry that found no room expires.
    incomplete_until: Option<Timestamp>,
    swept_at: Option<Timestamp>,
}

/// What the feed says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has not been revoked.
    Live,
    /// It has been revoked.
    Revoked,
    /// The feed cannot tell: ask the database.
    Unknown,
}

/// How the feed is doing, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedStatus {
    /// Entries in memory.
    pub size: usize,
    /// How long ago the feed was read last. `None` before the first time.
    pub age: Option<TimeDelta>,
}

impl Revocations {
    /// What is revoked is remembered for the lifetime of an access token and this much longer, for clocks that differ
    /// and for transactions that take their time to end.
    pub(crate) const MARGIN: TimeDelta = TimeDelta::minutes(1);

    /// Judges a token that has been verified. `lifetime` is how long access tokens live: an older token was issued
    /// under another setting, and its revocation may be forgotten by now.
    pub(crate) fn judge(&self, claims: &AccessClaims, now: Timestamp, lifetime: TimeDelta) -> Verdict {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_session_revoked = state.sessions.contains_key(&claims.session_id);
        if is_session_revoked || state.users.get(&claims.user_id).is_some_and(|(epoch, _)| claims.epoch < *epoch) {
            return Verdict::Revoked;
        }
        if state.is_fresh(now) && now <= claims.issued_at + lifetime { Verdict::Live } else { Verdict::Unknown }
    }

    /// Adds what a poll that began at `polled_at` found.
    pub(crate) fn absorb(&self, revoked: Vec<Revoked>, polled_at: Timestamp) {
        for batch in revoked.chunks(BATCH) {
            let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
            batch.iter().for_each(|revoked| state.add(*revoked));
        }
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.polled_at = Some(polled_at);
        state.latest = state.latest.max(Some(polled_at));
        // Either way, for a clock that was set back.
        if state.swept_at.is_none_or(|swept_at| (polled_at - swept_at).abs() >= SWEEP_INTERVAL) {
            state.sweep(polled_at);
        }
    }

    /// Adds what this node has committed itself.
    pub(crate) fn add(&self, revoked: Revoked) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(revoked);
    }

    /// `now`, or if the clock was set back, the time up to which tokens may have been issued.
    pub(crate) fn latest(&self, now: Timestamp) -> Timestamp {
        let latest = self.0.read().unwrap_or_else(PoisonError::into_inner).latest;
        latest.unwrap_or(now).clamp(now, now + MAX_CLOCK_JUMP)
    }

    pub(crate) fn status(&self, now: Timestamp) -> FeedStatus {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        FeedStatus { size: state.size(), age: state.polled_at.map(|polled_at| now - polled_at) }
    }
}

impl State {
    /// Not while a clock that was set back has yet to catch up: once it has, what is missing no longer counts.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.polled_at.is_some_and(|polled_at| now - polled_at <= MAX_FEED_AGE)
            && self.latest.is_none_or(|latest| latest - now <= MAX_OVERLAP)
            && self.incomplete_until.is_none_or(|until| until <= now)
    }

    fn size(&self) -> usize {
        self.sessions.len() + self.users.len()
    }

    fn holds(&self, tokens: RevokedTokens) -> bool {
        match tokens {
            RevokedTokens::OfSession(id) => self.sessions.contains_key(&id),
            RevokedTokens::OfUser(id, _) => self.users.contains_key(&id),
        }
    }

    fn add(&mut self, revoked: Revoked) {
        let until = revoked.until;
        if self.size() >= MAX_ENTRIES && !self.holds(revoked.tokens) {
            self.incomplete_until = self.incomplete_until.max(Some(until));
            return;
        }
        match revoked.tokens {
            RevokedTokens::OfSession(id) => {
                let entry = self.sessions.entry(id).or_insert(until);
                *entry = until.max(*entry);
            }
            RevokedTokens::OfUser(id, epoch) => {
                let entry = self.users.entry(id).or_insert((epoch, until));
                *entry = (epoch.max(entry.0), until.max(entry.1));
            }
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        self.sessions.retain(|_, until| now < *until);
        self.users.retain(|_, (_, until)| now < *until);
        self.swept_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{a_session, a_user, claims_of, now, session_id, user_id};

    const TTL: TimeDelta = TimeDelta::minutes(15);

    fn polled(revoked: &[RevokedTokens]) -> Revocations {
        let revocations = Revocations::default();
        let until = now() + TTL;
        revocations.absorb(revoked.iter().map(|tokens| Revoked { tokens: *tokens, until }).collect(), now());
        revocations
    }

    fn claims() -> AccessClaims {
        AccessClaims { epoch: Epoch::new(5), ..claims_of(&a_session(), &a_user()) }
    }

    #[test]
    fn tokens_of_revoked_sessions_and_earlier_epochs_are_revoked_and_no_others() {
        let other_user = UserId::new(uuid::Uuid::from_u128(99));
        let other_session = SessionId::new(uuid::Uuid::from_u128(99));
        let cases = [
            (RevokedTokens::OfSession(session_id()), Verdict::Revoked),
            (RevokedTokens::OfSession(other_session), Verdict::Live),
            (RevokedTokens::OfUser(user_id(), Epoch::new(6)), Verdict::Revoked),
            (RevokedTokens::OfUser(user_id(), Epoch::END), Verdict::Revoked),
            (RevokedTokens::OfUser(user_id(), Epoch::new(5)), Verdict::Live),
            (RevokedTokens::OfUser(other_user, Epoch::END), Verdict::Live),
        ];
        for (tokens, expected) in cases {
            assert_eq!(polled(&[tokens]).judge(&claims(), now(), TTL), expected, "{tokens:?}");
        }
    }

    #[test]
    fn an_earlier_epoch_that_is_told_later_takes_nothing_back() {
        let told = [6, 2].map(|epoch| RevokedTokens::OfUser(user_id(), Epoch::new(epoch)));
        assert_eq!(polled(&told).judge(&claims(), now(), TTL), Verdict::Revoked);
    }

    #[test]
    fn a_feed_that_is_old_or_was_never_read_or_lies_in_the_future_cannot_tell() {
        assert_eq!(Revocations::default().judge(&claims(), now(), TTL), Verdict::Unknown);
        let second = TimeDelta::seconds(1);
        let long = TimeDelta::days(1);
        assert_eq!(polled(&[]).judge(&claims(), now() + MAX_FEED_AGE, long), Verdict::Live);
        assert_eq!(polled(&[]).judge(&claims(), now() + MAX_FEED_AGE + second, long), Verdict::Unknown);
        assert_eq!(polled(&[]).judge(&claims(), now() - MAX_OVERLAP, long), Verdict::Live);
        assert_eq!(polled(&[]).judge(&claims(), now() - second, long), Verdict::Unknown);
        // What is known to be revoked stays so.
        let revoked = polled(&[RevokedTokens::OfSession(session_id())]);
        assert_eq!(revoked.judge(&claims(), now() + MAX_FEED_AGE + second, long), Verdict::Revoked);
    }

    #[test]
    fn of_a_token_older_than_tokens_get_the_feed_cannot_tell() {
        let old = AccessClaims { issued_at: now() - TTL - TimeDelta::seconds(1), ..claims() };
        assert_eq!(polled(&[]).judge(&old, now(), TTL), Verdict::Unknown);
    }

    #[test]
    fn a_node_that_cannot_hold_all_asks_the_database_until_the_rest_has_expired() {
        let session = |number: usize| RevokedTokens::OfSession(SessionId::new(uuid::Uuid::from_u128(number as u128)));
        let soon = now() + TimeDelta::minutes(1);
        let many = (1000..1000 + MAX_ENTRIES).map(|number| Revoked { tokens: session(number), until: soon });
        let many: Vec<_> = many.collect();
        let revocations = Revocations::default();
        revocations.absorb(many.clone(), now());
        assert_eq!(revocations.judge(&claims(), now(), TTL), Verdict::Live);
        // Told again, they need no room.
        revocations.absorb(many, now());
        assert_eq!(revocations.judge(&claims(), now(), TTL), Verdict::Live);
        let one_more = Revoked { tokens: RevokedTokens::OfSession(session_id()), until: now() + TTL };
        revocations.absorb(vec![one_more], now());
        assert_eq!(revocations.judge(&claims(), now(), TTL), Verdict::Unknown);
        // There is room again, but that one is still missing.
        revocations.absorb(Vec::new(), soon + SWEEP_INTERVAL);
        let later = |time: Timestamp| AccessClaims { issued_at: time, ..claims() };
        let at = soon + SWEEP_INTERVAL;
        assert_eq!(revocations.judge(&later(at), at, TTL), Verdict::Unknown);
        let at = now() + TTL;
        revocations.absorb(Vec::new(), at);
        assert_eq!(revocations.judge(&later(at), at, TTL), Verdict::Live);
    }

    #[test]
    fn what_has_expired_is_forgotten_and_nothing_else() {
        let revocations = polled(&[RevokedTokens::OfSession(session_id())]);
        let later = now() + TTL - TimeDelta::seconds(1);
        revocations.absorb(Vec::new(), later);
        assert_eq!(revocations.status(later).size, 1);
        revocations.absorb(Vec::new(), later + SWEEP_INTERVAL);
        assert_eq!(revocations.status(later).size, 0);
    }

    #[test]
    fn after_the_clock_was_set_back_the_feed_cannot_tell_until_it_has_caught_up() {
        let revocations = polled(&[RevokedTokens::OfSession(session_id())]);
        let jump = TimeDelta::minutes(17);
        let second = TimeDelta::seconds(1);
        revocations.absorb(Vec::new(), now() + jump);
        for (at, expected) in [
            (now(), Verdict::Unknown),
            (now() + jump - second, Verdict::Unknown),
            (now() + jump, Verdict::Live),
            (now() + jump * 2, Verdict::Live),
        ] {
            revocations.absorb(Vec::new(), at);
            let claims = AccessClaims { issued_at: at, ..claims() };
            assert_eq!(revocations.judge(&claims, at, TTL), expected, "{}", at - now());
        }
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_what_has_expired() {
        let revocations = polled(&[RevokedTokens::OfSession(session_id())]);
        let back = now() - TimeDelta::days(1);
        let expired = Revoked { tokens: RevokedTokens::OfUser(user_id(), Epoch::END), until: back };
        revocations.absorb(vec![expired], back);
        assert_eq!(revocations.status(back).size, 1);
    }
}
