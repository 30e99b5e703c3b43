use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::BASE64URL_NOPAD;
use domain::Timestamp;
use domain::access_tokens::{AccessClaims, InvalidAccessToken};
use domain::keys::KeyId;
use jsonwebtoken::signature::Verifier as _;
use thiserror::Error;

use crate::claims::WireClaims;
use crate::header::Header;
use crate::jwk_set::read_jwk_set;
use crate::remembered::{RememberedTokens, TokenDigest, Verified};
use crate::{InvalidJwkSet, VerifyingKey};

/// Most bytes of a token that is read at all: well over the size of any token of ours.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// Reads access tokens of one issuer for one audience. Many threads can share it, also while its keys change.
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: RwLock<Arc<Keys>>,
}

/// The keys of a moment, and the tokens that were verified with them.
struct Keys {
    all: Vec<VerifyingKey>,
    remembered: Arc<RememberedTokens>,
}

/// Why a token was not read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// The token is malformed, forged, expired or not for us. Do not tell the sender which.
    #[error("the access token is not valid")]
    Invalid,
    /// The token may be valid, but the key that its header names is not among the keys: get the JWK set again and try
    /// once more. Anybody can make such a token, so put a bound on how often that is done.
    #[error("the access token is signed with a key that is not known")]
    UnknownKey,
}

impl From<InvalidAccessToken> for TokenError {
    fn from(_: InvalidAccessToken) -> Self {
        Self::Invalid
    }
}

impl Verifier {
    /// A verifier without keys. Every token must have this `issuer` and `audience`.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let keys = Keys { all: Vec::new(), remembered: Arc::new(RememberedTokens::new()) };
        Self { issuer: issuer.into(), audience: audience.into(), keys: RwLock::new(Arc::new(keys)) }
    }

    /// A verifier with the keys of a JWK set.
    ///
    /// # Errors
    /// Those of [`read_jwk_set`](crate::read_jwk_set).
    pub fn from_jwk_set(
        json: &str,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, InvalidJwkSet> {
        let verifier = Self::new(issuer, audience);
        verifier.set_jwk_set(json)?;
        Ok(verifier)
    }

    /// Replaces all keys with those of a JWK set.
    ///
    /// # Errors
    /// Those of [`read_jwk_set`](crate::read_jwk_set); the keys stay as they were.
    pub fn set_jwk_set(&self, json: &str) -> Result<(), InvalidJwkSet> {
        self.set_keys(read_jwk_set(json)?);
        Ok(())
    }

    /// Replaces all keys. If one of the old keys is gone, every remembered token is forgotten.
    pub fn set_keys(&self, keys: Vec<VerifyingKey>) {
        let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(current.followed_by(keys));
    }

    /// Reads a token at the time `now`: its type, issuer, audience, signature and times are right, and it has every
    /// claim (RFC 9068, section 4; RFC 8725, section 3). It cannot see whether the token was revoked.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] also for a token over [`MAX_TOKEN_BYTES`]. [`TokenError::UnknownKey`] only when
    /// everything that can be checked without the key is right: garbage causes no search for keys.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid);
        }
        let digest = TokenDigest::of(token);
        if let Some(verified) = self.recall(&digest, now) {
            return verified;
        }
        let keys = self.keys();
        let verified = self.check(token, &keys, now)?;
        keys.remembered.insert(digest, verified.clone());
        Ok(verified.claims)
    }

    /// What a token that was verified before is worth at `now`.
    fn recall(&self, token: &TokenDigest, now: Timestamp) -> Option<Result<AccessClaims, TokenError>> {
        // Borrowed, not cloned: nearly every request comes through here.
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let verified = keys.remembered.find(token)?;
        let counts = verified.holds_at(now) && keys.accept(verified.key_id, now);
        Some(if counts { Ok(verified.claims) } else { Err(TokenError::Invalid) })
    }

    /// Checks everything, the signature last: it costs the most.
    fn check(&self, token: &str, keys: &Keys, now: Timestamp) -> Result<Verified, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::Invalid)?;
        let Header { algorithm, key_id } = Header::read(header)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| TokenError::Invalid)?;
        let verified = self.read_claims(claims, key_id)?;
        if !verified.holds_at(now) {
            return Err(TokenError::Invalid);
        }
        let key = keys.find(key_id).ok_or(TokenError::UnknownKey)?;
        // The key fixes the algorithm, never the header (RFC 8725, section 3.1).
        let fits = algorithm == key.algorithm() && key.is_accepted(now);
        if fits && key.verify(message.as_bytes(), &signature).is_ok() { Ok(verified) } else { Err(TokenError::Invalid) }
    }

    fn read_claims(&self, part: &str, key_id: KeyId) -> Result<Verified, InvalidAccessToken> {
        let claims = WireClaims::read(part)?;
        if !claims.is_between(&self.issuer, &self.audience) {
            return Err(InvalidAccessToken);
        }
        Ok(Verified { begins_at: claims.begins_at()?, claims: claims.into_access_claims()?, key_id })
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Keys {
    fn find(&self, id: KeyId) -> Option<&VerifyingKey> {
        self.all.iter().find(|key| key.id() == id)
    }

    fn accept(&self, id: KeyId, now: Timestamp) -> bool {
        self.find(id).is_some_and(|key| key.is_accepted(now))
    }

    /// The keys that come after these. A thread that still uses these remembers its token where nobody looks again.
    fn followed_by(&self, all: Vec<VerifyingKey>) -> Self {
        let stays = |old: &VerifyingKey| all.iter().any(|key| key.is_same_as(old));
        let all_stay = self.all.iter().all(stays);
        let remembered = if all_stay { Arc::clone(&self.remembered) } else { Arc::new(RememberedTokens::new()) };
        Self { all, remembered }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("keys", &self.keys().all)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use chrono::TimeDelta;
    use domain::keys::Algorithm;
    use domain::users::{Epoch, Role};

    use super::*;
    use crate::testing::{AUDIENCE, EXPIRES, ISSUED, ISSUER, TestKey, at, claims};
    use crate::write_jwk_set;

    const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

    fn verifier(keys: &[&VerifyingKey]) -> Verifier {
        let verifier = Verifier::new(ISSUER, AUDIENCE);
        set(&verifier, keys);
        verifier
    }

    fn set(verifier: &Verifier, keys: &[&VerifyingKey]) {
        verifier.set_keys(keys.iter().map(|key| (*key).clone()).collect());
    }

    fn remembered(verifier: &Verifier) -> usize {
        verifier.keys().remembered.len()
    }

    #[test]
    fn reads_a_token_of_each_algorithm_again_and_again() {
        for key in TestKey::of_each_algorithm() {
            let verifier = verifier(&[&key.verifying]);
            let user = AccessClaims { role: Role::User, epoch: Epoch::new(u32::MAX), ..claims() };
            for claims in [claims(), user.clone(), user, claims()] {
                assert_eq!(verifier.verify(&key.token(&claims), at(ISSUED)), Ok(claims), "{}", key.algorithm());
            }
        }
    }

    #[test]
    fn reads_tokens_from_the_published_keys_alone() {
        let keys = TestKey::of_each_algorithm();
        let json = write_jwk_set(keys.iter().map(|key| &key.verifying));
        let verifier = Verifier::from_jwk_set(&json, ISSUER, AUDIENCE).unwrap();
        for key in keys {
            let expected = if key.algorithm() == Algorithm::Hs256 { Err(TokenError::UnknownKey) } else { Ok(claims()) };
            assert_eq!(verifier.verify(&key.token(&claims()), at(ISSUED)), expected, "{}", key.algorithm());
        }
        assert_eq!(verifier.set_jwk_set("{}"), Err(InvalidJwkSet));
        assert_eq!(verifier.verify(&TestKey::of(Algorithm::EdDsa).token(&claims()), at(ISSUED)), Ok(claims()));
        assert_eq!(Verifier::from_jwk_set("", ISSUER, AUDIENCE).unwrap_err(), InvalidJwkSet);
    }

    #[test]
    fn ends_at_its_expiry() {
        for key in TestKey::of_each_algorithm() {
            let (verifier, token) = (verifier(&[&key.verifying]), key.token(&claims()));
            assert_eq!(verifier.verify(&token, at(EXPIRES)), Err(TokenError::Invalid));
            // Remembered from here on.
            assert_eq!(verifier.verify(&token, at(EXPIRES) - MICROSECOND), Ok(claims()));
            assert_eq!(verifier.verify(&token, at(EXPIRES)), Err(TokenError::Invalid));
            assert_eq!(verifier.verify(&token, at(EXPIRES) + TimeDelta::days(1)), Err(TokenError::Invalid));
            assert_eq!(verifier.verify(&token, at(EXPIRES) - MICROSECOND), Ok(claims()));
        }
    }

    #[test]
    fn begins_five_seconds_before_it_says() {
        let begins = at(ISSUED) - TimeDelta::seconds(5);
        for key in TestKey::of_each_algorithm() {
            let (verifier, token) = (verifier(&[&key.verifying]), key.token(&claims()));
            assert_eq!(verifier.verify(&token, begins - MICROSECOND), Err(TokenError::Invalid));
            assert_eq!(verifier.verify(&token, begins), Ok(claims()));
            assert_eq!(verifier.verify(&token, begins - MICROSECOND), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn both_nbf_and_iat_hold_a_token_back() {
        for key in TestKey::of_each_algorithm() {
            for name in ["nbf", "iat"] {
                let mut wire = crate::testing::wire_claims();
                wire[name] = (ISSUED + 60).into();
                let (verifier, token) =
                    (verifier(&[&key.verifying]), key.forge(&key.header().to_string(), &wire.to_string()));
                for _ in 0..2 {
                    assert_eq!(verifier.verify(&token, at(ISSUED + 54)), Err(TokenError::Invalid), "{name}");
                    assert!(verifier.verify(&token, at(ISSUED + 55)).is_ok(), "{name}");
                }
            }
        }
    }

    #[test]
    fn is_for_one_issuer_and_one_audience() {
        for key in TestKey::of_each_algorithm() {
            for (issuer, audience) in [("https://id.example/", AUDIENCE), (ISSUER, "Hexauth-api"), (AUDIENCE, ISSUER)] {
                let verifier = Verifier::new(issuer, audience);
                set(&verifier, &[&key.verifying]);
                assert_eq!(verifier.verify(&key.token(&claims()), at(ISSUED)), Err(TokenError::Invalid));
            }
        }
    }

    #[test]
    fn remembers_what_it_verified_and_nothing_else() {
        for key in TestKey::of_each_algorithm() {
            let (verifier, token) = (verifier(&[&key.verifying]), key.token(&claims()));
            let spoiled = format!("{}AAAA", &token[..token.len() - 4]);
            for (token, time) in [(&spoiled, ISSUED), (&token, EXPIRES), (&token, ISSUED - 6)] {
                assert!(verifier.verify(token, at(time)).is_err());
            }
            assert_eq!(remembered(&verifier), 0);
            for _ in 0..3 {
                verifier.verify(&token, at(ISSUED)).unwrap();
            }
            assert_eq!(remembered(&verifier), 1);
        }
    }

    #[test]
    fn a_retired_key_counts_for_its_time() {
        for key in TestKey::of_each_algorithm() {
            let (verifier, token) = (verifier(&[&key.verifying]), key.token(&claims()));
            assert_eq!(verifier.verify(&token, at(ISSUED)), Ok(claims()));
            let mut retired = key.verifying.clone();
            retired.accepted_until = Some(at(ISSUED + 10));
            set(&verifier, &[&retired]);
            assert_eq!(remembered(&verifier), 1, "the key is the same");
            let new = key.token(&AccessClaims { epoch: Epoch::new(9), ..claims() });
            assert_eq!(verifier.verify(&new, at(ISSUED + 10)), Err(TokenError::Invalid));
            for token in [&token, &new] {
                assert!(verifier.verify(token, at(ISSUED + 10) - MICROSECOND).is_ok());
                assert_eq!(verifier.verify(token, at(ISSUED + 10)), Err(TokenError::Invalid));
            }
        }
    }

    #[test]
    fn forgets_every_token_when_a_key_goes() {
        let [first, second] = [Algorithm::EdDsa, Algorithm::Es256].map(TestKey::of);
        let verifier = verifier(&[&first.verifying]);
        verifier.verify(&first.token(&claims()), at(ISSUED)).unwrap();
        set(&verifier, &[&second.verifying, &first.verifying]);
        assert_eq!(remembered(&verifier), 1, "another key came");
        set(&verifier, &[&second.verifying]);
        assert_eq!(remembered(&verifier), 0);
        assert_eq!(verifier.verify(&first.token(&claims()), at(ISSUED)), Err(TokenError::UnknownKey));
        set(&verifier, &[&second.verifying, &first.verifying]);
        assert_eq!(verifier.verify(&first.token(&claims()), at(ISSUED)), Ok(claims()));
    }

    #[test]
    fn forgets_the_tokens_of_a_key_that_another_took_the_name_of() {
        let old = TestKey::new(Algorithm::EdDsa, 1);
        let new = TestKey::new(Algorithm::EdDsa, 1);
        let verifier = verifier(&[&old.verifying]);
        verifier.verify(&old.token(&claims()), at(ISSUED)).unwrap();
        set(&verifier, &[&new.verifying]);
        assert_eq!(verifier.verify(&old.token(&claims()), at(ISSUED)), Err(TokenError::Invalid));
        assert_eq!(verifier.verify(&new.token(&claims()), at(ISSUED)), Ok(claims()));
    }

    #[test]
    fn refuses_no_valid_token_while_the_keys_change() {
        let [first, second] = [Algorithm::EdDsa, Algorithm::Hs256].map(TestKey::of);
        let verifier = verifier(&[&first.verifying]);
        thread::scope(|scope| {
            for number in 0..4 {
                let verifier = &verifier;
                scope.spawn(move || {
                    for epoch in 0..200 {
                        let claims = AccessClaims { epoch: Epoch::new(1000 * number + epoch / 2), ..claims() };
                        assert_eq!(verifier.verify(&first.token(&claims), at(ISSUED)), Ok(claims));
                    }
                });
            }
            for _ in 0..100 {
                set(&verifier, &[&second.verifying, &first.verifying]);
                set(&verifier, &[&first.verifying]);
            }
        });
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = TestKey::of(Algorithm::Hs256);
        let shown = format!("{:?}", verifier(&[&key.verifying]));
        assert!(shown.contains(ISSUER) && !shown.contains("7, 7, 7") && !shown.contains("0707"), "{shown}");
    }
}
