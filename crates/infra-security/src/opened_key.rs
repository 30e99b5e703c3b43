use std::fmt;

use access_token::{VerifyingKey, sign_token};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use domain::Secret;
use domain::access_tokens::AccessClaims;
use domain::keys::{Algorithm, KeyId};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::signature::{Error, Signer};
use zeroize::Zeroizing;

use crate::random::{generator, random_bytes};

/// A signing key ready for use, parsed once. Threads share it: they cannot share the signers of `jsonwebtoken`, of
/// which the one for RSA parses its key for every token.
pub(crate) struct OpenedKey {
    private: PrivateKey,
    /// What verifies its tokens.
    pub(crate) verifying: VerifyingKey,
}

enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Hmac(Box<hmac::Key>),
}

/// A new key in clear: PKCS#8 (RFC 5958), or 32 random bytes for HS256. A key for RS256 takes up to some seconds.
pub(crate) fn generate_key(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let bytes = match algorithm {
        Algorithm::EdDsa => Ed25519KeyPair::generate()?.to_pkcs8()?.as_ref().to_vec(),
        Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?.to_pkcs8v1()?.as_ref().to_vec(),
        Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa3072)?.as_der()?.as_ref().to_vec(),
        Algorithm::Hs256 => Zeroizing::new(random_bytes::<32>()).to_vec(),
    };
    Ok(Zeroizing::new(bytes))
}

impl OpenedKey {
    /// Reads what [`generate_key`] made. `None` for anything else.
    pub(crate) fn read(id: KeyId, algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        let (private, public) = match algorithm {
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(key).ok()?;
                let public = DecodingKey::from_ed_der(pair.public_key().as_ref());
                (PrivateKey::Ed25519(pair), public)
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key).ok()?;
                let public = DecodingKey::from_ec_der(pair.public_key().as_ref());
                (PrivateKey::P256(pair), public)
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(key).ok()?;
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                (PrivateKey::Rsa(pair), DecodingKey::from_rsa_raw_components(&n, &e))
            }
            Algorithm::Hs256 => {
                let private = PrivateKey::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, key)));
                (private, DecodingKey::from_secret(key))
            }
        };
        Some(Self { private, verifying: VerifyingKey::new(id, &public).ok()? })
    }

    /// The token for these claims.
    pub(crate) fn sign(&self, claims: &AccessClaims, issuer: &str, audience: &str) -> Result<Secret, Error> {
        sign_token(claims, issuer, audience, self.verifying.id(), self)
    }
}

impl Signer<Vec<u8>> for OpenedKey {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.private.sign(message).map_err(|_| Error::new())
    }
}

impl JwtSigner for OpenedKey {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        JwtVerifier::algorithm(&self.verifying)
    }
}

impl PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Self::P256(pair) => Ok(pair.sign(&generator(), message)?.as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &generator(), message, &mut signature)?;
                Ok(signature)
            }
            Self::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for OpenedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedKey").field("verifying", &self.verifying).finish_non_exhaustive()
    }
}
