//! Reads Hexauth's access tokens: JWTs per RFC 9068, signed with EdDSA, ES256, RS256 or HS256.
//!
//! This is the one implementation. Hexauth uses it for every request and for introspection, and any other service can
//! use it to check tokens by itself: it needs no database and no network, only the JWK set that Hexauth publishes at
//! `/.well-known/jwks.json`. How tokens and JWK sets are written is here too, so that both sides agree. Keys,
//! signatures and JWKs are those of `jsonwebtoken`; the rules in front of it are ours.
//!
//! ```
//! use access_token::{Role, Verifier};
//!
//! // What GET https://id.example/.well-known/jwks.json returned.
//! let jwks = r#"{"keys":[{
//!     "kty":"OKP","kid":"5f0c9a1e-7d3b-4c21-9a60-2f4e8b17d903","alg":"EdDSA","use":"sig",
//!     "crv":"Ed25519","x":"QDhBLDkBu0ErW3Gicz0HW6kt39ide22gim-jKFvd0YA"
//! }]}"#;
//! let verifier = Verifier::from_jwk_set(jwks, "https://id.example", "hexauth-api")?;
//!
//! // What the request brought: Authorization: Bearer eyJ…
//! let token = "\
//!     eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjVmMGM5YTFlLTdkM2ItNGMyMS05YTYwLTJmNGU4YjE3ZDkwMyJ9\
//!     .eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJoZXhhdXRoLWFwaSIsInN1YiI6IjAwMDAwMDAwLTAwMDAtMDAwMC0\
//!     wMDAwLTAwMDAwMDAwMDAwMSIsInNpZCI6IjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMiIsInJvbGUiOiJhZG1\
//!     pbiIsImVwb2NoIjo3LCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiIwMDA\
//!     wMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDMifQ.CSkSj9AoVmHK7yep6SNgwezAjjsLzxWYMG6vn7ZBbetsGQY9au3u\
//!     9cS4rb2MNp-umZ95bnZZsYt6qlDkIrS-Aw";
//!
//! // A service asks its clock: SystemTime::now().into(). This example is of 14 November 2023.
//! let now = "2023-11-14T22:15:00Z".parse()?;
//! let claims = verifier.verify(token, now)?;
//! assert_eq!(claims.role, Role::Admin);
//! println!("this is the user {}", claims.user_id);
//! # let late = "2023-11-14T22:28:20Z".parse()?;
//! # assert!(verifier.verify(token, late).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Keep one [`Verifier`] for all threads. On [`TokenError::UnknownKey`] get the JWK set again, though not more often
//! than every few seconds, give it to [`Verifier::set_jwk_set`] and verify once more. Get it from time to time in any
//! case, so that a key that Hexauth has given up is given up here.
//!
//! [`AccessClaims::authentication`] says when and how the user proved last who they are: `auth_time` and `amr`. A
//! service that needs two factors, or a recent proof, asks it, and sends the user to sign in or to step up (RFC 9470)
//! if it is not enough:
//!
//! ```
//! use access_token::{AccessClaims, TimeDelta, Timestamp};
//!
//! fn may_pay(claims: &AccessClaims, now: Timestamp) -> bool {
//!     claims.authentication.is_some_and(|proven| {
//!         proven.methods.has_second_factor() && proven.is_recent(TimeDelta::minutes(10), now)
//!     })
//! }
//! ```
//!
//! # What this cannot see
//!
//! A token that was revoked, by a logout or by a change of the user's role, stays valid here until it expires: 15
//! minutes after it was issued, unless Hexauth is configured otherwise. Where that is too long, ask Hexauth: by
//! introspection (RFC 7662), or with `GET /api/v1/auth/verify`.

mod claims;
mod header;
mod jwk_set;
mod part;
mod remembered;
mod signed_token;
mod uuid_text;
mod verifier;
mod verifying_key;

#[cfg(test)]
mod strictness;
#[cfg(test)]
mod testing;

pub use chrono::TimeDelta;
pub use domain::Timestamp;
pub use domain::access_tokens::{AccessClaims, TokenId};
pub use domain::clients::ClientId;
pub use domain::keys::{Algorithm, KeyId};
pub use domain::sessions::{Authentication, Method, Methods, SessionId};
pub use domain::users::{Epoch, Role, UserId};
pub use jsonwebtoken::DecodingKey;
pub use jsonwebtoken::crypto::JwtSigner;
pub use jwk_set::{InvalidJwkSet, MAX_JWK_SET_BYTES, read_jwk_set, write_jwk_set};
pub use signed_token::sign_token;
pub use verifier::{MAX_TOKEN_BYTES, TokenError, Verifier};
pub use verifying_key::{InvalidKey, VerifyingKey};
