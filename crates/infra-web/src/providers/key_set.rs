use access_token::{Algorithm, DecodingKey, KeyId, VerifyingKey};
use jsonwebtoken::jwk::{Jwk, KeyOperations, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

/// Most keys that are read.
const MAX_KEYS: usize = 100;

/// The keys of a provider that ID tokens can be verified with. None of them is symmetric: anyone who could verify with
/// it could sign with it.
pub(super) struct KeySet {
    keys: Vec<NamedKey>,
}

struct NamedKey {
    name: Option<String>,
    key: VerifyingKey,
}

/// A JWK set as it is published (RFC 7517, section 5).
#[derive(Deserialize)]
pub(super) struct PublishedKeys {
    keys: Vec<Value>,
}

impl KeySet {
    /// The keys of a set. Entries of another kind or algorithm, for another use, symmetric, private or malformed are
    /// skipped.
    pub(super) fn read(published: PublishedKeys) -> Self {
        Self { keys: published.keys.into_iter().take(MAX_KEYS).filter_map(NamedKey::read).collect() }
    }

    /// The key of this name for this algorithm; where a token names none, the only key that there is (OpenID Connect
    /// Core, section 10.1).
    pub(super) fn find(&self, name: Option<&str>, algorithm: Algorithm) -> Option<&VerifyingKey> {
        let fits = |it: &&NamedKey| it.key.algorithm() == algorithm;
        let mut found = self.keys.iter().filter(|it| name.is_none() || it.name.as_deref() == name);
        let (first, others) = match name {
            Some(_) => {
                let mut found = found.filter(fits);
                (found.next(), found.count())
            }
            None => (found.next().filter(fits), found.count()),
        };
        first.filter(|_| others == 0).map(|it| &it.key)
    }
}

impl NamedKey {
    fn read(entry: Value) -> Option<Self> {
        let is_private = entry.get("d").is_some() || entry.get("k").is_some();
        let jwk: Jwk = serde_json::from_value(entry).ok()?;
        let common = &jwk.common;
        let is_to_verify = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        // Its id is ours; the provider's name for it may be any text.
        let key = VerifyingKey::new(KeyId::new(uuid::Uuid::nil()), &DecodingKey::from_jwk(&jwk).ok()?).ok()?;
        let is_for_it = common.key_algorithm.is_none_or(|algorithm| algorithm.to_string() == key.algorithm().as_str());
        let is_usable = !is_private && is_to_verify && is_for_it && key.algorithm() != Algorithm::Hs256;
        is_usable.then(|| Self { name: common.key_id.clone(), key })
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use serde_json::json;

    use super::*;

    /// The key of RFC 8037, appendix A.2.
    fn key(changes: &Value) -> Value {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "2026", "alg": "EdDSA", "use": "sig"});
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(key.as_object_mut().unwrap().remove(name)),
                value => key[name] = value.clone(),
            }
        }
        key
    }

    fn read(keys: Vec<Value>) -> KeySet {
        KeySet::read(PublishedKeys { keys })
    }

    #[test]
    fn a_key_is_found_by_its_name_and_its_algorithm() {
        let set = read(vec![key(&json!({})), key(&json!({"kid": "2027"}))]);
        assert!(set.find(Some("2026"), Algorithm::EdDsa).is_some());
        for (name, algorithm) in [
            (Some("2028"), Algorithm::EdDsa),
            (Some("2026"), Algorithm::Rs256),
            (Some("2026"), Algorithm::Hs256),
            (Some(""), Algorithm::EdDsa),
            // One of two.
            (None, Algorithm::EdDsa),
        ] {
            assert!(set.find(name, algorithm).is_none(), "{name:?} {algorithm}");
        }
        let set = read(vec![key(&json!({"kid": null}))]);
        assert!(set.find(None, Algorithm::EdDsa).is_some());
        assert!(set.find(Some("2026"), Algorithm::EdDsa).is_none());
    }

    #[test]
    fn what_cannot_verify_is_skipped() {
        for changes in [
            json!({"use": "enc"}),
            json!({"key_ops": ["sign"]}),
            json!({"alg": "RS256"}),
            json!({"alg": "HS256"}),
            json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}),
            json!({"kty": "RSA"}),
            json!({"x": "AAAA"}),
            json!({"d": "AAAA"}),
        ] {
            assert!(read(vec![key(&changes)]).keys.is_empty(), "{changes}");
        }
        assert_eq!(read(vec![json!(1), json!(null), key(&json!({"alg": null, "use": null}))]).keys.len(), 1);
    }

    /// With this modulus and exponent.
    fn rsa_key(n: &[u8], e: &[u8]) -> Value {
        let encode = |number: &[u8]| BASE64URL_NOPAD.encode(number);
        json!({"kty": "RSA", "n": encode(n), "e": encode(e), "kid": "2026", "alg": "RS256", "use": "sig"})
    }

    /// Anyone could compute what signs with them.
    #[test]
    fn rsa_keys_that_are_no_secret_for_long_are_skipped() {
        const E: [u8; 3] = [1, 0, 1];
        let modulus = |bytes: usize| vec![0xff; bytes];
        let is_read = |n: &[u8], e: &[u8]| !read(vec![rsa_key(n, e)]).keys.is_empty();
        assert!(is_read(&modulus(256), &E) && is_read(&modulus(512), &E));
        for bytes in [0, 1, 64, 128, 255, 1025, 4096] {
            assert!(!is_read(&modulus(bytes), &E), "{bytes}");
        }
        // Of 2047 bits, and small ones that are written longer.
        assert!(!is_read(&[vec![0x7f], modulus(255)].concat(), &E));
        for bytes in [1, 64, 128] {
            assert!(!is_read(&[vec![0; 256 - bytes], modulus(bytes)].concat(), &E), "{bytes}");
        }
        for e in [&[][..], &[0], &[1], &[2], &[0, 0, 0, 1], &[1, 0, 0]] {
            assert!(!is_read(&modulus(256), e), "{e:?}");
        }
    }
}
