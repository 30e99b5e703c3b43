use super::{FactorName, SealedTotpSecret, TotpDeviceId, TotpStep};
use crate::Timestamp;
use crate::users::UserId;

/// An authenticator app with a secret of its own.
///
/// It counts once its user has shown a code of it: a secret that never reached the app must lock nobody out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpDevice {
    /// Never changes.
    pub id: TotpDeviceId,
    /// Whose it is.
    pub user_id: UserId,
    /// Another one than those of the user's others, compared without case.
    pub name: FactorName,
    /// What the codes are made of.
    pub secret: SealedTotpSecret,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When a code of it was shown first. Until then it is not a factor.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was taken. No code of this step or of one before is taken any more.
    pub last_step: Option<TotpStep>,
}

/// What it takes to set one up.
#[derive(Clone, Debug)]
pub struct NewTotpDevice {
    /// A fresh id.
    pub id: TotpDeviceId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the user calls it.
    pub name: FactorName,
    /// A fresh secret.
    pub secret: SealedTotpSecret,
}

impl TotpDevice {
    /// Most that a user has.
    pub const MAX_PER_USER: usize = 5;

    /// Sets one up.
    pub fn set_up(new: NewTotpDevice, now: Timestamp) -> Self {
        let NewTotpDevice { id, user_id, name, secret } = new;
        Self { id, user_id, name, secret, created_at: now, confirmed_at: None, last_step: None }
    }

    /// Whether it is a factor.
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// Whether a code of this step is fresh.
    pub fn takes(&self, step: TotpStep) -> bool {
        self.last_step.is_none_or(|last| last < step)
    }
}
