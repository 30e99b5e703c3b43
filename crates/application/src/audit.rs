use std::future::Future;

use domain::keys::KeyId;
use domain::sessions::{RevocationReason, SessionId};
use domain::users::{Role, UserId};
use tracing::{info, warn};

/// What an operator may have to answer for later. Each is one log record with the target `audit`, written after the
/// change was committed; the request id comes from the span around it.
pub(crate) enum Event {
    LoginSucceeded {
        user: UserId,
        session: SessionId,
    },
    LoginFailed {
        user: Option<UserId>,
    },
    LoginRefusedDisabled {
        user: UserId,
    },
    RefreshTokenReused {
        user: UserId,
        session: SessionId,
    },
    SessionsEnded {
        user: UserId,
        session: Option<SessionId>,
        reason: RevocationReason,
        by: Option<UserId>,
    },
    PasswordChanged {
        user: UserId,
    },
    /// `by`: the admin; nobody where it was done on the command line.
    PasswordSet {
        user: UserId,
        by: Option<UserId>,
    },
    CurrentPasswordWrong {
        user: UserId,
    },
    UserCreated {
        user: UserId,
        by: Option<UserId>,
        role: Role,
    },
    /// `ends`: why sessions of the user were revoked, if they were.
    UserUpdated {
        user: UserId,
        by: UserId,
        role: Role,
        is_active: bool,
        ends: Option<RevocationReason>,
    },
    UserDeleted {
        user: UserId,
        by: UserId,
    },
    KeysRotated {
        active: KeyId,
        retired: KeyId,
    },
    KeysReplaced {
        active: KeyId,
    },
}

/// Awaits a write, and records `event` if it happened. A caller that goes away meanwhile drops this future: the write
/// may happen all the same, so the event is recorded then, too. Nobody changes an account unseen by hanging up.
pub(crate) async fn record<T, E>(
    event: Event,
    write: impl Future<Output = Result<T, E>>,
    happened: impl FnOnce(&T) -> bool,
) -> Result<T, E> {
    let mut pending = Pending(Some(event));
    let result = write.await;
    if !result.as_ref().is_ok_and(happened) {
        pending.0 = None;
    }
    result
}

/// Records its event when dropped.
struct Pending(Option<Event>);

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(event) = self.0.take() {
            event.record();
        }
    }
}

impl Event {
    /// Why sessions were revoked, if they were.
    pub(crate) fn revokes_for(&self) -> Option<RevocationReason> {
        match self {
            Self::SessionsEnded { reason, .. } => Some(*reason),
            Self::RefreshTokenReused { .. } => Some(RevocationReason::Reuse),
            Self::PasswordChanged { .. } => Some(RevocationReason::PasswordChanged),
            Self::PasswordSet { .. } => Some(RevocationReason::PasswordSet),
            Self::UserUpdated { ends, .. } => *ends,
            _ => None,
        }
    }

    /// Writes the record. Names, emails, tokens and passwords are left out on purpose.
    pub(crate) fn record(self) {
        match self {
            Self::LoginSucceeded { user, session } => {
                info!(target: "audit", event = "login.succeeded", %user, %session);
            }
            Self::LoginFailed { user } => {
                warn!(target: "audit", event = "login.failed", user = user.map(tracing::field::display));
            }
            Self::LoginRefusedDisabled { user } => warn!(target: "audit", event = "login.refused_disabled", %user),
            Self::RefreshTokenReused { user, session } => {
                warn!(target: "audit", event = "refresh_token.reused", %user, %session);
            }
            Self::SessionsEnded { user, session, reason, by } => info!(
                target: "audit", event = "sessions.ended", %user, session = session.map(tracing::field::display),
                reason = reason.as_str(), by = by.map(tracing::field::display),
            ),
            Self::PasswordChanged { user } => info!(target: "audit", event = "password.changed", %user),
            Self::PasswordSet { user, by } => {
                info!(target: "audit", event = "password.set", %user, by = by.map(tracing::field::display));
            }
            Self::CurrentPasswordWrong { user } => warn!(target: "audit", event = "password.change_refused", %user),
            Self::UserCreated { user, by, role } => info!(
                target: "audit", event = "user.created", %user, by = by.map(tracing::field::display), %role,
            ),
            Self::UserUpdated { user, by, role, is_active, ends: _ } => {
                info!(target: "audit", event = "user.updated", %user, %by, %role, is_active);
            }
            Self::UserDeleted { user, by } => info!(target: "audit", event = "user.deleted", %user, %by),
            Self::KeysRotated { active, retired } => info!(target: "audit", event = "keys.rotated", %active, %retired),
            Self::KeysReplaced { active } => warn!(target: "audit", event = "keys.replaced", %active),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Waker};

    use super::*;
    use crate::testing::user_id;

    fn event() -> Event {
        Event::PasswordChanged { user: user_id() }
    }

    #[tokio::test]
    async fn what_did_not_happen_is_not_recorded() {
        assert_eq!(record(event(), async { Ok::<_, ()>(false) }, |happened| *happened).await, Ok(false));
        assert_eq!(record(event(), async { Err::<(), _>(()) }, |()| true).await, Err(()));
    }

    #[test]
    fn who_hangs_up_is_recorded() {
        // The subscriber counts what it is given.
        let (subscriber, count) = counting();
        tracing::subscriber::with_default(subscriber, || {
            let mut writing = Box::pin(record(event(), pending::<Result<(), ()>>(), |()| true));
            let mut context = Context::from_waker(Waker::noop());
            assert!(writing.as_mut().poll(&mut context).is_pending());
            assert_eq!(count.load(Ordering::SeqCst), 0);
            drop(writing);
        });
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    fn counting() -> (Counting, Arc<AtomicUsize>) {
        let count = Arc::default();
        (Counting(Arc::clone(&count)), count)
    }

    struct Counting(Arc<AtomicUsize>);

    impl tracing::Subscriber for Counting {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, _: &tracing::Event<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }
}
