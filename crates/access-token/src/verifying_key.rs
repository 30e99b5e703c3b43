use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use domain::Timestamp;
use domain::keys::{Algorithm, KeyId};
use thiserror::Error;

/// Sizes of RSA keys, in bits: the least that RFC 7518, section 3.3, allows, and a bound on the work.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
const UNCOMPRESSED: u8 = 0x04;

/// A key that verifies access tokens, for its one algorithm. An id names one key for ever.
#[derive(Clone)]
pub struct VerifyingKey {
    id: KeyId,
    algorithm: Algorithm,
    check: Check,
    public: Option<PublicKey>,
    /// From when on no token of this key counts any more. `None` as long as it is in use.
    pub accepted_until: Option<Timestamp>,
}

#[derive(Clone)]
enum Check {
    Signature(ParsedPublicKey),
    Mac(Box<hmac::Key>),
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// For EdDSA: the 32 bytes of RFC 8032, section 5.1.5.
    Ed25519([u8; 32]),
    /// For ES256: a point on P-256.
    P256 {
        /// Its first coordinate, big-endian.
        x: [u8; 32],
        /// Its second coordinate, big-endian.
        y: [u8; 32],
    },
    /// For RS256.
    Rsa {
        /// The modulus of 2048 to 8192 bits, big-endian without leading zeros.
        n: Vec<u8>,
        /// The exponent, likewise.
        e: Vec<u8>,
    },
}

/// The key is malformed, too short or of a kind that access tokens are not signed with.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("this is not a key that verifies access tokens")]
pub struct InvalidKey;

impl VerifyingKey {
    /// The key with this public half.
    ///
    /// # Errors
    /// [`InvalidKey`] for a point off its curve or a modulus that is too short or too long.
    pub fn public(id: KeyId, public: PublicKey) -> Result<Self, InvalidKey> {
        let check = Check::Signature(public.parse()?);
        Ok(Self { id, algorithm: public.algorithm(), check, public: Some(public), accepted_until: None })
    }

    /// The HS256 key with these bytes. Only for Hexauth itself: who can verify with it can sign with it.
    pub fn symmetric(id: KeyId, secret: &[u8; 32]) -> Self {
        let check = Check::Mac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)));
        Self { id, algorithm: Algorithm::Hs256, check, public: None, accepted_until: None }
    }

    /// The `kid` of its tokens.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The one algorithm it is for.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether its tokens count at `now`.
    pub fn is_accepted(&self, now: Timestamp) -> bool {
        self.accepted_until.is_none_or(|until| now < until)
    }

    /// Whether the other is the same key, however long it is accepted.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        (self.id, self.algorithm, &self.public) == (other.id, other.algorithm, &other.public)
    }

    /// The half to publish. A symmetric key has none.
    pub(crate) const fn public_half(&self) -> Option<&PublicKey> {
        self.public.as_ref()
    }

    /// Whether the key signed the message.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.check {
            Check::Signature(key) => key.verify_sig(message, signature).is_ok(),
            Check::Mac(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

impl PublicKey {
    /// The algorithm that such a key is for.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::P256 { .. } => Algorithm::Es256,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    fn parse(&self) -> Result<ParsedPublicKey, InvalidKey> {
        match self {
            Self::Ed25519(bytes) => ParsedPublicKey::new(&ED25519, bytes),
            Self::P256 { x, y } => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[UNCOMPRESSED], &x[..], y].concat())
            }
            Self::Rsa { n, .. } if !RSA_BITS.contains(&bits(n)) => return Err(InvalidKey),
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256),
        }
        .map_err(|_| InvalidKey)
    }
}

/// The length of a big-endian number. Zero where it begins with a zero byte, which is no canonical form.
fn bits(number: &[u8]) -> usize {
    match number.first() {
        None | Some(0) => 0,
        Some(first) => number.len() * 8 - first.leading_zeros() as usize,
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .field("accepted_until", &self.accepted_until)
            .finish_non_exhaustive()
    }
}
