//! Access tokens: what they say, and who writes and reads them.

mod claims;
mod port;

pub use claims::{AccessClaims, InvalidAccessToken, OptionalClaim};
pub use port::{AccessTokens, MAX_ACCESS_TOKEN_TTL, PublishedKeys, VerifyError};

#[cfg(feature = "mocks")]
pub use port::MockAccessTokens;

use crate::Id;

/// Names one access token: the `jti` claim (RFC 7519, section 4.1.7).
pub type TokenId = Id<AccessClaims>;
