use std::net::IpAddr;

use uuid::Uuid;

use crate::Timestamp;
use crate::events::EventId;
use crate::keys::KeyId;
use crate::sessions::{RevocationReason, SessionId};
use crate::users::{Role, UserId};

/// Something that happened, as it is kept. It holds ids and an address; no name, email, token or password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A UUID version 7 of `at`.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: By,
    /// From where, if it came with a request whose client has an address.
    pub address: Option<IpAddr>,
    /// What it is.
    pub what: What,
}

/// An event as it was recorded. Its kind and its details are as they were written, perhaps by another version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// When.
    pub at: Timestamp,
    /// The kind's name.
    pub kind: String,
    /// The kind of who did it: [`By::kind`].
    pub by: String,
    /// The user who did it, if it was one.
    pub user: Option<UserId>,
    /// From where, if it is known.
    pub address: Option<IpAddr>,
    /// The session that it is about.
    pub session: Option<SessionId>,
    /// What else there is to say.
    pub details: Vec<(String, String)>,
}

/// Something that happened, before it has an id and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    by: By,
    address: Option<IpAddr>,
    what: What,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A user, or anyone who holds a token of their session.
    User {
        /// The user.
        user: UserId,
        /// The session by whose token they did it.
        session: SessionId,
    },
    /// A client that proved itself by its secret.
    Client {
        /// Its id in the configuration.
        id: String,
    },
    /// The operator, by the command line or the configuration.
    Operator,
    /// The service itself.
    Node,
    /// Anyone: no proof came with it.
    Anyone,
}

/// What an operator may have to answer for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A session has begun.
    LoginSucceeded {
        /// Whose.
        user: UserId,
        /// The new one.
        session: SessionId,
    },
    /// Unknown name or wrong password.
    LoginFailed {
        /// The account, if the name is of one.
        user: Option<UserId>,
    },
    /// Wrong passwords came in at many accounts within minutes.
    PasswordsSprayed {
        /// At how many by then, on one node.
        accounts: usize,
    },
    /// Right password, disabled account.
    LoginRefusedDisabled {
        /// The account.
        user: UserId,
    },
    /// Right password, but the address is not proven, which the mode of registration demands.
    LoginRefusedUnverified {
        /// The account.
        user: UserId,
    },
    /// Somebody asked to sign in by mail, and the user was mailed how to.
    LoginRequested {
        /// The user.
        user: UserId,
    },
    /// An old refresh token came back, and its session was revoked.
    RefreshTokenReused {
        /// Whose.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// One session was ended, or all of a user's, perhaps except that of the actor.
    SessionsEnded {
        /// Whose.
        user: UserId,
        /// The session, if it was one.
        session: Option<SessionId>,
        /// Why.
        reason: RevocationReason,
    },
    /// A user changed their password, which ended their other sessions.
    PasswordChanged {
        /// The user.
        user: UserId,
    },
    /// A user was given another password, which ended their sessions.
    PasswordSet {
        /// The user.
        user: UserId,
    },
    /// Somebody asked for a new password, and it was mailed to the user how to get one.
    PasswordResetRequested {
        /// The user.
        user: UserId,
    },
    /// A user chose another password by mail, which ended their sessions.
    PasswordReset {
        /// The user.
        user: UserId,
    },
    /// It was mailed to the user how to prove their address, as somebody asked for.
    EmailVerificationRequested {
        /// The user.
        user: UserId,
    },
    /// A user proved their address.
    EmailVerified {
        /// The user.
        user: UserId,
    },
    /// A user asked for another address.
    EmailChangeRequested {
        /// The user.
        user: UserId,
    },
    /// A user confirmed their new address, which ended their sessions.
    EmailChanged {
        /// The user.
        user: UserId,
    },
    /// Whoever holds a user's address stopped the change to another.
    EmailChangeStopped {
        /// The user.
        user: UserId,
    },
    /// The current password that came with a change was wrong.
    CurrentPasswordWrong {
        /// Whose.
        user: UserId,
    },
    /// An admin let the owner of an account try again at once.
    AttemptsForgotten {
        /// The account.
        user: UserId,
    },
    /// Somebody registered where accounts are made only for proven addresses, and the address was sent a mail.
    RegistrationRequested {
        /// The account that has the address already, if there is one.
        user: Option<UserId>,
    },
    /// An admin invited somebody. An account was made if there was none.
    UserInvited {
        /// The account.
        user: UserId,
        /// What they may do.
        role: Role,
    },
    /// A user accepted an invitation by choosing a password.
    InvitationAccepted {
        /// The user.
        user: UserId,
    },
    /// The owner of an address signed in by mail to an account that was made with it without proof: its password was
    /// removed, and its sessions ended.
    UserReclaimed {
        /// The account.
        user: UserId,
    },
    /// Password or mail were right, and a second factor was asked for.
    SecondFactorAsked {
        /// Whose.
        user: UserId,
    },
    /// A code was mailed to a user in place of a second factor that is due.
    EmailCodeSent {
        /// Whose.
        user: UserId,
    },
    /// A second factor was wrong.
    SecondFactorWrong {
        /// Whose.
        user: UserId,
    },
    /// Somebody who is signed in proved again who they are.
    SteppedUp {
        /// Who.
        user: UserId,
        /// In which session.
        session: SessionId,
    },
    /// A second factor was set up. It counts when it is confirmed.
    FactorSetUp {
        /// Whose.
        user: UserId,
    },
    /// A second factor was added, which ended the user's other sessions.
    FactorAdded {
        /// Whose.
        user: UserId,
    },
    /// A second factor was removed, which ended the user's other sessions.
    FactorRemoved {
        /// Whose.
        user: UserId,
    },
    /// All second factors of a user were removed for them, which ended their sessions.
    FactorsReset {
        /// Whose.
        user: UserId,
    },
    /// A passkey was refused of which there may be a copy.
    PasskeySuspected {
        /// Whose.
        user: UserId,
    },
    /// A user got other recovery codes.
    RecoveryCodesRenewed {
        /// The user.
        user: UserId,
    },
    /// An account at an identity provider was linked to a user's.
    IdentityLinked {
        /// Whose.
        user: UserId,
    },
    /// An account at an identity provider was unlinked, which ended the user's other sessions.
    IdentityUnlinked {
        /// Whose.
        user: UserId,
    },
    /// An account was made.
    UserCreated {
        /// The new one.
        user: UserId,
        /// What they may do.
        role: Role,
    },
    /// An account was changed.
    UserUpdated {
        /// The account.
        user: UserId,
        /// What they may do now.
        role: Role,
        /// Whether they may sign in now.
        is_active: bool,
        /// Why sessions of the user were revoked, if they were.
        ends: Option<RevocationReason>,
    },
    /// An account was deleted, and its sessions with it.
    UserDeleted {
        /// The account.
        user: UserId,
    },
    /// The next signing key signs from now on.
    KeysRotated {
        /// The one that signs.
        active: KeyId,
        /// The one that signed before.
        retired: KeyId,
    },
    /// Every signing key was thrown away.
    KeysReplaced {
        /// The new one that signs.
        active: KeyId,
    },
}

impl By {
    /// The name of this kind of actor, which never changes.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Client { .. } => "client",
            Self::Operator => "operator",
            Self::Node => "node",
            Self::Anyone => "anyone",
        }
    }

    /// The user, if it was one.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User { user, .. } => Some(*user),
            _ => None,
        }
    }

    /// What they did. Where they did it from is added by [`NewEvent::from_address`].
    pub const fn did(self, what: What) -> NewEvent {
        NewEvent { by: self, address: None, what }
    }
}

impl NewEvent {
    /// What happened.
    pub const fn what(&self) -> &What {
        &self.what
    }

    /// The same, from this address.
    pub fn from_address(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// The event, with its id and its time.
    pub fn at(self, id: EventId, at: Timestamp) -> Event {
        let Self { by, address, what } = self;
        Event { id, at, by, address, what }
    }
}

impl What {
    /// The kind's name, which never changes.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::LoginSucceeded { .. } => "login.succeeded",
            Self::LoginFailed { .. } => "login.failed",
            Self::PasswordsSprayed { .. } => "login.sprayed",
            Self::LoginRefusedDisabled { .. } => "login.refused_disabled",
            Self::LoginRefusedUnverified { .. } => "login.refused_unverified",
            Self::LoginRequested { .. } => "login.requested",
            Self::RefreshTokenReused { .. } => "refresh_token.reused",
            Self::SessionsEnded { .. } => "sessions.ended",
            Self::PasswordChanged { .. } => "password.changed",
            Self::PasswordSet { .. } => "password.set",
            Self::PasswordResetRequested { .. } => "password.reset_requested",
            Self::PasswordReset { .. } => "password.reset",
            Self::EmailVerificationRequested { .. } => "email.verification_requested",
            Self::EmailVerified { .. } => "email.verified",
            Self::EmailChangeRequested { .. } => "email.change_requested",
            Self::EmailChanged { .. } => "email.changed",
            Self::EmailChangeStopped { .. } => "email.change_stopped",
            Self::CurrentPasswordWrong { .. } => "password.change_refused",
            Self::RegistrationRequested { .. } => "registration.requested",
            Self::UserInvited { .. } => "user.invited",
            Self::InvitationAccepted { .. } => "invitation.accepted",
            Self::UserReclaimed { .. } => "user.reclaimed",
            Self::SecondFactorAsked { .. } => "second_factor.asked",
            Self::EmailCodeSent { .. } => "second_factor.mailed",
            Self::SecondFactorWrong { .. } => "second_factor.wrong",
            Self::SteppedUp { .. } => "session.stepped_up",
            Self::FactorSetUp { .. } => "factor.set_up",
            Self::FactorAdded { .. } => "factor.added",
            Self::FactorRemoved { .. } => "factor.removed",
            Self::FactorsReset { .. } => "factors.reset",
            Self::PasskeySuspected { .. } => "passkey.suspected",
            Self::RecoveryCodesRenewed { .. } => "recovery_codes.renewed",
            Self::IdentityLinked { .. } => "identity.linked",
            Self::IdentityUnlinked { .. } => "identity.unlinked",
            Self::AttemptsForgotten { .. } => "attempts.forgotten",
            Self::UserCreated { .. } => "user.created",
            Self::UserUpdated { .. } => "user.updated",
            Self::UserDeleted { .. } => "user.deleted",
            Self::KeysRotated { .. } => "keys.rotated",
            Self::KeysReplaced { .. } => "keys.replaced",
        }
    }

    /// The id of what it is about: of a key in the kinds that begin with `keys.`, and of a user in all others.
    pub const fn subject(&self) -> Option<Uuid> {
        match self {
            Self::LoginFailed { user: None }
            | Self::RegistrationRequested { user: None }
            | Self::PasswordsSprayed { .. } => None,
            Self::LoginSucceeded { user, .. }
            | Self::LoginFailed { user: Some(user) }
            | Self::LoginRefusedDisabled { user }
            | Self::LoginRefusedUnverified { user }
            | Self::LoginRequested { user }
            | Self::RefreshTokenReused { user, .. }
            | Self::SessionsEnded { user, .. }
            | Self::PasswordChanged { user }
            | Self::PasswordSet { user }
            | Self::PasswordResetRequested { user }
            | Self::PasswordReset { user }
            | Self::EmailVerificationRequested { user }
            | Self::EmailVerified { user }
            | Self::EmailChangeRequested { user }
            | Self::EmailChanged { user }
            | Self::EmailChangeStopped { user }
            | Self::CurrentPasswordWrong { user }
            | Self::RegistrationRequested { user: Some(user) }
            | Self::UserInvited { user, .. }
            | Self::InvitationAccepted { user }
            | Self::UserReclaimed { user }
            | Self::SecondFactorAsked { user }
            | Self::EmailCodeSent { user }
            | Self::SecondFactorWrong { user }
            | Self::SteppedUp { user, .. }
            | Self::FactorSetUp { user }
            | Self::FactorAdded { user }
            | Self::FactorRemoved { user }
            | Self::FactorsReset { user }
            | Self::PasskeySuspected { user }
            | Self::RecoveryCodesRenewed { user }
            | Self::IdentityLinked { user }
            | Self::IdentityUnlinked { user }
            | Self::AttemptsForgotten { user }
            | Self::UserCreated { user, .. }
            | Self::UserUpdated { user, .. }
            | Self::UserDeleted { user } => Some(user.as_uuid()),
            Self::KeysRotated { active, .. } | Self::KeysReplaced { active } => Some(active.as_uuid()),
        }
    }

    /// The session that it is about, if it is about one.
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Self::LoginSucceeded { session, .. }
            | Self::RefreshTokenReused { session, .. }
            | Self::SteppedUp { session, .. } => Some(*session),
            Self::SessionsEnded { session, .. } => *session,
            _ => None,
        }
    }

    /// What else there is to say, under names that never change.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        let text = |text: &str| text.to_owned();
        match self {
            Self::SessionsEnded { reason, .. } => vec![("reason", text(reason.as_str()))],
            Self::UserCreated { role, .. } | Self::UserInvited { role, .. } => vec![("role", text(role.as_str()))],
            Self::UserUpdated { role, is_active, ends, .. } => {
                let mut details = vec![("role", text(role.as_str())), ("is_active", is_active.to_string())];
                details.extend(ends.map(|reason| ("sessions_ended", text(reason.as_str()))));
                details
            }
            Self::PasswordsSprayed { accounts } => vec![("accounts", accounts.to_string())],
            Self::KeysRotated { retired, .. } => vec![("retired", retired.to_string())],
            _ => Vec::new(),
        }
    }

    /// Why sessions were revoked, if they were. Those of a deleted user go with them, unrevoked.
    pub const fn revoked_for(&self) -> Option<RevocationReason> {
        match self {
            Self::SessionsEnded { reason, .. } => Some(*reason),
            Self::RefreshTokenReused { .. } => Some(RevocationReason::Reuse),
            Self::PasswordChanged { .. } => Some(RevocationReason::PasswordChanged),
            Self::PasswordSet { .. }
            | Self::PasswordReset { .. }
            | Self::InvitationAccepted { .. }
            | Self::UserReclaimed { .. } => Some(RevocationReason::PasswordSet),
            Self::FactorAdded { .. }
            | Self::FactorRemoved { .. }
            | Self::FactorsReset { .. }
            | Self::IdentityUnlinked { .. } => Some(RevocationReason::FactorsChanged),
            Self::EmailChanged { .. } => Some(RevocationReason::EmailChanged),
            Self::UserUpdated { ends, .. } => *ends,
            _ => None,
        }
    }
}
