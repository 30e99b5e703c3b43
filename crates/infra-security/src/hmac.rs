use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use domain::keys::RootSecret;
use domain::{Mac, MacPurpose, MacTag};

use crate::derived_keys::derive;

/// HMAC-SHA256 (RFC 2104), under one key per purpose, derived from the root secret.
#[derive(Debug)]
pub struct HmacSha256 {
    refresh_token: Key,
    one_time_token: Key,
    mailed_code: Key,
    attempt_key: Key,
    recovery_code: Key,
    provider_flow: Key,
    browser: Key,
}

impl HmacSha256 {
    /// Derives the keys.
    pub fn new(root: &RootSecret) -> Self {
        let key = |info: &[u8]| Key::new(HMAC_SHA256, &*derive(root, info));
        Self {
            refresh_token: key(b"hexauth refresh token mac v1"),
            one_time_token: key(b"hexauth one-time token mac v1"),
            mailed_code: key(b"hexauth mailed code mac v1"),
            attempt_key: key(b"hexauth attempt key mac v1"),
            recovery_code: key(b"hexauth recovery code mac v1"),
            provider_flow: key(b"hexauth provider flow mac v1"),
            browser: key(b"hexauth browser mac v1"),
        }
    }

    fn key(&self, purpose: MacPurpose) -> &Key {
        match purpose {
            MacPurpose::RefreshToken => &self.refresh_token,
            MacPurpose::OneTimeToken => &self.one_time_token,
            MacPurpose::MailedCode => &self.mailed_code,
            MacPurpose::AttemptKey => &self.attempt_key,
            MacPurpose::RecoveryCode => &self.recovery_code,
            MacPurpose::ProviderFlow => &self.provider_flow,
            MacPurpose::Browser => &self.browser,
        }
    }
}

impl Mac for HmacSha256 {
    fn sign(&self, purpose: MacPurpose, message: &[u8]) -> MacTag {
        let mut bytes = [0; MacTag::LENGTH];
        bytes.copy_from_slice(sign(self.key(purpose), message).as_ref());
        MacTag::new(bytes)
    }

    fn verify(&self, purpose: MacPurpose, message: &[u8], tag: &MacTag) -> bool {
        verify(self.key(purpose), message, tag.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn mac() -> HmacSha256 {
        HmacSha256::new(&RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap())
    }

    #[test]
    fn is_hmac_sha256_under_a_derived_key() {
        // Computed with Python's hmac module. A change would void every refresh token in use.
        let tag = mac().sign(MacPurpose::RefreshToken, b"a message");
        assert_eq!(HEXLOWER.encode(tag.as_bytes()), "258fbf86eae5fce71e6f8a3d3917a97d686217689a4d7f7634bac63067d34347");
    }

    #[test]
    fn verifies_its_own_tag_and_no_other() {
        let mac = mac();
        let tag = mac.sign(MacPurpose::RefreshToken, b"a message");
        assert!(mac.verify(MacPurpose::RefreshToken, b"a message", &tag));
        assert!(!mac.verify(MacPurpose::RefreshToken, b"a massage", &tag));
        for at in 0..MacTag::LENGTH {
            let mut bytes = *tag.as_bytes();
            bytes[at] ^= 1;
            assert!(!mac.verify(MacPurpose::RefreshToken, b"a message", &MacTag::new(bytes)));
        }
    }

    #[test]
    fn a_tag_for_one_purpose_is_worth_nothing_for_another() {
        let mac = mac();
        let purposes = [
            MacPurpose::RefreshToken,
            MacPurpose::OneTimeToken,
            MacPurpose::MailedCode,
            MacPurpose::AttemptKey,
            MacPurpose::RecoveryCode,
            MacPurpose::ProviderFlow,
            MacPurpose::Browser,
        ];
        for (one, other) in purposes.iter().flat_map(|one| purposes.map(|other| (*one, other))) {
            let tag = mac.sign(one, b"a message");
            assert_eq!(mac.verify(other, b"a message", &tag), one == other, "{one:?} {other:?}");
        }
    }

    #[test]
    fn another_secret_gives_another_tag() {
        let other = HmacSha256::new(&RootSecret::parse(crate::generate_secret().expose()).unwrap());
        let tag = mac().sign(MacPurpose::RefreshToken, b"a message");
        assert!(!other.verify(MacPurpose::RefreshToken, b"a message", &tag));
    }

    #[test]
    fn debug_shows_no_key() {
        let root = RootSecret::parse("q8Zr2vN5xK1mW7tB4yL9cF6hJ3pD0sGa").unwrap();
        let key = derive(&root, b"hexauth refresh token mac v1");
        let shown = format!("{:?}", HmacSha256::new(&root));
        assert!(!shown.contains(&HEXLOWER.encode(&*key)) && !shown.contains(&format!("{:?}", &*key)));
    }
}
