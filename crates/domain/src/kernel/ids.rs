use uuid::Uuid;

use crate::Timestamp;

/// Makes ids and nonces from the operating system's randomness.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Ids: Send + Sync {
    /// A new UUID of version 4 (RFC 9562, section 5.4): it MUST have 122 random bits, so that it tells nothing and
    /// nobody can guess it.
    fn v4(&self) -> Uuid;

    /// A new UUID of version 7 (RFC 9562, section 5.7): it MUST begin with the milliseconds of `now`, so that ids sort
    /// by creation, and the rest of it MUST be random.
    fn v7(&self, now: Timestamp) -> Uuid;
}
