use access_token::{Algorithm, VerifyingKey};
use data_encoding::BASE64URL_NOPAD;
use domain::Timestamp;
use jsonwebtoken::signature::Verifier;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// Most bytes that are looked at.
const MAX_BYTES: usize = 16 * 1024;
/// How much the clocks of two machines may differ, in seconds.
const SKEW: i64 = 60;

/// What is wrong with an ID token, for operators.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the ID token is not valid: {0}")]
pub(super) struct InvalidIdToken(pub(super) &'static str);

/// An ID token whose signature was not looked at yet (OpenID Connect Core, section 2).
pub(super) struct UnverifiedIdToken {
    /// What it claims to be signed by.
    pub(super) algorithm: Algorithm,
    /// The key's name.
    pub(super) key_name: Option<String>,
    message: String,
    signature: Vec<u8>,
    claims: Claims,
}

/// What is asked of one.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// The claims that we use. A name that comes twice is a fault.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Claims {
    iss: String,
    pub(super) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    #[serde(flatten)]
    pub(super) email: EmailClaims,
}

/// What is said of an address (OpenID Connect Core, section 5.1).
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct EmailClaims {
    email: Option<Value>,
    email_verified: Option<Value>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
enum Audience {
    One(String),
    Some(Vec<String>),
}

impl EmailClaims {
    /// The address, if there is one.
    pub(super) fn address(&self) -> Option<&str> {
        self.email.as_ref().and_then(Value::as_str)
    }

    /// Whether the provider says that it is proven: by `true`, and by nothing that reads like it.
    pub(super) fn is_verified(&self) -> bool {
        self.email_verified == Some(Value::Bool(true))
    }
}

impl UnverifiedIdToken {
    /// Takes a token apart.
    pub(super) fn read(token: &str) -> Result<Self, InvalidIdToken> {
        if token.len() > MAX_BYTES {
            return Err(InvalidIdToken("it is too long"));
        }
        let malformed = InvalidIdToken("it is malformed");
        let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| malformed);
        let (message, signature) = token.rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = message.split_once('.').ok_or(malformed)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed)?;
        if header.crit.is_some() {
            return Err(InvalidIdToken("its header has something critical"));
        }
        let algorithm = Algorithm::parse(&header.alg).ok().filter(|algorithm| *algorithm != Algorithm::Hs256);
        Ok(Self {
            algorithm: algorithm.ok_or(InvalidIdToken("its algorithm is none of RS256, ES256 and EdDSA"))?,
            key_name: header.kid,
            message: message.to_owned(),
            signature: decode(signature)?,
            claims: serde_json::from_slice(&decode(claims)?)
                .map_err(|_| InvalidIdToken("a claim is missing or wrong"))?,
        })
    }

    /// The claims, if the token is signed by this key and is what was expected (OpenID Connect Core, section 3.1.3.7).
    pub(super) fn verify(self, key: &VerifyingKey, expected: &Expected<'_>) -> Result<Claims, InvalidIdToken> {
        let is_signed = key.verify(self.message.as_bytes(), &self.signature).is_ok();
        if !is_signed || key.algorithm() != self.algorithm {
            return Err(InvalidIdToken("its signature is wrong"));
        }
        self.claims.check(expected)?;
        Ok(self.claims)
    }
}

impl Claims {
    fn check(&self, expected: &Expected<'_>) -> Result<(), InvalidIdToken> {
        let now = expected.now.timestamp();
        let is_for_us = match &self.aud {
            Audience::One(audience) => audience == expected.client_id,
            // Others that it is for could show it here.
            Audience::Some(audiences) => audiences.as_slice() == [expected.client_id],
        };
        let checks = [
            (self.iss == expected.issuer, "another has issued it"),
            (is_for_us, "it is for another client, or for others, too"),
            (self.azp.as_ref().is_none_or(|party| party == expected.client_id), "it was issued to another client"),
            (self.nonce.as_deref() == Some(expected.nonce), "it is of another flow"),
            (now < self.exp.saturating_add(SKEW), "it has expired"),
            (self.iat <= now.saturating_add(SKEW), "it is of the future"),
            (self.nbf.is_none_or(|begin| begin <= now.saturating_add(SKEW)), "it is not valid yet"),
            (!self.sub.is_empty(), "it names nobody"),
        ];
        match checks.into_iter().find(|(holds, _)| !holds) {
            Some((_, fault)) => Err(InvalidIdToken(fault)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_764_000_000;

    /// What is wrong with claims that are right but for these, if anything is.
    fn fault(changes: &[(&str, i64)]) -> Option<&'static str> {
        let mut claims = json!({"iss": "i", "sub": "s", "aud": "a", "exp": NOW + 300, "iat": NOW, "nonce": "n"});
        for (name, value) in changes {
            claims[*name] = json!(value);
        }
        let claims: Claims = serde_json::from_value(claims).unwrap();
        let now = Timestamp::from_timestamp(NOW, 999_999_999).unwrap();
        claims.check(&Expected { issuer: "i", client_id: "a", nonce: "n", now }).err().map(|fault| fault.0)
    }

    #[test]
    fn clocks_may_differ_by_sixty_seconds_and_no_more() {
        let (early, late) = (NOW + SKEW, NOW - SKEW);
        assert_eq!((SKEW, fault(&[])), (60, None));
        assert_eq!(fault(&[("exp", late + 1), ("iat", late - 300)]), None);
        assert_eq!(fault(&[("iat", early), ("nbf", early)]), None);
        for (name, time, expected) in [
            ("exp", late, "it has expired"),
            ("exp", i64::MIN, "it has expired"),
            ("iat", early + 1, "it is of the future"),
            ("iat", i64::MAX, "it is of the future"),
            ("nbf", early + 1, "it is not valid yet"),
        ] {
            assert_eq!(fault(&[(name, time)]), Some(expected), "{name} {time}");
        }
    }
}
