use crate::derived_keys::derive;
use data_encoding::HEXLOWER;
use domain::ports::AccessTokens;
use domain::{AccessClaims, InvalidAccessToken, RootSecret, Secret, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

use crate::access_token_claims::WireClaims;
use crate::access_token_header::AccessTokenHeader;

const KEY_INFO: &[u8] = b"hexauth access token hs256 key v1";
const KID_INFO: &[u8] = b"hexauth access token hs256 kid v1";
const KID_BYTES: usize = 8;

/// Access tokens after RFC 9068, signed with HS256 under a key derived from the root secret.
pub struct Hs256AccessTokens {
    issuer: String,
    audience: String,
    header: Header,
    kid: String,
    signing_key: EncodingKey,
    verifying_key: DecodingKey,
    validation: Validation,
}

impl Hs256AccessTokens {
    /// Most bytes of a token that is read at all: well over what any token here has.
    pub const MAX_TOKEN_BYTES: usize = 4096;

    /// Derives the key. `issuer` and `audience` go into every token and are asked of every token.
    pub fn new(root: &RootSecret, issuer: String, audience: String) -> Self {
        let key = derive(root, KEY_INFO);
        let kid = HEXLOWER.encode(&derive(root, KID_INFO)[..KID_BYTES]);
        Self {
            issuer,
            audience,
            header: header(&kid),
            kid,
            signing_key: EncodingKey::from_secret(&*key),
            verifying_key: DecodingKey::from_secret(&*key),
            validation: signature_only(),
        }
    }
}

impl AccessTokens for Hs256AccessTokens {
    #[expect(clippy::expect_used, reason = "claims of text and numbers always encode, and HMAC takes any key")]
    fn sign(&self, claims: &AccessClaims) -> Secret {
        let claims = WireClaims::new(claims, &self.issuer, &self.audience);
        let token = jsonwebtoken::encode(&self.header, &claims, &self.signing_key).expect("the claims can be signed");
        Secret::new(token)
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, InvalidAccessToken> {
        if token.len() > Self::MAX_TOKEN_BYTES || !AccessTokenHeader::read(token)?.is_ours(&self.kid) {
            return Err(InvalidAccessToken);
        }
        let claims = jsonwebtoken::decode::<WireClaims>(token, &self.verifying_key, &self.validation)
            .map_err(|_| InvalidAccessToken)?
            .claims;
        if !claims.is_between(&self.issuer, &self.audience) {
            return Err(InvalidAccessToken);
        }
        claims.at(now)
    }
}

fn header(kid: &str) -> Header {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(AccessTokenHeader::TYPE.to_owned());
    header.kid = Some(kid.to_owned());
    header
}

/// The library checks the signature alone: its own checks of claims ask the system's clock and let an unreadable
/// issuer or audience pass. [`WireClaims`] does them instead.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use chrono::{DateTime, TimeDelta};
    use data_encoding::BASE64URL_NOPAD;
    use domain::{Epoch, Role, SessionId, TokenId, UserId};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::access_token_claims::LEEWAY;

    const ISSUED: i64 = 1_700_000_000;
    const EXPIRES: i64 = ISSUED + 900;

    fn root() -> RootSecret {
        RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap()
    }

    fn tokens() -> Hs256AccessTokens {
        Hs256AccessTokens::new(&root(), "hexauth".to_owned(), "hexauth-api".to_owned())
    }

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn claims() -> AccessClaims {
        AccessClaims {
            id: TokenId::new(Uuid::from_u128(3)),
            user_id: UserId::new(Uuid::from_u128(1)),
            session_id: SessionId::new(Uuid::from_u128(2)),
            role: Role::Admin,
            epoch: Epoch::new(7),
            issued_at: at(ISSUED),
            expires_at: at(EXPIRES),
        }
    }

    fn good_header() -> Value {
        json!({"alg": "HS256", "typ": "at+jwt", "kid": tokens().kid})
    }

    fn good_claims() -> Value {
        serde_json::to_value(WireClaims::new(&claims(), "hexauth", "hexauth-api")).unwrap()
    }

    fn with(mut object: Value, name: &str, value: Value) -> Value {
        object[name] = value;
        object
    }

    fn without(mut object: Value, name: &str) -> Value {
        object.as_object_mut().unwrap().remove(name).unwrap();
        object
    }

    /// A token with a right signature over any header and claims.
    fn forge(header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*derive(&root(), KEY_INFO));
        let signature = hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", encode(signature.as_ref()))
    }

    fn encode(bytes: &[u8]) -> String {
        BASE64URL_NOPAD.encode(bytes)
    }

    fn verify(token: &str) -> Result<AccessClaims, InvalidAccessToken> {
        tokens().verify(token, at(ISSUED + 60))
    }

    fn assert_header_refused(header: &str) {
        assert_eq!(verify(&forge(header, &good_claims().to_string())), Err(InvalidAccessToken), "{header}");
    }

    fn assert_claims_refused(claims: &str) {
        assert_eq!(verify(&forge(&good_header().to_string(), claims)), Err(InvalidAccessToken), "{claims}");
    }

    #[test]
    fn reads_back_what_it_signs() {
        let token = tokens().sign(&claims());
        assert_eq!(verify(token.expose()), Ok(claims()));
        let user = AccessClaims { role: Role::User, epoch: Epoch::new(u32::MAX), ..claims() };
        assert_eq!(verify(tokens().sign(&user).expose()), Ok(user));
    }

    #[test]
    fn writes_the_header_and_the_claims_of_rfc_9068() {
        let token = tokens().sign(&claims());
        let part = |index: usize| {
            let part = token.expose().split('.').nth(index).unwrap();
            serde_json::from_slice::<Value>(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
        };
        assert_eq!(part(0), good_header());
        let expected = json!({
            "iss": "hexauth", "aud": "hexauth-api", "role": "admin", "epoch": 7,
            "sub": "00000000-0000-0000-0000-000000000001", "sid": "00000000-0000-0000-0000-000000000002",
            "jti": "00000000-0000-0000-0000-000000000003", "iat": ISSUED, "nbf": ISSUED, "exp": EXPIRES,
        });
        assert_eq!(part(1), expected);
    }

    #[test]
    fn the_forger_of_these_tests_forges_well() {
        assert_eq!(verify(&forge(&good_header().to_string(), &good_claims().to_string())), Ok(claims()));
    }

    #[test]
    fn refuses_a_token_with_any_bit_flipped() {
        let token = tokens().sign(&claims());
        for index in 0..token.expose().len() {
            for bit in 0..7 {
                let mut bytes = token.expose().as_bytes().to_vec();
                bytes[index] ^= 1 << bit;
                let flipped = String::from_utf8(bytes).unwrap();
                assert_eq!(verify(&flipped), Err(InvalidAccessToken), "byte {index}, bit {bit}");
            }
        }
    }

    #[test]
    fn refuses_a_token_under_another_secret() {
        let other = RootSecret::parse(crate::generate_secret().expose()).unwrap();
        let other = Hs256AccessTokens::new(&other, "hexauth".to_owned(), "hexauth-api".to_owned());
        assert_eq!(verify(other.sign(&claims()).expose()), Err(InvalidAccessToken));
    }

    #[test]
    fn refuses_any_other_algorithm() {
        for alg in ["none", "None", "NONE", "", "hs256", "HS384", "HS512", "RS256", "ES256", "EdDSA"] {
            assert_header_refused(&with(good_header(), "alg", json!(alg)).to_string());
        }
    }

    #[test]
    fn refuses_a_token_without_signature() {
        let header = with(good_header(), "alg", json!("none")).to_string();
        for header in [header, good_header().to_string()] {
            let token = format!("{}.{}.", encode(header.as_bytes()), encode(good_claims().to_string().as_bytes()));
            assert_eq!(verify(&token), Err(InvalidAccessToken));
        }
    }

    #[test]
    fn takes_the_type_as_a_media_type() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            let header = with(good_header(), "typ", json!(typ)).to_string();
            assert_eq!(verify(&forge(&header, &good_claims().to_string())), Ok(claims()), "{typ}");
        }
        for typ in ["JWT", "jwt", "", "at+jwt ", "text/at+jwt", "rt+jwt"] {
            assert_header_refused(&with(good_header(), "typ", json!(typ)).to_string());
        }
    }

    #[test]
    fn refuses_any_other_header_field() {
        let names = [
            "crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "zip", "b64", "cty", "enc", "url", "nonce",
            "anything",
        ];
        for name in names {
            for value in [json!("x"), json!(["x"]), json!(null), json!(true), json!({"kty": "oct", "k": "AA"})] {
                assert_header_refused(&with(good_header(), name, value).to_string());
            }
        }
    }

    #[test]
    fn refuses_a_header_of_another_form() {
        for name in ["alg", "typ", "kid"] {
            assert_header_refused(&without(good_header(), name).to_string());
            assert_header_refused(&with(good_header(), name, json!(null)).to_string());
            assert_header_refused(&with(good_header(), name, json!(1)).to_string());
            let value = good_header()[name].clone();
            assert_header_refused(&good_header().to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1));
        }
        assert_header_refused(&with(good_header(), "kid", json!("0011223344556677")).to_string());
        assert_header_refused(&json!(["HS256", "at+jwt", tokens().kid]).to_string());
        for header in ["", "{}", "null", "not json", "\u{0}"] {
            assert_header_refused(header);
        }
    }

    #[test]
    fn refuses_times_that_are_not_whole_seconds() {
        let strange = [
            json!(EXPIRES.to_string()),
            json!(1_700_000_900.5),
            json!(1.7e9),
            json!(null),
            json!([EXPIRES]),
            json!(true),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
        ];
        for name in ["exp", "nbf", "iat"] {
            assert_claims_refused(&without(good_claims(), name).to_string());
            for value in &strange {
                assert_claims_refused(&with(good_claims(), name, value.clone()).to_string());
            }
        }
        assert_claims_refused(&with(good_claims(), "exp", json!(-1)).to_string());
        assert_claims_refused(&with(good_claims(), "exp", json!(0)).to_string());
    }

    #[test]
    fn refuses_claims_of_another_type_or_value() {
        for name in ["iss", "aud", "sub", "sid", "jti", "role"] {
            assert_claims_refused(&without(good_claims(), name).to_string());
            let value = good_claims()[name].clone();
            for strange in [json!(null), json!(1), json!(""), json!("other"), json!([value]), json!({})] {
                assert_claims_refused(&with(good_claims(), name, strange).to_string());
            }
        }
        assert_claims_refused(&with(good_claims(), "aud", json!(["hexauth-api", "other"])).to_string());
        assert_claims_refused(&with(good_claims(), "role", json!("Admin")).to_string());
        for epoch in [json!(-1), json!(1.5), json!("7"), json!(null), json!(u64::from(u32::MAX) + 1)] {
            assert_claims_refused(&with(good_claims(), "epoch", epoch).to_string());
        }
    }

    #[test]
    fn refuses_a_claim_that_is_there_twice() {
        for (name, value) in good_claims().as_object().unwrap() {
            let twice = good_claims().to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
            assert_claims_refused(&twice);
        }
    }

    #[test]
    fn refuses_claims_that_are_no_object() {
        let values: Vec<Value> = ["iss", "aud", "sub", "sid", "role", "epoch", "iat", "nbf", "exp", "jti"]
            .map(|name| good_claims()[name].clone())
            .to_vec();
        assert_claims_refused(&Value::from(values).to_string());
        for claims in ["", "null", "[]", "{}", "text", "\"text\""] {
            assert_claims_refused(claims);
        }
    }

    #[test]
    fn ends_at_its_expiry_give_or_take_the_leeway() {
        let token = tokens().sign(&claims());
        let microsecond = TimeDelta::microseconds(1);
        assert!(tokens().verify(token.expose(), at(EXPIRES) + LEEWAY - microsecond).is_ok());
        assert!(tokens().verify(token.expose(), at(EXPIRES) + LEEWAY).is_err());
        assert!(tokens().verify(token.expose(), at(EXPIRES) + LEEWAY + microsecond).is_err());
    }

    #[test]
    fn begins_when_it_says_give_or_take_the_leeway() {
        let token = tokens().sign(&claims());
        assert!(tokens().verify(token.expose(), at(ISSUED) - LEEWAY).is_ok());
        assert!(tokens().verify(token.expose(), at(ISSUED) - LEEWAY - TimeDelta::microseconds(1)).is_err());
        for name in ["nbf", "iat"] {
            assert_claims_refused(&with(good_claims(), name, json!(ISSUED + 66)).to_string());
        }
    }

    #[test]
    fn refuses_a_token_of_another_shape() {
        let token = tokens().sign(&claims());
        let token = token.expose();
        let spoiled = [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "...".to_owned(),
            "....".to_owned(),
            format!("{token}."),
            format!(".{token}"),
            format!("{token}.a.b"),
            format!("{token}="),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{token}\u{e9}"),
            token.replacen('.', "", 1),
            "a".repeat(Hs256AccessTokens::MAX_TOKEN_BYTES),
        ];
        for token in spoiled {
            assert_eq!(verify(&token), Err(InvalidAccessToken), "{token}");
        }
    }

    #[test]
    fn refuses_a_token_over_the_bound() {
        let padded = |length: usize| {
            let claims = with(good_claims(), "pad", json!("x".repeat(length))).to_string();
            forge(&good_header().to_string(), &claims)
        };
        let fits = (0..4096).rev().find(|length| padded(*length).len() <= 4096).unwrap();
        assert_eq!(verify(&padded(fits)), Ok(claims()));
        assert_eq!(verify(&padded(fits + 1)), Err(InvalidAccessToken));
    }
}
