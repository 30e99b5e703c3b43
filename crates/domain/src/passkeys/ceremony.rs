use chrono::TimeDelta;

use super::{CeremonyId, CeremonyState, StartedCeremony};
use crate::Timestamp;
use crate::one_time_tokens::OneTimeTokenId;
use crate::sessions::SessionId;
use crate::users::UserId;

/// A challenge that was handed out, with all that the response to it is checked against. It is taken once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// Never changes.
    pub id: CeremonyId,
    /// What it is good for.
    pub purpose: CeremonyPurpose,
    /// What the response is checked against. It never leaves the service.
    pub state: CeremonyState,
    /// It is good until then.
    pub expires_at: Timestamp,
}

/// What a ceremony is good for. One for a purpose is worth nothing for another, nor to another user or session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CeremonyPurpose {
    /// To register a passkey.
    Registration {
        /// Whose it will be.
        user: UserId,
        /// The session that asked.
        session: SessionId,
    },
    /// To sign in.
    SignIn {
        /// The only account that it signs in to, if one was named. A name that nobody has gets the id of nobody.
        user: Option<UserId>,
    },
    /// To finish a sign-in that needs a second factor.
    SecondFactor {
        /// Whose.
        user: UserId,
        /// The challenge of that sign-in.
        challenge: OneTimeTokenId,
    },
    /// To prove again who one is.
    StepUp {
        /// Who.
        user: UserId,
        /// In which session.
        session: SessionId,
    },
}

impl Ceremony {
    /// How long a challenge is good for: as long as people are given to find their key.
    pub const LIFETIME: TimeDelta = TimeDelta::minutes(5);

    /// Begins one, and returns it with what the browser is asked.
    pub fn begin(id: CeremonyId, purpose: CeremonyPurpose, started: StartedCeremony, now: Timestamp) -> (Self, String) {
        let StartedCeremony { options, state } = started;
        (Self { id, purpose, state, expires_at: now + Self::LIFETIME }, options)
    }
}

impl CeremonyPurpose {
    /// The only user whose passkey it takes, if there is one.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::SignIn { user } => *user,
            Self::Registration { user, .. } | Self::SecondFactor { user, .. } | Self::StepUp { user, .. } => {
                Some(*user)
            }
        }
    }
}
