use std::fmt;
use std::ops::RangeInclusive;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use domain::Timestamp;
use domain::keys::{Algorithm, KeyId};
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::jwk::{AlgorithmParameters, CommonParameters, Jwk, PublicKeyUse};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind};
use thiserror::Error;

/// Sizes of RSA keys, in bits: the least that RFC 7518, section 3.3, allows, and a bound on the work.
const RSA_BITS: RangeInclusive<usize> = 2048..=8192;
const SECRET_BYTES: usize = 32;
const ED25519_BYTES: usize = 32;
/// 4, for a point that is not compressed, and its two coordinates (SEC 1, section 2.3.3).
const P256_POINT_BYTES: usize = 65;

/// A key that verifies access tokens, for its one algorithm. An id names one key for ever.
///
/// It is parsed once, here: the verifiers of `jsonwebtoken` parse it for every token.
#[derive(Clone)]
pub struct VerifyingKey {
    id: KeyId,
    algorithm: Algorithm,
    check: Check,
    /// What is published of it. `None` for a symmetric key.
    public: Option<AlgorithmParameters>,
    /// The time from which no token of this key counts. `None` as long as it is in use.
    pub accepted_until: Option<Timestamp>,
}

#[derive(Clone)]
enum Check {
    Signature(ParsedPublicKey),
    Mac(Box<hmac::Key>),
}

/// The key is malformed, too short or of a kind that access tokens are not signed with.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("this is not a key that verifies access tokens")]
pub struct InvalidKey;

impl VerifyingKey {
    /// The key of this id. Its kind fixes the algorithm: EdDSA for 32 bytes of Ed25519, ES256 for an uncompressed point
    /// on P-256, RS256 for a modulus of 2048 to 8192 bits with an odd exponent above 1, and HS256 for a secret of 32
    /// bytes. HS256 is for Hexauth itself only: anyone who can verify with it can sign with it.
    ///
    /// # Errors
    /// [`InvalidKey`] for a point off its curve and for any other key.
    pub fn new(id: KeyId, key: &DecodingKey) -> Result<Self, InvalidKey> {
        let (algorithm, parsed) = match (key.family(), key.kind()) {
            // Of another length, it would be read as a key in another form.
            (AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(bytes)) if bytes.len() == ED25519_BYTES => {
                (Algorithm::EdDsa, ParsedPublicKey::new(&ED25519, bytes))
            }
            (AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) if point.len() == P256_POINT_BYTES => {
                (Algorithm::Es256, ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point))
            }
            (AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e })
                if RSA_BITS.contains(&bits(n)) && is_exponent(e) =>
            {
                let components = RsaPublicKeyComponents { n, e };
                (Algorithm::Rs256, components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256))
            }
            (AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) if secret.len() == SECRET_BYTES => {
                let check = Check::Mac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)));
                return Ok(Self { id, algorithm: Algorithm::Hs256, check, public: None, accepted_until: None });
            }
            _ => return Err(InvalidKey),
        };
        let check = Check::Signature(parsed.map_err(|_| InvalidKey)?);
        let public = Jwk::from_decoding_key(key, None).map_err(|_| InvalidKey)?.algorithm;
        Ok(Self { id, algorithm, check, public: Some(public), accepted_until: None })
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

    /// The form to publish (RFC 7517, section 4). `None` for a symmetric key, which has no public half.
    pub(crate) fn jwk(&self) -> Option<Jwk> {
        let common = CommonParameters {
            key_id: Some(self.id.to_string()),
            key_algorithm: Some(JwtVerifier::algorithm(self).into()),
            public_key_use: Some(PublicKeyUse::Signature),
            ..CommonParameters::default()
        };
        Some(Jwk { common, algorithm: self.public.clone()? })
    }
}

impl Verifier<Vec<u8>> for VerifyingKey {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        match &self.check {
            Check::Signature(key) => key.verify_sig(message, signature),
            Check::Mac(key) => hmac::verify(key, message, signature),
        }
        .map_err(|_| Error::new())
    }
}

impl JwtVerifier for VerifyingKey {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        match self.algorithm {
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

/// Whether it may be the exponent of an RSA key (RFC 8017, section 3.1). With 1, what is signed is its own signature.
fn is_exponent(e: &[u8]) -> bool {
    bits(e) > 1 && e.last().is_some_and(|last| last % 2 == 1)
}

/// The length of a big-endian number. Zero where it begins with a zero byte, which is not a canonical form.
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
