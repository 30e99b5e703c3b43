use domain::events::{Event, What};
use tracing::field::display;
use tracing::{info, warn};

/// Writes the log record of an event, with the target `audit`. Its request id comes from the span around it. Names,
/// emails, tokens and passwords are left out on purpose.
pub(super) fn log(event: &Event) {
    let kind = event.what.kind();
    let by = event.by.user().map(display);
    match event.what {
        What::LoginSucceeded { user, session } => info!(target: "audit", event = kind, %user, %session),
        What::LoginFailed { user } => warn!(target: "audit", event = kind, user = user.map(display)),
        What::RefreshTokenReused { user, session } => warn!(target: "audit", event = kind, %user, %session),
        What::SessionsEnded { user, session, reason } => info!(
            target: "audit", event = kind, %user, session = session.map(display), reason = reason.as_str(), by,
        ),
        What::PasswordChanged { user } => info!(target: "audit", event = kind, %user),
        What::LoginRefusedDisabled { user } | What::CurrentPasswordWrong { user } => {
            warn!(target: "audit", event = kind, %user);
        }
        What::UserCreated { user, role } => info!(target: "audit", event = kind, %user, by, %role),
        What::UserUpdated { user, role, is_active, ends: _ } => {
            info!(target: "audit", event = kind, %user, by, %role, is_active);
        }
        What::UserDeleted { user } => info!(target: "audit", event = kind, %user, by),
        What::KeysRotated { active, retired } => info!(target: "audit", event = kind, %active, %retired),
        What::KeysReplaced { active } => warn!(target: "audit", event = kind, %active),
    }
}
