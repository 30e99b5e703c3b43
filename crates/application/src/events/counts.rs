//! What happened on this node since it started, in plain numbers, which others serve.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::events::What;
use domain::sessions::RevocationReason;

use crate::ApplicationError;

/// How a sign-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// A session has begun.
    Ok,
    /// Unknown name or wrong password, or a mailed token or code that is not good.
    WrongPassword,
    /// Right password, disabled account.
    Disabled,
    /// Right password, but the address is not proven.
    Unverified,
    /// The second factor was wrong, or was used before.
    WrongSecondFactor,
    /// There were too many attempts at the account.
    TooMany,
    /// Too many passwords were waiting to be hashed.
    Overloaded,
    /// The database was not there, or something broke; also when a refusal could not be recorded.
    Failed,
}

/// What came of a genuine refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// The next pair.
    Rotated,
    /// The same child again, within the grace window.
    Repeated,
    /// A refusal: it had been used, and its session was revoked.
    Reused,
}

impl SignInOutcome {
    const ALL: [Self; 8] = [
        Self::Ok,
        Self::WrongPassword,
        Self::Disabled,
        Self::Unverified,
        Self::WrongSecondFactor,
        Self::TooMany,
        Self::Overloaded,
        Self::Failed,
    ];

    /// The outcome's name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::WrongPassword => "wrong_password",
            Self::Disabled => "disabled",
            Self::Unverified => "unverified",
            Self::WrongSecondFactor => "wrong_second_factor",
            Self::TooMany => "too_many",
            Self::Overloaded => "overloaded",
            Self::Failed => "failed",
        }
    }

    /// The outcome of a sign-in for which there is no event.
    pub(crate) fn without_event<T>(result: &Result<T, ApplicationError>) -> Option<Self> {
        match result {
            Ok(_)
            | Err(
                ApplicationError::InvalidCredentials
                | ApplicationError::InvalidOneTimeToken
                | ApplicationError::InvalidChallenge
                | ApplicationError::InvalidProviderCode
                | ApplicationError::InvalidCeremony
                | ApplicationError::InvalidPasskey { .. }
                | ApplicationError::AccountDisabled
                | ApplicationError::EmailNotVerified
                // It has not come to an end.
                | ApplicationError::SecondFactorRequired(_),
            ) => None,
            Err(ApplicationError::InvalidSecondFactor) => Some(Self::WrongSecondFactor),
            Err(ApplicationError::TooManyAttempts { .. }) => Some(Self::TooMany),
            Err(ApplicationError::Overloaded) => Some(Self::Overloaded),
            Err(_) => Some(Self::Failed),
        }
    }
}

impl RefreshOutcome {
    const ALL: [Self; 3] = [Self::Rotated, Self::Repeated, Self::Reused];

    /// The outcome's name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Repeated => "repeated",
            Self::Reused => "reused",
        }
    }
}

/// How often what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Sign-ins that came to an end.
    pub sign_ins: [(SignInOutcome, u64); SignInOutcome::ALL.len()],
    /// Refreshes with a genuine token of a live session.
    pub refreshes: [(RefreshOutcome, u64); RefreshOutcome::ALL.len()],
    /// Times that sessions were revoked, one or all of a user's. The sessions of a deleted user go with them,
    /// unrevoked.
    pub revocations: [(RevocationReason, u64); RevocationReason::ALL.len()],
}

/// The numbers behind [`Counts`]. Counting costs nanoseconds, whether or not anybody ever looks.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    sign_ins: [AtomicU64; SignInOutcome::ALL.len()],
    refreshes: [AtomicU64; RefreshOutcome::ALL.len()],
    revocations: [AtomicU64; RevocationReason::ALL.len()],
}

impl Counters {
    pub(crate) fn read(&self) -> Counts {
        Counts {
            sign_ins: read(&self.sign_ins, SignInOutcome::ALL),
            refreshes: read(&self.refreshes, RefreshOutcome::ALL),
            revocations: read(&self.revocations, RevocationReason::ALL),
        }
    }

    /// Counts what was committed.
    pub(crate) fn event(&self, what: &What) {
        match what {
            What::LoginSucceeded { .. } => self.sign_in(SignInOutcome::Ok),
            What::LoginFailed { .. } => self.sign_in(SignInOutcome::WrongPassword),
            What::LoginRefusedDisabled { .. } => self.sign_in(SignInOutcome::Disabled),
            What::LoginRefusedUnverified { .. } => self.sign_in(SignInOutcome::Unverified),
            What::RefreshTokenReused { .. } => self.refresh(RefreshOutcome::Reused),
            _ => {}
        }
        if let Some(reason) = what.revoked_for() {
            count(&self.revocations, &RevocationReason::ALL, reason);
        }
    }

    pub(crate) fn sign_in(&self, outcome: SignInOutcome) {
        count(&self.sign_ins, &SignInOutcome::ALL, outcome);
    }

    pub(crate) fn refresh(&self, outcome: RefreshOutcome) {
        count(&self.refreshes, &RefreshOutcome::ALL, outcome);
    }
}

fn count<T: PartialEq + Copy, const N: usize>(counters: &[AtomicU64; N], all: &[T; N], one: T) {
    for (counter, _) in counters.iter().zip(all).filter(|(_, other)| **other == one) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn read<T: Copy, const N: usize>(counters: &[AtomicU64; N], all: [T; N]) -> [(T, u64); N] {
    std::array::from_fn(|index| (all[index], counters[index].load(Ordering::Relaxed)))
}
