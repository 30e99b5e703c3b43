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
        What::PasswordChanged { user }
        | What::PasswordResetRequested { user }
        | What::PasswordReset { user }
        | What::EmailVerificationRequested { user }
        | What::EmailVerified { user }
        | What::EmailChangeRequested { user }
        | What::EmailChanged { user }
        | What::EmailChangeStopped { user }
        | What::LoginRequested { user }
        | What::InvitationAccepted { user }
        | What::SecondFactorAsked { user }
        | What::EmailCodeSent { user }
        | What::FactorSetUp { user }
        | What::RecoveryCodesRenewed { user }
        | What::IdentityLinked { user }
        | What::IdentityUnlinked { user }
        | What::UserReclaimed { user } => info!(target: "audit", event = kind, %user),
        What::RegistrationRequested { user } => info!(target: "audit", event = kind, user = user.map(display)),
        What::PasswordSet { user }
        | What::AttemptsForgotten { user }
        | What::FactorAdded { user }
        | What::FactorRemoved { user }
        | What::FactorsReset { user } => info!(target: "audit", event = kind, %user, by),
        What::LoginRefusedDisabled { user }
        | What::LoginRefusedUnverified { user }
        | What::SecondFactorWrong { user }
        | What::PasskeySuspected { user }
        | What::CurrentPasswordWrong { user } => warn!(target: "audit", event = kind, %user),
        What::SteppedUp { user, session } => info!(target: "audit", event = kind, %user, %session),
        What::UserCreated { user, role } | What::UserInvited { user, role } => {
            info!(target: "audit", event = kind, %user, by, %role)
        }
        What::PasswordsSprayed { accounts } => warn!(target: "audit", event = kind, accounts),
        What::UserUpdated { user, role, is_active, ends: _ } => {
            info!(target: "audit", event = kind, %user, by, %role, is_active);
        }
        What::UserDeleted { user } => info!(target: "audit", event = kind, %user, by),
        What::KeysRotated { active, retired } => info!(target: "audit", event = kind, %active, %retired),
        What::KeysReplaced { active } => warn!(target: "audit", event = kind, %active),
    }
}

#[cfg(test)]
mod tests {
    use domain::events::{By, EventId};
    use domain::keys::KeyId;
    use domain::sessions::RevocationReason;
    use domain::users::Role;
    use uuid::Uuid;

    use super::super::logged::Logged;
    use super::*;
    use crate::testing::{an_admin, now, session_id, user_id};

    /// Operators have rules by these names and levels.
    #[test]
    fn each_kind_has_its_level_and_its_fields() {
        let (user, session, role) = (user_id(), session_id(), Role::Admin);
        let [active, retired] = [8, 9].map(|number| KeyId::new(Uuid::from_u128(number)));
        let admin = By::User { user: an_admin().user_id, session };
        let reason = RevocationReason::Admin;
        let (u, s, a) = (format!("user={user}"), format!("session={session}"), format!("by={}", an_admin().user_id));
        let cases = [
            (By::Anyone, What::LoginSucceeded { user, session }, format!("INFO event=login.succeeded {u} {s}")),
            (By::Anyone, What::LoginFailed { user: None }, "WARN event=login.failed".to_owned()),
            (By::Anyone, What::LoginFailed { user: Some(user) }, format!("WARN event=login.failed {u}")),
            (By::Anyone, What::LoginRefusedDisabled { user }, format!("WARN event=login.refused_disabled {u}")),
            (By::Anyone, What::LoginRefusedUnverified { user }, format!("WARN event=login.refused_unverified {u}")),
            (By::Anyone, What::LoginRequested { user }, format!("INFO event=login.requested {u}")),
            (
                By::Anyone,
                What::RefreshTokenReused { user, session },
                format!("WARN event=refresh_token.reused {u} {s}"),
            ),
            (
                admin.clone(),
                What::SessionsEnded { user, session: Some(session), reason },
                format!("INFO event=sessions.ended {u} {s} reason=admin {a}"),
            ),
            (
                By::Client { id: "gateway".to_owned() },
                What::SessionsEnded { user, session: None, reason },
                format!("INFO event=sessions.ended {u} reason=admin"),
            ),
            (admin.clone(), What::PasswordChanged { user }, format!("INFO event=password.changed {u}")),
            (By::Anyone, What::PasswordResetRequested { user }, format!("INFO event=password.reset_requested {u}")),
            (By::Anyone, What::PasswordReset { user }, format!("INFO event=password.reset {u}")),
            (
                By::Anyone,
                What::EmailVerificationRequested { user },
                format!("INFO event=email.verification_requested {u}"),
            ),
            (By::Anyone, What::EmailVerified { user }, format!("INFO event=email.verified {u}")),
            (admin.clone(), What::EmailChangeRequested { user }, format!("INFO event=email.change_requested {u}")),
            (By::Anyone, What::EmailChanged { user }, format!("INFO event=email.changed {u}")),
            (By::Anyone, What::EmailChangeStopped { user }, format!("INFO event=email.change_stopped {u}")),
            (admin.clone(), What::PasswordSet { user }, format!("INFO event=password.set {u} {a}")),
            (By::Operator, What::PasswordSet { user }, format!("INFO event=password.set {u}")),
            (admin.clone(), What::CurrentPasswordWrong { user }, format!("WARN event=password.change_refused {u}")),
            (By::Anyone, What::RegistrationRequested { user: None }, "INFO event=registration.requested".to_owned()),
            (
                By::Anyone,
                What::RegistrationRequested { user: Some(user) },
                format!("INFO event=registration.requested {u}"),
            ),
            (admin.clone(), What::UserInvited { user, role }, format!("INFO event=user.invited {u} {a} role=admin")),
            (By::Anyone, What::InvitationAccepted { user }, format!("INFO event=invitation.accepted {u}")),
            (By::Anyone, What::UserReclaimed { user }, format!("INFO event=user.reclaimed {u}")),
            (By::Anyone, What::SecondFactorAsked { user }, format!("INFO event=second_factor.asked {u}")),
            (By::Anyone, What::SecondFactorWrong { user }, format!("WARN event=second_factor.wrong {u}")),
            (admin.clone(), What::SteppedUp { user, session }, format!("INFO event=session.stepped_up {u} {s}")),
            (admin.clone(), What::FactorSetUp { user }, format!("INFO event=factor.set_up {u}")),
            (admin.clone(), What::FactorAdded { user }, format!("INFO event=factor.added {u} {a}")),
            (admin.clone(), What::FactorRemoved { user }, format!("INFO event=factor.removed {u} {a}")),
            (admin.clone(), What::FactorsReset { user }, format!("INFO event=factors.reset {u} {a}")),
            (By::Operator, What::FactorsReset { user }, format!("INFO event=factors.reset {u}")),
            (admin.clone(), What::RecoveryCodesRenewed { user }, format!("INFO event=recovery_codes.renewed {u}")),
            (By::Node, What::PasswordsSprayed { accounts: 100 }, "WARN event=login.sprayed accounts=100".to_owned()),
            (admin.clone(), What::AttemptsForgotten { user }, format!("INFO event=attempts.forgotten {u} {a}")),
            (By::Operator, What::UserCreated { user, role }, format!("INFO event=user.created {u} role=admin")),
            (admin.clone(), What::UserCreated { user, role }, format!("INFO event=user.created {u} {a} role=admin")),
            (
                admin.clone(),
                What::UserUpdated { user, role, is_active: false, ends: Some(reason) },
                format!("INFO event=user.updated {u} {a} role=admin is_active=false"),
            ),
            (admin, What::UserDeleted { user }, format!("INFO event=user.deleted {u} {a}")),
            (
                By::Node,
                What::KeysRotated { active, retired },
                format!("INFO event=keys.rotated active={active} retired={retired}"),
            ),
            (By::Operator, What::KeysReplaced { active }, format!("WARN event=keys.replaced active={active}")),
        ];
        for (by, what, expected) in cases {
            let logged = Logged::default();
            let event = by.did(what).at(EventId::new(Uuid::from_u128(1)), now());
            tracing::subscriber::with_default(logged.clone(), || log(&event));
            assert_eq!(logged.records(), [expected]);
        }
    }
}
