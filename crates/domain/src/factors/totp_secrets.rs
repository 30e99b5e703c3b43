use std::fmt;

use super::{SealedTotpSecret, TotpCode, TotpDevice, TotpDeviceId, TotpStep};
use crate::users::{Email, UserId};
use crate::{Secret, Source, Timestamp};

/// Makes the secrets of authenticator apps, and the codes from them (RFC 6238, with HMAC-SHA1, 6 digits and 30 seconds:
/// apps ignore anything else).
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait TotpSecrets: Send + Sync {
    /// A fresh random secret of 160 bits (RFC 4226, section 4, R6), sealed. It MUST open for this device and user
    /// alone, so that anyone who can write to the database still cannot give it to another.
    ///
    /// # Errors
    /// Those of sealing, which nothing is known to cause.
    fn generate(&self, device: TotpDeviceId, user: UserId) -> Result<SealedTotpSecret, Source>;

    /// What an app is set up with. `None` when the secret cannot be opened.
    fn enrolment(&self, device: &TotpDevice, account: &Email) -> Option<TotpEnrolment>;

    /// The steps of [`TotpStep::window`] that this is the code of, the earliest first: all of them, since a code may be
    /// that of two. None when the secret cannot be opened. The comparison MUST take constant time.
    fn steps(&self, device: &TotpDevice, code: &TotpCode, now: Timestamp) -> Vec<TotpStep>;
}

/// What an authenticator app is set up with, shown once.
#[derive(Clone)]
pub struct TotpEnrolment {
    /// The secret in Base32, to be typed.
    pub secret: Secret,
    /// The same as an `otpauth` URI, to be scanned.
    pub uri: Secret,
}

impl fmt::Debug for TotpEnrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpEnrolment(…)")
    }
}
