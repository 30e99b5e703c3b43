//! A program that has both backends of `jsonwebtoken`, or another one, must not meet its panics here: nothing is called
//! that asks for the provider of the process. It is a test of its own, since a provider is installed once for a
//! process.

#![expect(clippy::panic, reason = "that is what is looked for")]

use access_token::{
    AccessClaims, ClientId, DecodingKey, Epoch, KeyId, Role, SessionId, Timestamp, TokenId, UserId, Verifier,
    VerifyingKey, sign_token, write_jwk_set,
};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use jsonwebtoken::{Algorithm, EncodingKey};
use uuid::Uuid;

static PANICS: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| panic!("a signer was asked for"),
    verifier_factory: |_, _| panic!("a verifier was asked for"),
    key_utils: KeyUtils::new_unimplemented(),
};

#[test]
fn tokens_and_keys_are_written_and_read() {
    PANICS.install_default().unwrap();
    let now: Timestamp = "2023-11-14T22:15:00Z".parse().unwrap();
    let claims = AccessClaims {
        id: TokenId::new(Uuid::from_u128(3)),
        client_id: Some(ClientId::default()),
        user_id: UserId::new(Uuid::from_u128(1)),
        session_id: SessionId::new(Uuid::from_u128(2)),
        role: Role::User,
        epoch: Epoch::default(),
        authentication: None,
        email_verified: None,
        issued_at: now,
        expires_at: "2023-11-14T22:30:00Z".parse().unwrap(),
    };
    let pair = Ed25519KeyPair::generate().unwrap();
    let id = KeyId::new(Uuid::from_u128(4));
    let key = VerifyingKey::new(id, &DecodingKey::from_ed_der(pair.public_key().as_ref())).unwrap();
    let private = EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref());
    let signer = (DEFAULT_PROVIDER.signer_factory)(&Algorithm::EdDSA, &private).unwrap();
    let token = sign_token(&claims, "us", "ours", id, signer.as_ref()).unwrap();
    let verifier = Verifier::from_jwk_set(&write_jwk_set([&key]), "us", "ours").unwrap();
    assert_eq!(verifier.verify(token.expose(), now), Ok(claims));
}
