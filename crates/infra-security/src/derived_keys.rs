use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use data_encoding::BASE64;
use domain::Secret;
use domain::keys::RootSecret;
use zeroize::Zeroizing;

use crate::random::random_bytes;

const SALT: &[u8] = b"hexauth";

/// A new root secret in text form: 32 random bytes in Base64.
pub fn generate_secret() -> Secret {
    let bytes = Zeroizing::new(random_bytes::<32>());
    Secret::new(BASE64.encode(&*bytes))
}

/// The key for the purpose that `info` names, by HKDF-SHA256 (RFC 5869): keys for different purposes are independent,
/// and none of them reveals the secret.
#[expect(clippy::expect_used, reason = "HKDF refuses only keys of more than 255 times 32 bytes")]
pub(crate) fn derive(root: &RootSecret, info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Salt::new(HKDF_SHA256, SALT)
        .extract(root.expose())
        .expand(&[info], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *key))
        .expect("a key of 32 bytes can be derived");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_depend_on_the_secret_and_on_the_purpose() {
        let root = |text: &str| RootSecret::parse(text).unwrap();
        let one = root("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa");
        let other = root("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGb");
        assert_eq!(derive(&one, b"a"), derive(&one, b"a"));
        assert_ne!(derive(&one, b"a"), derive(&one, b"b"));
        assert_ne!(derive(&one, b"a"), derive(&other, b"a"));
    }

    #[test]
    fn a_generated_secret_is_fit_for_production_and_never_the_same() {
        let (one, other) = (generate_secret(), generate_secret());
        assert_ne!(one.expose(), other.expose());
        assert!(!RootSecret::parse(one.expose()).unwrap().is_guessable());
    }
}
