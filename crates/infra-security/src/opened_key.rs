use std::fmt;

use access_token::{PublicKey, UnsignedToken, VerifyingKey};
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
use zeroize::Zeroizing;

use crate::random::{generator, random_bytes};

/// A signing key ready for use.
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
        match algorithm {
            Algorithm::EdDsa => Self::ed25519(id, key),
            Algorithm::Es256 => Self::p256(id, key),
            Algorithm::Rs256 => Self::rsa(id, key),
            Algorithm::Hs256 => Self::hmac(id, key),
        }
    }

    fn ed25519(id: KeyId, key: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(key).ok()?;
        let public = PublicKey::Ed25519(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { private: PrivateKey::Ed25519(pair), verifying: VerifyingKey::public(id, public).ok()? })
    }

    fn p256(id: KeyId, key: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key).ok()?;
        // The library gives the point uncompressed: a byte that says so, and the two coordinates.
        let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(32)?;
        let public = PublicKey::P256 { x: x.try_into().ok()?, y: y.try_into().ok()? };
        Some(Self { private: PrivateKey::P256(pair), verifying: VerifyingKey::public(id, public).ok()? })
    }

    fn rsa(id: KeyId, key: &[u8]) -> Option<Self> {
        let pair = RsaKeyPair::from_pkcs8(key).ok()?;
        let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let verifying = VerifyingKey::public(id, PublicKey::Rsa { n, e }).ok()?;
        Some(Self { private: PrivateKey::Rsa(pair), verifying })
    }

    fn hmac(id: KeyId, key: &[u8]) -> Option<Self> {
        let secret: &[u8; 32] = key.try_into().ok()?;
        let private = PrivateKey::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)));
        Some(Self { private, verifying: VerifyingKey::symmetric(id, secret) })
    }

    /// The token for these claims.
    pub(crate) fn sign(&self, claims: &AccessClaims, issuer: &str, audience: &str) -> Result<Secret, Unspecified> {
        let Self { private, verifying } = self;
        let token = UnsignedToken::new(claims, issuer, audience, verifying.algorithm(), verifying.id());
        let signature = private.sign(token.message())?;
        Ok(token.with_signature(&signature))
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
