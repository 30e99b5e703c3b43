//! What must be refused, for every algorithm: what anyone can make, and what only the holder of the key can.

use data_encoding::BASE64URL_NOPAD;
use domain::clients::ClientId;
use domain::keys::{Algorithm, KeyId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::testing::{AUDIENCE, ISSUED, ISSUER, TestKey, at, claims, wire_claims};
use crate::{AccessClaims, MAX_TOKEN_BYTES, TokenError, Verifier, write_jwk_set};

// The tests over HTTP send the same tokens.
#[expect(unreachable_pub, reason = "it is a public module where it lives")]
#[path = "../../../tests/src/token_corpus.rs"]
mod token_corpus;

fn verifier(key: &TestKey) -> Verifier {
    let verifier = Verifier::new(ISSUER, AUDIENCE);
    verifier.set_keys(vec![key.verifying.clone()]);
    verifier
}

fn verify(key: &TestKey, token: &str) -> Result<AccessClaims, TokenError> {
    verifier(key).verify(token, at(ISSUED + 60))
}

/// Header and claims in JSON, as they stand in a token.
fn parts(token: &str) -> [String; 2] {
    let mut parts = token.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap());
    [(); 2].map(|()| String::from_utf8(parts.next().unwrap()).unwrap())
}

fn with(mut object: Value, name: &str, value: Value) -> String {
    object[name] = value;
    object.to_string()
}

#[test]
fn refuses_whatever_can_be_made_without_the_key() {
    for key in TestKey::of_each_algorithm() {
        let token = key.token(&claims());
        assert_eq!(verify(key, &token), Ok(claims()));
        let verifier = verifier(key);
        // With the valid token remembered and not.
        for _ in 0..2 {
            for (name, forgery) in token_corpus::forgeries(&token, &write_jwk_set([&key.verifying])) {
                let result = verifier.verify(&forgery, at(ISSUED + 60));
                assert!(result.is_err(), "{}: {name}", key.algorithm());
            }
            assert_eq!(verifier.verify(&token, at(ISSUED + 60)), Ok(claims()));
        }
    }
}

#[test]
fn looks_for_no_key_because_of_garbage() {
    for key in TestKey::of_each_algorithm() {
        let forgeries = token_corpus::forgeries(&key.token(&claims()), &write_jwk_set([&key.verifying]));
        let searches = forgeries.into_iter().filter(|(_, token)| verify(key, token) == Err(TokenError::UnknownKey));
        for (name, token) in searches {
            let header: Value = serde_json::from_str(&parts(&token)[0]).unwrap();
            let is_proper = Algorithm::parse(header["alg"].as_str().unwrap()).is_ok()
                && Uuid::try_parse(header["kid"].as_str().unwrap()).is_ok()
                && header.as_object().unwrap().len() == 3;
            assert!(is_proper && header["kid"] != key.header()["kid"], "{name}");
        }
    }
}

#[test]
fn refuses_spoiled_parts_even_with_a_right_signature() {
    for key in TestKey::of_each_algorithm() {
        let [header, claims] = parts(&key.token(&claims()));
        let headers = token_corpus::spoiled_headers(&header).into_iter();
        let all_claims = token_corpus::spoiled_claims(&claims).into_iter();
        let signed = headers.map(|(name, spoiled)| (name, key.forge(&spoiled, &claims)));
        for (name, token) in signed.chain(all_claims.map(|(name, spoiled)| (name, key.forge(&header, &spoiled)))) {
            assert_eq!(verify(key, &token), Err(TokenError::Invalid), "{}: {name}", key.algorithm());
        }
    }
}

#[test]
fn the_forger_of_these_tests_forges_well() {
    for key in TestKey::of_each_algorithm() {
        let token = key.forge(&key.header().to_string(), &wire_claims().to_string());
        assert_eq!(verify(key, &token), Ok(claims()), "{}", key.algorithm());
        // A claim that nobody knows is ignored (RFC 7519, section 4).
        let token = key.forge(&key.header().to_string(), &with(wire_claims(), "scope", json!("all")));
        assert_eq!(verify(key, &token), Ok(claims()), "{}", key.algorithm());
    }
}

/// Nodes of the previous version write no `client_id`, and read one as a claim that they do not know.
#[test]
fn the_client_may_be_missing_and_may_be_anyone() {
    let mut wire = wire_claims();
    wire.as_object_mut().unwrap().remove("client_id").unwrap();
    let other = with(wire_claims(), "client_id", json!("s6BhdRkqt3"));
    for key in TestKey::of_each_algorithm() {
        let read = |claims: &str| verify(key, &key.forge(&key.header().to_string(), claims));
        assert_eq!(read(&wire.to_string()), Ok(AccessClaims { client_id: None, ..claims() }));
        assert_eq!(read(&other), Ok(AccessClaims { client_id: ClientId::parse("s6BhdRkqt3").ok(), ..claims() }));
    }
}

/// Nodes of an older version write neither. Methods that nobody knows are of a newer one.
#[test]
fn how_the_user_signed_in_may_be_missing_and_unknown_in_part() {
    let mut wire = wire_claims();
    for name in ["auth_time", "amr"] {
        wire.as_object_mut().unwrap().remove(name).unwrap();
    }
    let newer = with(wire_claims(), "amr", json!(["face", "pwd"]));
    for key in TestKey::of_each_algorithm() {
        let read = |claims: &str| verify(key, &key.forge(&key.header().to_string(), claims));
        assert_eq!(read(&wire.to_string()), Ok(AccessClaims { authentication: None, ..claims() }));
        assert_eq!(read(&newer), Ok(claims()));
        for spoiled in [json!([]), json!("pwd"), json!(["face"]), json!(null), json!([1])] {
            assert_eq!(read(&with(wire_claims(), "amr", spoiled)), Err(TokenError::Invalid));
        }
    }
}

/// It is there only where an operator asks for it, and then it is true or false.
#[test]
fn whether_the_email_is_verified_may_be_said() {
    for key in TestKey::of_each_algorithm() {
        let read = |value: Value| {
            verify(key, &key.forge(&key.header().to_string(), &with(wire_claims(), "email_verified", value)))
        };
        for said in [true, false] {
            let expected = AccessClaims { email_verified: Some(said), ..claims() };
            assert_eq!(read(json!(said)), Ok(expected.clone()));
            assert_eq!(verify(key, &key.token(&expected)), Ok(expected));
        }
        for strange in [json!(null), json!("true"), json!(1), json!([true]), json!({})] {
            assert_eq!(read(strange.clone()), Err(TokenError::Invalid), "{strange}");
        }
    }
}

#[test]
fn refuses_a_token_of_another_key_under_the_same_name() {
    for key in TestKey::of_each_algorithm() {
        let id = key.verifying.id().as_uuid().as_u128();
        // The symmetric keys of these tests are all the same.
        let others = Algorithm::ALL.into_iter().filter(|algorithm| *algorithm != Algorithm::Hs256);
        for other in others.map(|algorithm| TestKey::new(algorithm, id)) {
            for header in [key.header(), other.header()] {
                let token = other.forge(&header.to_string(), &wire_claims().to_string());
                assert_eq!(verify(key, &token), Err(TokenError::Invalid), "{header}");
            }
        }
    }
}

#[test]
fn the_key_fixes_the_algorithm() {
    let keys = TestKey::of_each_algorithm();
    let verifier = Verifier::new(ISSUER, AUDIENCE);
    verifier.set_keys(keys.iter().map(|key| key.verifying.clone()).collect());
    for named in keys {
        for signer in keys.iter().filter(|signer| signer.algorithm() != named.algorithm()) {
            let header = with(named.header(), "alg", json!(signer.algorithm().as_str()));
            let token = signer.forge(&header, &wire_claims().to_string());
            assert_eq!(verifier.verify(&token, at(ISSUED)), Err(TokenError::Invalid), "{header}");
        }
    }
}

#[test]
fn takes_the_type_as_a_media_type() {
    for key in TestKey::of_each_algorithm() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            let token = key.forge(&with(key.header(), "typ", json!(typ)), &wire_claims().to_string());
            assert_eq!(verify(key, &token), Ok(claims()), "{typ}");
        }
    }
}

#[test]
fn refuses_what_is_not_ascii() {
    for key in TestKey::of_each_algorithm() {
        let token = key.token(&claims());
        for spoiled in [format!("{token}\u{e9}"), format!("{token}\n"), format!(" {token}"), format!("\0{token}")] {
            assert_eq!(verify(key, &spoiled), Err(TokenError::Invalid));
        }
    }
}

#[test]
fn refuses_a_token_over_the_bound() {
    for key in TestKey::of_each_algorithm() {
        let padded = |length: usize| {
            let claims = with(wire_claims(), "pad", json!("x".repeat(length)));
            key.forge(&key.header().to_string(), &claims)
        };
        let length = |pad: usize| padded(pad).len();
        let fits = (2000..MAX_TOKEN_BYTES).rev().find(|pad| length(*pad) <= MAX_TOKEN_BYTES).unwrap();
        assert_eq!(verify(key, &padded(fits)), Ok(claims()));
        assert_eq!(verify(key, &padded(fits + 1)), Err(TokenError::Invalid));
    }
}

#[test]
fn a_key_that_is_not_known_is_told_from_a_token_that_is_not_valid() {
    for key in TestKey::of_each_algorithm() {
        let stranger = json!(KeyId::new(Uuid::from_u128(99)).to_string());
        let header = with(key.header(), "kid", stranger);
        let forge = |claims: String| key.forge(&header, &claims);
        assert_eq!(verify(key, &forge(wire_claims().to_string())), Err(TokenError::UnknownKey));
        // A key is not needed when the token would be refused in any case.
        for (name, value) in [("exp", json!(ISSUED + 60)), ("nbf", json!(ISSUED + 66)), ("iss", json!("other"))] {
            assert_eq!(verify(key, &forge(with(wire_claims(), name, value))), Err(TokenError::Invalid), "{name}");
        }
    }
}
