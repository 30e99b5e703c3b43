use std::fmt;

use chrono::TimeDelta;
use domain::Secret;

/// What a sign-in goes on with that needs a second factor.
pub struct SecondFactorChallenge {
    /// Comes back with the second factor, once. It is no session, and good for nothing else.
    pub token: Secret,
    /// How long it is good.
    pub expires_in: TimeDelta,
    /// Whether a recovery code is left.
    pub has_recovery_codes: bool,
}

impl fmt::Debug for SecondFactorChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactorChallenge").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}
