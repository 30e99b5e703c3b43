use std::collections::{BTreeMap, HashSet};

use domain::keys::KeyId;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{CommonParameters, Jwk, KeyOperations, PublicKeyUse};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;

use crate::VerifyingKey;
use crate::uuid_text::read_uuid;

/// Most bytes of a JWK set that is read: enough for some hundred keys, while a handful is in use.
pub const MAX_JWK_SET_BYTES: usize = 65_536;

/// What is published of a key, in this order (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2).
const PUBLIC_MEMBERS: [&str; 9] = ["kty", "kid", "alg", "use", "crv", "x", "y", "n", "e"];

/// The members that hold what must not be published (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; RFC 8037, section 2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The text is not a JWK set, is too long or gives two keys the same name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("this is not a JWK set")]
pub struct InvalidJwkSet;

#[derive(Deserialize, Serialize)]
struct JwkSet<T> {
    keys: Vec<T>,
}

struct Published(Value);

impl Serialize for Published {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(PUBLIC_MEMBERS.iter().filter_map(|name| Some((name, self.0.get(name)?))))
    }
}

/// An entry. It is not read as `serde_json::Value`: that would take an object with a member
/// `$serde_json::private::RawValue` for the JSON in the member's text, if any crate of the program turns that on. `Jwk`
/// does so with kinds of keys that it does not know, which are skipped.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    /// A key, and the names of all its members: `Jwk` passes over those that it does not know.
    Key {
        #[serde(flatten)]
        jwk: Box<Jwk>,
        #[serde(flatten)]
        members: BTreeMap<String, IgnoredAny>,
    },
    Other(IgnoredAny),
}

impl Entry {
    /// The key of an entry. One that holds anything private is refused: its owner has published the secret.
    fn verifying_key(&self) -> Option<VerifyingKey> {
        let Self::Key { jwk, members } = self else { return None };
        if PRIVATE_MEMBERS.into_iter().any(|name| members.contains_key(name)) || !is_for_signatures(&jwk.common) {
            return None;
        }
        let id = KeyId::new(read_uuid(jwk.common.key_id.as_deref()?).ok()?);
        let key = VerifyingKey::new(id, &DecodingKey::from_jwk(jwk).ok()?).ok()?;
        // `from_jwk` looks neither at `alg` and `crv` nor at the length of a coordinate. What is written has them
        // right.
        let written = key.jwk()?;
        let is_same = (&written.algorithm, written.common.key_algorithm) == (&jwk.algorithm, jwk.common.key_algorithm);
        is_same.then_some(key)
    }
}

fn is_for_signatures(common: &CommonParameters) -> bool {
    common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// Writes the public halves of `keys`, in this order, as a JWK set (RFC 7517, section 5). Symmetric keys have none and
/// are left out.
#[expect(clippy::expect_used, reason = "structs of text always encode")]
pub fn write_jwk_set<'a>(keys: impl IntoIterator<Item = &'a VerifyingKey>) -> String {
    let publish = |jwk: Jwk| Published(serde_json::to_value(jwk).expect("it can be written as JSON"));
    let keys: Vec<_> = keys.into_iter().filter_map(VerifyingKey::jwk).map(publish).collect();
    serde_json::to_string(&JwkSet { keys }).expect("it can be written as JSON")
}

/// Reads the keys of a JWK set that access tokens can be verified with. Entries of another kind or algorithm, for
/// another use, symmetric, private or malformed are skipped (RFC 7517, section 5).
///
/// # Errors
/// [`InvalidJwkSet`] for a text that is not a JWK set, is over [`MAX_JWK_SET_BYTES`] or has two such keys with the same
/// `kid`.
pub fn read_jwk_set(json: &str) -> Result<Vec<VerifyingKey>, InvalidJwkSet> {
    if json.len() > MAX_JWK_SET_BYTES || !json.trim_start().starts_with('{') {
        return Err(InvalidJwkSet);
    }
    let set: JwkSet<Entry> = serde_json::from_str(json).map_err(|_| InvalidJwkSet)?;
    let keys: Vec<_> = set.keys.iter().filter_map(Entry::verifying_key).collect();
    let ids: HashSet<_> = keys.iter().map(VerifyingKey::id).collect();
    if ids.len() == keys.len() { Ok(keys) } else { Err(InvalidJwkSet) }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use domain::keys::Algorithm;
    use serde_json::json;

    use super::*;
    use crate::testing::TestKey;

    const KID: &str = "0189a3b4-c5d6-4e7f-8a9b-0c1d2e3f4a5b";

    /// The key of RFC 8037, appendix A.2.
    fn good() -> Value {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": KID, "alg": "EdDSA", "use": "sig"})
    }

    fn published(algorithm: Algorithm) -> Value {
        let set: Value = serde_json::from_str(&write_jwk_set([&TestKey::of(algorithm).verifying])).unwrap();
        set["keys"][0].clone()
    }

    fn with(mut object: Value, name: &str, value: Value) -> Value {
        object[name] = value;
        object
    }

    fn without(mut object: Value, name: &str) -> Value {
        object.as_object_mut().unwrap().remove(name).unwrap();
        object
    }

    fn read(entries: &[Value]) -> Vec<VerifyingKey> {
        read_jwk_set(&json!({ "keys": entries }).to_string()).unwrap()
    }

    #[track_caller]
    fn assert_skipped(entry: Value) {
        assert!(read(std::slice::from_ref(&entry)).is_empty(), "{entry}");
    }

    #[test]
    fn writes_public_halves_and_no_symmetric_key() {
        let keys = TestKey::of_each_algorithm();
        let set: Value = serde_json::from_str(&write_jwk_set(keys.iter().map(|key| &key.verifying))).unwrap();
        let written = set["keys"].as_array().unwrap();
        let members = |jwk: &Value| {
            let mut names: Vec<_> = jwk.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names.join(" ")
        };
        assert_eq!(members(&written[0]), "alg crv kid kty use x");
        assert_eq!(members(&written[1]), "alg crv kid kty use x y");
        assert_eq!(members(&written[2]), "alg e kid kty n use");
        assert_eq!(written.len(), 3);
        for (jwk, key) in written.iter().zip(keys) {
            assert_eq!(jwk["kid"], json!(key.verifying.id().to_string()));
            assert_eq!((&jwk["alg"], &jwk["use"]), (&json!(key.algorithm().as_str()), &json!("sig")));
        }
        assert_eq!(written[2]["e"], "AQAB");
        assert_eq!(write_jwk_set([]), r#"{"keys":[]}"#);
    }

    /// Caches and other services compare it as it is.
    #[test]
    fn writes_the_members_in_one_order() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let expected = format!(
            r#"{{"keys":[{{"kty":"OKP","kid":"{KID}","alg":"EdDSA","use":"sig","crv":"Ed25519","x":"{x}"}}]}}"#
        );
        assert_eq!(write_jwk_set(&read(&[good()])), expected);
        for key in TestKey::of_each_algorithm() {
            let json = write_jwk_set([&key.verifying]);
            let places = PUBLIC_MEMBERS.iter().filter_map(|name| json.find(&format!("\"{name}\":")));
            assert!(places.is_sorted(), "{json}");
        }
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let keys = TestKey::of_each_algorithm();
        let read = read_jwk_set(&write_jwk_set(keys.iter().map(|key| &key.verifying))).unwrap();
        assert_eq!(read.len(), 3);
        assert!(read.iter().zip(keys).all(|(read, key)| read.is_same_as(&key.verifying)));
        assert!(read.iter().all(|key| key.accepted_until.is_none()));
    }

    #[test]
    fn reads_keys_of_others_in_their_manner() {
        let x = DecodingKey::from_ed_components("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let expected = VerifyingKey::new(KeyId::new(KID.parse().unwrap()), &x).unwrap();
        let manners = [
            good(),
            without(good(), "use"),
            with(good(), "key_ops", json!(["verify"])),
            with(good(), "x5t", json!("ignored")),
        ];
        for entry in manners {
            let keys = read(std::slice::from_ref(&entry));
            assert!(keys[0].is_same_as(&expected), "{entry}");
        }
    }

    #[test]
    fn skips_what_it_cannot_use() {
        let strange = [
            ("kid", json!("2011-04-29")),
            ("kid", json!(KID.to_uppercase())),
            ("kid", json!(1)),
            ("use", json!("enc")),
            ("key_ops", json!(["sign"])),
            ("alg", json!("ES256")),
            ("alg", json!("RS256")),
            ("alg", json!("HS256")),
            ("alg", json!("none")),
            ("alg", json!(null)),
            ("kty", json!("EC")),
            ("kty", json!("oct")),
            ("crv", json!("X25519")),
            ("crv", json!("Ed448")),
            ("crv", json!("P-256")),
            ("x", json!("")),
            ("x", json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ")),
            ("x", json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")),
            ("x", json!(["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"])),
        ];
        for (name, value) in strange {
            assert_skipped(with(good(), name, value));
        }
        for name in ["kty", "crv", "x", "kid", "alg"] {
            assert_skipped(without(good(), name));
        }
        for entry in [json!(null), json!({}), json!([]), json!("key"), json!(1)] {
            assert_skipped(entry);
        }
        assert_eq!(read(&[json!({}), good()]).len(), 1, "the others are read");
    }

    #[test]
    fn skips_symmetric_and_private_keys() {
        assert_skipped(json!({"kty": "oct", "k": "c2VjcmV0", "kid": KID, "alg": "HS256", "use": "sig"}));
        assert_skipped(json!({"kty": "oct", "k": "c2VjcmV0", "kid": KID, "alg": "EdDSA"}));
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
            for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert_skipped(with(published(algorithm), name, json!("AQAB")));
                assert_skipped(with(published(algorithm), name, json!(null)));
            }
        }
    }

    #[test]
    fn skips_a_key_with_a_member_twice() {
        for name in ["kty", "crv", "x", "kid", "alg", "use"] {
            let entry = good().to_string().replacen('{', &format!("{{\"{name}\":{},", good()[name]), 1);
            assert!(read_jwk_set(&format!("{{\"keys\":[{entry}]}}")).unwrap().is_empty(), "{entry}");
        }
    }

    /// `serde_json` gives a special meaning to an object with this member, if any crate of the program turns that on.
    #[test]
    fn skips_what_is_wrapped_in_the_private_member_of_a_library() {
        let wrap = |value: &Value| json!({"$serde_json::private::RawValue": value.to_string()});
        assert_skipped(wrap(&good()));
        for name in ["kty", "crv", "x", "kid", "alg", "use"] {
            assert_skipped(with(good(), name, wrap(&good()[name])));
        }
        assert_eq!(read(&[with(good(), "note", wrap(&json!("ignored")))]).len(), 1);
    }

    #[test]
    fn skips_points_off_the_curve_and_rsa_keys_of_another_size() {
        let point = published(Algorithm::Es256);
        assert_skipped(with(point.clone(), "y", point["x"].clone()));
        assert_skipped(with(point.clone(), "x", json!(BASE64URL_NOPAD.encode(&[0; 32]))));
        assert_skipped(with(point.clone(), "crv", json!("P-384")));
        assert_skipped(with(point.clone(), "crv", json!("Ed25519")));
        // The same 64 bytes, cut elsewhere.
        let decode = |name: &str| BASE64URL_NOPAD.decode(point[name].as_str().unwrap().as_bytes()).unwrap();
        let bytes = [decode("x"), decode("y")].concat();
        let (x, y) = bytes.split_at(31);
        let [x, y] = [x, y].map(|half| json!(BASE64URL_NOPAD.encode(half)));
        assert_skipped(with(with(point, "x", x), "y", y));
        let modulus = BASE64URL_NOPAD.decode(published(Algorithm::Rs256)["n"].as_str().unwrap().as_bytes()).unwrap();
        let rsa = |n: &[u8]| with(published(Algorithm::Rs256), "n", json!(BASE64URL_NOPAD.encode(n)));
        assert_eq!(read(&[rsa(&modulus)]).len(), 1);
        assert_skipped(rsa(&modulus[1..]));
        assert_skipped(rsa(&[&[0x7f], &modulus[1..]].concat()));
        assert_skipped(rsa(&[&[0], &modulus[..]].concat()));
        assert_skipped(rsa(&[0xff; 1025]));
        assert_skipped(rsa(&[]));
        for e in ["", "AA", "AAEAAQ"] {
            assert_skipped(with(published(Algorithm::Rs256), "e", json!(e)));
        }
    }

    #[test]
    fn refuses_what_is_no_set() {
        let long = format!("{{\"keys\":[{}]}}", " ".repeat(MAX_JWK_SET_BYTES));
        let twice = json!({"keys": [good(), good()]}).to_string();
        for text in ["", "{}", "[]", "[[]]", "null", r#"{"keys":{}}"#, r#"{"keys":null}"#, &long, &twice] {
            assert_eq!(read_jwk_set(text).unwrap_err(), InvalidJwkSet, "{}", &text[..text.len().min(40)]);
        }
        assert!(read_jwk_set(" {\"keys\": []}\n").unwrap().is_empty());
    }
}
