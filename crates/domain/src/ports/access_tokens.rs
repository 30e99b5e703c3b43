use crate::{AccessClaims, InvalidAccessToken, Secret, Timestamp};

/// Writes and reads access tokens: signed JWTs after RFC 9068.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait AccessTokens: Send + Sync {
    /// The token for `claims`. It MUST be one that [`AccessTokens::verify`] reads back to equal claims.
    fn sign(&self, claims: &AccessClaims) -> Secret;

    /// Reads a token. It MUST be refused unless its signature is ours, its algorithm the key's own, its type
    /// `at+jwt`, its issuer and audience ours, every claim present and of the right type, and `nbf` ≤ `now` < `exp`,
    /// give or take at most five seconds. Headers that bring a key or an extension (`jwk`, `jku`, `x5u`, `x5c`,
    /// `crit`) MUST be refused (RFC 8725, section 3).
    ///
    /// # Errors
    /// [`InvalidAccessToken`], which does not say why.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken>;
}
