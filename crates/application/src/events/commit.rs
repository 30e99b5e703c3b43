use std::error::Error;
use std::sync::Arc;

use domain::events::NewEvent;
use domain::sessions::{Revoked, RevokedTokens};
use domain::units::UnitOfWork;
use tracing::field::display;
use tracing::{Instrument, error};

use super::log::log;
use crate::{Application, ApplicationError};

impl Application {
    /// Commits a unit of work with what happened in it, and with the access tokens that are void by it, which every node
    /// has to know of. After the commit, and only then, this node learns of them, and the event is logged and counted.
    ///
    /// It goes on to its end where the caller goes away meanwhile: nobody changes an account unseen by hanging up.
    ///
    /// # Errors
    /// As of [`UnitOfWork::commit`].
    pub(crate) async fn commit(
        &self,
        unit: Box<dyn UnitOfWork>,
        event: NewEvent,
        void: &[RevokedTokens],
    ) -> Result<(), ApplicationError> {
        let now = self.ports.clock.now();
        let event = event.at(self.ports.ids.event_id(now), now);
        let revoked = void.iter().map(|tokens| Revoked { tokens: *tokens, until: self.forgotten_at() });
        let revoked: Vec<Revoked> = revoked.collect();
        let (revocations, counters) = (Arc::clone(&self.revocations), Arc::clone(&self.counters));
        let committing = async move {
            for revoked in &revoked {
                unit.revocations().insert(revoked).await?;
            }
            unit.record(&event).await?;
            unit.commit().await?;
            revoked.into_iter().for_each(|revoked| revocations.add(revoked));
            log(&event);
            counters.event(&event.what);
            Ok(())
        };
        // A task of its own is not dropped with the request.
        let committed = tokio::spawn(committing.in_current_span()).await;
        committed.unwrap_or_else(|fault| Err(ApplicationError::Internal(fault.into())))
    }

    /// Records that somebody was refused, in a unit of its own, and returns whether it was. Nothing was changed, so the
    /// refusal stands where the database does not take the event: the fault is logged with what is known of it.
    pub(crate) async fn record_refusal(&self, event: NewEvent) -> bool {
        let (kind, subject) = (event.what().kind(), event.what().subject());
        let recording = async {
            let unit = self.ports.units_of_work.begin().await?;
            self.commit(unit, event, &[]).await
        };
        let recorded = self.in_turn(recording).await;
        if let Err(fault) = &recorded {
            let (source, subject) = (fault.source().map(display), subject.map(display));
            error!(error = %fault, source, kind, subject, "a refusal could not be recorded");
        }
        recorded.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::Ordering;
    use std::task::{Context, Waker};

    use domain::events::{By, What};
    use domain::sessions::RevocationReason;
    use domain::units::MockUnitOfWork;

    use super::super::logged::Logged;
    use super::*;
    use crate::testing::{Mocks, an_actor, now, session_id, user_id};
    use crate::{Refresh, SignIn};

    fn ended() -> NewEvent {
        let reason = RevocationReason::Logout;
        an_actor().did(What::SessionsEnded { user: user_id(), session: Some(session_id()), reason })
    }

    fn a_revoking_unit() -> MockUnitOfWork {
        let mut unit = MockUnitOfWork::default();
        unit.revocations.expect_insert().times(1).returning(|_| Ok(()));
        unit
    }

    const VOID: [RevokedTokens; 1] = [RevokedTokens::OfSession(domain::Id::new(uuid::Uuid::from_u128(2)))];

    fn revocations(application: &Application) -> u64 {
        application.counts().revocations.iter().map(|(_, count)| count).sum()
    }

    /// Begins the unit that was expected, and commits it with what happened.
    async fn commit(application: &Application) -> Result<(), ApplicationError> {
        let unit = application.ports.units_of_work.begin().await.unwrap();
        application.commit(unit, ended(), &VOID).await
    }

    #[tokio::test]
    async fn what_was_committed_is_kept_logged_counted_and_known() {
        let mut mocks = Mocks::default();
        mocks.units([a_revoking_unit()]);
        let events = mocks.units.events();
        let application = mocks.build();
        let logged = Logged::default();
        let _guard = tracing::subscriber::set_default(logged.clone());
        commit(&application).await.unwrap();
        let by = By::User { user: user_id(), session: session_id() };
        let events: Vec<_> = events.lock().unwrap().clone();
        assert_eq!(events.len(), 1);
        assert_eq!((&events[0].by, events[0].at, events[0].address), (&by, now(), an_actor().address));
        assert_eq!(logged.records().len(), 1);
        assert_eq!((revocations(&application), application.feed_status().size), (1, 1));
    }

    #[tokio::test]
    async fn what_was_not_committed_is_neither_logged_nor_counted_nor_known() {
        let mut mocks = Mocks::default();
        let mut unit = a_revoking_unit();
        unit.refuses_commit = true;
        mocks.units([unit]);
        let events = mocks.units.events();
        let application = mocks.build();
        let logged = Logged::default();
        let _guard = tracing::subscriber::set_default(logged.clone());
        assert!(matches!(commit(&application).await, Err(ApplicationError::Unavailable(_))));
        assert_eq!(*events.lock().unwrap(), []);
        assert_eq!(logged.records(), [""; 0]);
        assert_eq!((revocations(&application), application.feed_status().size), (0, 0));
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_stops_nothing() {
        let mut mocks = Mocks::default();
        let commits = mocks.units([a_revoking_unit()]);
        let application = mocks.build();
        let logged = Logged::default();
        let _guard = tracing::subscriber::set_default(logged.clone());
        {
            let mut committing = pin!(commit(&application));
            assert!(committing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(commits.load(Ordering::SeqCst), 0);
        }
        tokio::task::yield_now().await;
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        assert_eq!(logged.records().len(), 1);
        assert_eq!((revocations(&application), application.feed_status().size), (1, 1));
    }

    #[tokio::test]
    async fn each_count_comes_from_its_event() {
        let (user, session) = (user_id(), session_id());
        let mut mocks = Mocks::default();
        mocks.units((0..5).map(|_| MockUnitOfWork::default()));
        let application = mocks.build();
        for what in [
            What::LoginSucceeded { user, session },
            What::LoginFailed { user: None },
            What::LoginRefusedDisabled { user },
            What::RefreshTokenReused { user, session },
            What::UserDeleted { user },
        ] {
            assert!(application.record_refusal(By::Anyone.did(what)).await);
        }
        let counts = application.counts();
        let sign_ins = counts.sign_ins.into_iter().filter(|(_, count)| *count > 0);
        let expected = [(SignIn::Ok, 1), (SignIn::WrongPassword, 1), (SignIn::Disabled, 1)];
        assert!(sign_ins.eq(expected));
        assert!(counts.refreshes.contains(&(Refresh::Reused, 1)));
        assert!(counts.revocations.into_iter().filter(|(_, count)| *count > 0).eq([(RevocationReason::Reuse, 1)]));
    }
}
