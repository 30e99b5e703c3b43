//! Keys of every algorithm, and tokens that only the holder of a key can make.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents,
};
use chrono::DateTime;
use data_encoding::BASE64URL_NOPAD;
use domain::Timestamp;
use domain::access_tokens::{AccessClaims, TokenId};
use domain::clients::ClientId;
use domain::keys::{Algorithm, KeyId};
use domain::sessions::{Authentication, Method, Methods, SessionId};
use domain::users::{Epoch, Role, UserId};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{VerifyingKey, sign_token};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "hexauth-api";
pub(crate) const ISSUED: i64 = 1_700_000_000;
pub(crate) const EXPIRES: i64 = ISSUED + 900;

/// A key with both its halves.
pub(crate) struct TestKey {
    pub(crate) verifying: VerifyingKey,
    private: EncodingKey,
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
        let (private, public) = match algorithm {
            Algorithm::EdDsa => ed25519(),
            Algorithm::Es256 => p256(),
            Algorithm::Rs256 => rsa(),
            Algorithm::Hs256 => (EncodingKey::from_secret(&[7; 32]), DecodingKey::from_secret(&[7; 32])),
        };
        Self { verifying: VerifyingKey::new(KeyId::new(Uuid::from_u128(id)), &public).unwrap(), private }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The token that Hexauth would sign.
    pub(crate) fn token(&self, claims: &AccessClaims) -> String {
        let token = sign_token(claims, ISSUER, AUDIENCE, self.verifying.id(), self.signer().as_ref());
        token.unwrap().expose().to_owned()
    }

    /// The signer of `jsonwebtoken` itself.
    fn signer(&self) -> Box<dyn JwtSigner> {
        (DEFAULT_PROVIDER.signer_factory)(&JwtVerifier::algorithm(&self.verifying), &self.private).unwrap()
    }

    /// A token with a right signature over any header and claims.
    pub(crate) fn forge(&self, header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
        let message = format!("{header}.{claims}");
        let signature = BASE64URL_NOPAD.encode(&self.signer().sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// The header of its tokens.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm().as_str(), "typ": "at+jwt", "kid": self.verifying.id().to_string()})
    }
}

fn ed25519() -> (EncodingKey, DecodingKey) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let private = EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref());
    (private, DecodingKey::from_ed_der(pair.public_key().as_ref()))
}

fn p256() -> (EncodingKey, DecodingKey) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    (private, DecodingKey::from_ec_der(pair.public_key().as_ref()))
}

fn rsa() -> (EncodingKey, DecodingKey) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    // PKCS#1, which stands in PKCS#8 behind a head of 26 bytes.
    let pkcs8 = pair.as_der().unwrap();
    (EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]), DecodingKey::from_rsa_raw_components(&n, &e))
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
        authentication: Some(Authentication { at: at(ISSUED), methods: Methods::only(Method::Password) }),
        email_verified: None,
        issued_at: at(ISSUED),
        expires_at: at(EXPIRES),
    }
}

/// [`claims`] as they stand in a token.
pub(crate) fn wire_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "client_id": "hexauth", "role": "admin", "epoch": 7,
        "auth_time": ISSUED, "amr": ["pwd"],
        "sub": "00000000-0000-0000-0000-000000000001", "sid": "00000000-0000-0000-0000-000000000002",
        "jti": "00000000-0000-0000-0000-000000000003", "iat": ISSUED, "nbf": ISSUED, "exp": EXPIRES,
    })
}
