use domain::{RevocationReason, Role, SessionId, UserId};
use tracing::{info, warn};

/// What an operator may have to answer for later. Each is one log record with the target `audit`, written after the
/// change was committed; the request id comes from the span around it.
pub(crate) enum Event {
    LoginSucceeded { user: UserId, session: SessionId },
    LoginFailed { user: Option<UserId> },
    LoginRefusedDisabled { user: UserId },
    RefreshTokenReused { user: UserId, session: SessionId },
    SessionsEnded { user: UserId, session: Option<SessionId>, reason: RevocationReason },
    PasswordChanged { user: UserId },
    CurrentPasswordWrong { user: UserId },
    UserCreated { user: UserId, by: Option<UserId>, role: Role },
    UserUpdated { user: UserId, by: UserId, role: Role, is_active: bool },
    UserDeleted { user: UserId, by: UserId },
}

impl Event {
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
            Self::SessionsEnded { user, session, reason } => info!(
                target: "audit", event = "sessions.ended", %user, session = session.map(tracing::field::display),
                reason = reason.as_str(),
            ),
            Self::PasswordChanged { user } => info!(target: "audit", event = "password.changed", %user),
            Self::CurrentPasswordWrong { user } => warn!(target: "audit", event = "password.change_refused", %user),
            Self::UserCreated { user, by, role } => info!(
                target: "audit", event = "user.created", %user, by = by.map(tracing::field::display), %role,
            ),
            Self::UserUpdated { user, by, role, is_active } => {
                info!(target: "audit", event = "user.updated", %user, %by, %role, is_active);
            }
            Self::UserDeleted { user, by } => info!(target: "audit", event = "user.deleted", %user, %by),
        }
    }
}
