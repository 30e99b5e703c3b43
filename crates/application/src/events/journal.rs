use std::error::Error;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::access_tokens::AccessTokens;
use domain::events::{By, EventId, NewEvent, What};
use domain::sessions::{Revoked, RevokedTokens};
use domain::units::{AccountUnit, Begin, UnitOfWork};
use domain::{Clock, Ids, Timestamp};
use tracing::field::display;
use tracing::{Instrument, error};

use super::log::log;
use crate::ApplicationError;
use crate::Hashing;
use crate::events::{Counters, Guessed};
use crate::revocations::Revocations;

/// Commits units of work with what happened in them, and remembers it: what was revoked, and how often what happened.
/// Clones share that memory: make one for each node.
#[derive(Clone)]
pub struct Journal {
    access_tokens: Arc<dyn AccessTokens>,
    ids: Arc<dyn Ids>,
    clock: Arc<dyn Clock>,
    access_token_ttl: TimeDelta,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) counters: Arc<Counters>,
    guessed: Arc<Guessed>,
}

impl Journal {
    /// A node's journal. `access_token_ttl` is how long this node's access tokens live.
    pub fn new(
        access_tokens: Arc<dyn AccessTokens>,
        ids: Arc<dyn Ids>,
        clock: Arc<dyn Clock>,
        access_token_ttl: TimeDelta,
    ) -> Self {
        let (revocations, counters, guessed) = Default::default();
        Self { access_tokens, ids, clock, access_token_ttl, revocations, counters, guessed }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Commits a unit of work with what happened in it. After the commit, and only then, the event is logged and
    /// counted.
    ///
    /// It runs to its end even when the caller goes away meanwhile: nobody can change an account unseen by hanging up.
    ///
    /// # Errors
    /// Those of [`UnitOfWork::commit`].
    pub(crate) async fn commit<U: UnitOfWork + ?Sized + 'static>(
        &self,
        unit: Box<U>,
        event: NewEvent,
    ) -> Result<(), ApplicationError> {
        self.finish(unit, event, Vec::new()).await
    }

    /// As [`Journal::commit`], with the access tokens that it voids, which every node has to know of. This node learns
    /// of them after the commit.
    ///
    /// # Errors
    /// Those of [`UnitOfWork::commit`].
    pub(crate) async fn commit_revoking(
        &self,
        unit: Box<dyn AccountUnit>,
        event: NewEvent,
        void: &[RevokedTokens],
    ) -> Result<(), ApplicationError> {
        let until = self.forgotten_at();
        let revoked: Vec<_> = void.iter().map(|tokens| Revoked { tokens: *tokens, until }).collect();
        for revoked in &revoked {
            unit.revocations().insert(revoked).await?;
        }
        self.finish(unit, event, revoked).await
    }

    async fn finish<U: UnitOfWork + ?Sized + 'static>(
        &self,
        unit: Box<U>,
        event: NewEvent,
        revoked: Vec<Revoked>,
    ) -> Result<(), ApplicationError> {
        // A task of its own is not dropped with the request.
        let committed = tokio::spawn(self.committing(unit, event, revoked).in_current_span()).await;
        committed.unwrap_or_else(|fault| Err(ApplicationError::Internal(fault.into())))
    }

    /// Commits, and then logs and remembers. It must not be dropped on the way.
    fn committing<U: UnitOfWork + ?Sized + 'static>(
        &self,
        unit: Box<U>,
        event: NewEvent,
        revoked: Vec<Revoked>,
    ) -> impl Future<Output = Result<(), ApplicationError>> + Send + use<U> {
        let now = self.clock.now();
        let event = event.at(EventId::new(self.ids.v7(now)), now);
        let (revocations, counters) = (Arc::clone(&self.revocations), Arc::clone(&self.counters));
        async move {
            unit.record(&event).await?;
            unit.commit().await?;
            revoked.into_iter().for_each(|revoked| revocations.add(revoked));
            log(&event);
            counters.event(&event.what);
            Ok(())
        }
    }

    /// Records that somebody was refused, in a unit of its own, and returns whether it was. Nothing was changed, so the
    /// refusal stands if the database does not take the event: the fault is logged with what is known of it.
    ///
    /// It goes on to its end when the caller goes away meanwhile: nobody guesses unseen by hanging up.
    pub(crate) async fn record_refusal(
        &self,
        units: &Arc<dyn Begin<dyn AccountUnit>>,
        hashing: &Hashing,
        event: NewEvent,
    ) -> bool {
        let (journal, units, hashing) = (self.clone(), Arc::clone(units), hashing.clone());
        let alarm = self.alarm(event.what());
        let recording = async move {
            let (kind, subject) = (event.what().kind(), event.what().subject());
            let writing = async {
                journal.committing(units.begin().await?, event, Vec::new()).await?;
                match alarm {
                    Some(alarm) => journal.committing(units.begin().await?, alarm, Vec::new()).await,
                    None => Ok(()),
                }
            };
            let recorded = hashing.in_turn(writing).await;
            if let Err(fault) = &recorded {
                let (source, subject) = (fault.source().map(display), subject.map(display));
                error!(error = %fault, source, kind, subject, "a refusal could not be recorded");
            }
            recorded.is_ok()
        };
        tokio::spawn(recording.in_current_span()).await.unwrap_or(false)
    }

    /// What else is to be recorded when this was refused: that somebody tries passwords at many accounts.
    fn alarm(&self, refused: &What) -> Option<NewEvent> {
        let What::LoginFailed { user: Some(user) } = refused else { return None };
        let accounts = self.guessed.note(*user, self.clock.now())?;
        Some(By::Node.did(What::PasswordsSprayed { accounts }))
    }

    /// At how many accounts a wrong password came in within the last ten minutes, on this node.
    pub(crate) fn guessed_accounts(&self) -> usize {
        self.guessed.count(self.clock.now())
    }

    /// Remembers what was committed. Call it also for what another node has done before, when this one is about to say
    /// that it is done: it may not have heard of it yet.
    pub(crate) fn learn(&self, tokens: RevokedTokens) {
        self.revocations.add(Revoked { tokens, until: self.forgotten_at() });
    }

    /// When every token that was issued until now has expired, also those of nodes that give tokens a longer life.
    fn forgotten_at(&self) -> Timestamp {
        let now = self.revocations.latest(self.clock.now());
        self.access_tokens.tokens_expire_at(now).max(now + self.access_token_ttl) + Revocations::MARGIN
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::Ordering;
    use std::task::{Context, Waker};

    use domain::sessions::RevocationReason;
    use domain::units::{MockAccountUnit, MockUnits};

    use super::super::logged::Logged;
    use super::*;
    use crate::events::{RefreshOutcome, SignInOutcome};
    use crate::testing::{access_tokens, an_actor, hashing, journal, now, session_id, user_id};

    fn ended() -> NewEvent {
        let reason = RevocationReason::Logout;
        an_actor().did(What::SessionsEnded { user: user_id(), session: Some(session_id()), reason })
    }

    fn a_revoking_unit() -> MockAccountUnit {
        let mut unit = MockAccountUnit::default();
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        unit
    }

    const VOID: [RevokedTokens; 1] = [RevokedTokens::OfSession(domain::Id::new(uuid::Uuid::from_u128(2)))];

    /// How many revocations were counted, and how many are known.
    fn revocations(journal: &Journal) -> (u64, usize) {
        let counted = journal.counters.read().revocations.iter().map(|(_, count)| count).sum();
        (counted, journal.revocations.status(now()).size)
    }

    /// Begins the unit that is expected, and commits it with what happened.
    async fn commit(journal: &Journal, units: &dyn Begin<dyn AccountUnit>) -> Result<(), ApplicationError> {
        journal.commit_revoking(units.begin().await.unwrap(), ended(), &VOID).await
    }

    #[tokio::test]
    async fn what_was_committed_is_kept_logged_counted_and_known() {
        let units = MockUnits::new([a_revoking_unit()]);
        let events = units.events();
        let journal = journal(Arc::new(access_tokens()));
        let logged = Logged::default();
        let _guard = tracing::subscriber::set_default(logged.clone());
        commit(&journal, &units).await.unwrap();
        let by = By::User { user: user_id(), session: session_id() };
        let events: Vec<_> = events.lock().unwrap().clone();
        assert_eq!(events.len(), 1);
        assert_eq!((&events[0].by, events[0].at, events[0].address), (&by, now(), an_actor().address));
        assert_eq!(logged.records().len(), 1);
        assert_eq!(revocations(&journal), (1, 1));
    }

    #[tokio::test]
    async fn what_was_not_committed_is_neither_logged_nor_counted_nor_known() {
        let mut unit = a_revoking_unit();
        unit.unit.refuses_commit = true;
        let units = MockUnits::new([unit]);
        let events = units.events();
        let journal = journal(Arc::new(access_tokens()));
        let logged = Logged::default();
        let _guard = tracing::subscriber::set_default(logged.clone());
        assert!(matches!(commit(&journal, &units).await, Err(ApplicationError::Unavailable(_))));
        assert_eq!(*events.lock().unwrap(), []);
        assert_eq!(logged.records(), [""; 0]);
        assert_eq!(revocations(&journal), (0, 0));
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_stops_nothing() {
        let units = MockUnits::new([a_revoking_unit()]);
        let commits = units.commits();
        let journal = journal(Arc::new(access_tokens()));
        let logged = Logged::default();
        let _guard = tracing::subscriber::set_default(logged.clone());
        {
            let mut committing = pin!(commit(&journal, &units));
            assert!(committing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(commits.load(Ordering::SeqCst), 0);
        }
        tokio::task::yield_now().await;
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        assert_eq!(logged.records().len(), 1);
        assert_eq!(revocations(&journal), (1, 1));
    }

    #[tokio::test]
    async fn whoever_guesses_and_goes_away_is_recorded() {
        let units = MockUnits::new([MockAccountUnit::default()]);
        let events = units.events();
        let units: Arc<dyn Begin<dyn AccountUnit>> = Arc::new(units);
        let (journal, hashing) = (journal(Arc::new(access_tokens())), hashing(None));
        let failed = What::LoginFailed { user: None };
        {
            let mut recording = pin!(journal.record_refusal(&units, &hashing, By::Anyone.did(failed)));
            assert!(recording.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        while events.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(events.lock().unwrap()[0].what, failed);
    }

    #[tokio::test]
    async fn each_count_comes_from_its_event() {
        let (user, session) = (user_id(), session_id());
        let units: Arc<dyn Begin<dyn AccountUnit>> =
            Arc::new(MockUnits::new((0..5).map(|_| MockAccountUnit::default())));
        let (journal, hashing) = (journal(Arc::new(access_tokens())), hashing(None));
        for what in [
            What::LoginSucceeded { user, session },
            What::LoginFailed { user: None },
            What::LoginRefusedDisabled { user },
            What::RefreshTokenReused { user, session },
            What::UserDeleted { user },
        ] {
            assert!(journal.record_refusal(&units, &hashing, By::Anyone.did(what)).await);
        }
        let counts = journal.counters.read();
        let sign_ins = counts.sign_ins.into_iter().filter(|(_, count)| *count > 0);
        let expected = [(SignInOutcome::Ok, 1), (SignInOutcome::WrongPassword, 1), (SignInOutcome::Disabled, 1)];
        assert!(sign_ins.eq(expected));
        assert!(counts.refreshes.contains(&(RefreshOutcome::Reused, 1)));
        assert!(counts.revocations.into_iter().filter(|(_, count)| *count > 0).eq([(RevocationReason::Reuse, 1)]));
    }
}
