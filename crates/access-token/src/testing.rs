//! Keys of every algorithm, and tokens that only the holder of a key can make.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use chrono::DateTime;
use data_encoding::BASE64URL_NOPAD;
use domain::Timestamp;
use domain::access_tokens::{AccessClaims, TokenId};
use domain::clients::ClientId;
use domain::keys::{Algorithm, KeyId};
use domain::sessions::SessionId;
use domain::users::{Epoch, Role, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{PublicKey, UnsignedToken, VerifyingKey};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "hexauth-api";
pub(crate) const ISSUED: i64 = 1_700_000_000;
pub(crate) const EXPIRES: i64 = ISSUED + 900;

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// A key with both its halves.
pub(crate) struct TestKey {
    pub(crate) verifying: VerifyingKey,
    sign: Sign,
}

static KEYS: LazyLock<Vec<TestKey>> =
    LazyLock::new(|| Algorithm::ALL.into_iter().zip(1..).map(|(algorithm, id)| TestKey::new(algorithm, id)).collect());

impl TestKey {
    /// One key of each algorithm, always the same.
    pub(crate) fn of_each_algorithm() -> &'static [Self] {
        &KEYS
    }

    /// The key of [`TestKey::of_each_algorithm`] for this algorithm.
    pub(crate) fn of(algorithm: Algorithm) -> &'static Self {
        KEYS.iter().find(|key| key.algorithm() == algorithm).unwrap()
    }

    pub(crate) fn new(algorithm: Algorithm, id: u128) -> Self {
        let id = KeyId::new(Uuid::from_u128(id));
        match algorithm {
            Algorithm::EdDsa => Self::ed25519(id),
            Algorithm::Es256 => Self::p256(id),
            Algorithm::Rs256 => Self::rsa(id, KeySize::Rsa2048),
            Algorithm::Hs256 => Self::hmac(id, &[7; 32]),
        }
    }

    fn ed25519(id: KeyId) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public = PublicKey::Ed25519(pair.public_key().as_ref().try_into().unwrap());
        Self::public(id, public, Box::new(move |message| pair.sign(message).as_ref().to_vec()))
    }

    #[expect(clippy::disallowed_methods, reason = "the tests own these keys")]
    fn p256(id: KeyId) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let public = PublicKey::P256 { x: x.try_into().unwrap(), y: y.try_into().unwrap() };
        let sign = move |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
        Self::public(id, public, Box::new(sign))
    }

    #[expect(clippy::disallowed_methods, reason = "the tests own these keys")]
    fn rsa(id: KeyId, size: KeySize) -> Self {
        let pair = RsaKeyPair::generate(size).unwrap();
        let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let sign = move |message: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        };
        Self::public(id, PublicKey::Rsa { n, e }, Box::new(sign))
    }

    fn public(id: KeyId, public: PublicKey, sign: Sign) -> Self {
        Self { verifying: VerifyingKey::public(id, public).unwrap(), sign }
    }

    fn hmac(id: KeyId, secret: &[u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let sign = move |message: &[u8]| hmac::sign(&key, message).as_ref().to_vec();
        Self { verifying: VerifyingKey::symmetric(id, secret), sign: Box::new(sign) }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The token that Hexauth would sign.
    pub(crate) fn token(&self, claims: &AccessClaims) -> String {
        let token = UnsignedToken::new(claims, ISSUER, AUDIENCE, self.algorithm(), self.verifying.id());
        let signature = (self.sign)(token.message());
        token.with_signature(&signature).expose().to_owned()
    }

    /// A token with a right signature over any header and claims.
    pub(crate) fn forge(&self, header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
        let message = format!("{header}.{claims}");
        let signature = BASE64URL_NOPAD.encode(&(self.sign)(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// The header of its tokens.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm().as_str(), "typ": "at+jwt", "kid": self.verifying.id().to_string()})
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

pub(crate) fn claims() -> AccessClaims {
    AccessClaims {
        id: TokenId::new(Uuid::from_u128(3)),
        client_id: Some(ClientId::default()),
        user_id: UserId::new(Uuid::from_u128(1)),
        session_id: SessionId::new(Uuid::from_u128(2)),
        role: Role::Admin,
        epoch: Epoch::new(7),
        issued_at: at(ISSUED),
        expires_at: at(EXPIRES),
    }
}

/// [`claims`] as they stand in a token.
pub(crate) fn wire_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "client_id": "hexauth", "role": "admin", "epoch": 7,
        "sub": "00000000-0000-0000-0000-000000000001", "sid": "00000000-0000-0000-0000-000000000002",
        "jti": "00000000-0000-0000-0000-000000000003", "iat": ISSUED, "nbf": ISSUED, "exp": EXPIRES,
    })
}
