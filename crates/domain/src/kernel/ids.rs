use uuid::Uuid;

use crate::Timestamp;

/// Makes what ids and nonces consist of, from the operating system's randomness.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Ids: Send + Sync {
    /// A new UUID of version 4 (RFC 9562, section 5.4): it MUST have 122 random bits, so that it tells nothing and
    /// nobody guesses it.
    fn v4(&self) -> Uuid;

    /// A new UUID of version 7 (RFC 9562, section 5.7): it MUST begin with the milliseconds of `now`, so that ids sort
    /// by creation, and all else in it MUST be random.
    fn v7(&self, now: Timestamp) -> Uuid;
}
