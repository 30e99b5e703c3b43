use async_trait::async_trait;
use chrono::TimeDelta;
use thiserror::Error;

use crate::StoreError;
use crate::access_tokens::{AccessClaims, InvalidAccessToken};
use crate::{Secret, Timestamp};

/// The longest lifetime of access tokens that may be configured: no node signs one that lives longer.
pub const MAX_ACCESS_TOKEN_TTL: TimeDelta = TimeDelta::days(365);

/// Writes and reads access tokens: signed JWTs per RFC 9068. It follows the key ring that all nodes share.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// The token for `claims`, signed with the active key. It MUST be one that [`AccessTokens::verify`] reads back to
    /// equal claims, on every node. A node that has not looked at the key ring for [`MAX_KEY_RING_AGE`] MUST do so
    /// first.
    ///
    /// # Errors
    /// [`StoreError`] when the key ring had to be read and could not be.
    ///
    /// [`MAX_KEY_RING_AGE`]: crate::keys::MAX_KEY_RING_AGE
    async fn sign(&self, claims: &AccessClaims) -> Result<Secret, StoreError>;

    /// Reads a token. It MUST be refused unless a key of the ring that is accepted at `now` signed it, its algorithm
    /// is that key's own, its type `at+jwt`, its issuer and audience ours, every claim present and of the right type,
    /// `nbf` and `iat` at most five seconds after `now`, and `now` before `exp`. Headers that bring a key or an
    /// extension (`jwk`, `jku`, `x5u`, `x5c`, `crit`) MUST be refused (RFC 8725, section 3).
    ///
    /// A node that has not looked at the key ring for [`MAX_KEY_RING_AGE`] MUST do so before it returns claims: a key
    /// that leaked may have been thrown away. A node that has looked MUST NOT touch the database here.
    ///
    /// A key that is not known yet MUST be looked for in the database, but not more often than the adapter's bound,
    /// however many such tokens come.
    ///
    /// # Errors
    /// [`VerifyError::Invalid`], which does not say why; [`VerifyError::Repository`] when the key ring had to be read
    /// and could not be.
    ///
    /// [`MAX_KEY_RING_AGE`]: crate::keys::MAX_KEY_RING_AGE
    async fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, VerifyError>;

    /// The public halves of all keys that are accepted at `now` or will be, as a JWK set (RFC 7517, section 5). MUST
    /// hold nothing secret: a symmetric key is left out.
    fn jwks(&self, now: Timestamp) -> PublishedKeys;

    /// When the last token that any node has signed until `now` has expired, going by the key ring as it was read last.
    /// A node that has not looked at the key ring for [`MAX_KEY_RING_AGE`] MUST NOT trust it, since other nodes may
    /// give tokens a longer life by now: it MUST return at least [`MAX_ACCESS_TOKEN_TTL`] from `now`. MUST NOT touch
    /// the database: what is revoked is revoked even while the keys cannot be read.
    ///
    /// [`MAX_KEY_RING_AGE`]: crate::keys::MAX_KEY_RING_AGE
    fn tokens_expire_at(&self, now: Timestamp) -> Timestamp;

    /// Reads the key ring again.
    ///
    /// # Errors
    /// As every repository; the keys that were known stay in use.
    async fn reload(&self) -> Result<(), StoreError>;
}

/// The keys for those who check tokens by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKeys {
    /// The JWK set.
    pub jwk_set: String,
    /// For how long it may be kept: no key that is not in it signs anything before then. Between zero and
    /// [`MAX_KEY_RING_AGE`](crate::keys::MAX_KEY_RING_AGE).
    pub good_for: TimeDelta,
}

/// Why a token was not read.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The token is not valid.
    #[error(transparent)]
    Invalid(#[from] InvalidAccessToken),
    /// Whether it is valid is unknown.
    #[error("the signing keys cannot be read")]
    Repository(#[from] StoreError),
}
