use std::fmt;

use chrono::TimeDelta;

use super::FactorKind;
use crate::{Secret, Timestamp};

/// What a sign-in goes on with that needs a second factor.
pub struct SecondFactorChallenge {
    /// Comes back with the second factor, once. It is not a session, and good for nothing else.
    pub token: Secret,
    /// It is good until then.
    pub expires_at: Timestamp,
    /// How long that is from now.
    pub expires_in: TimeDelta,
    /// What can be shown. Nothing where a factor is due, none is set up, and a mail would prove what is proven already.
    pub factors: Vec<FactorKind>,
}

impl fmt::Debug for SecondFactorChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token: _, expires_at, expires_in: _, factors } = self;
        let mut debug = f.debug_struct("SecondFactorChallenge");
        debug.field("expires_at", expires_at).field("factors", factors).finish_non_exhaustive()
    }
}
