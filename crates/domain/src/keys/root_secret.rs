use std::fmt;

use zeroize::Zeroizing;

use crate::ValidationError;

/// The secret from which all keys of the service are derived: at least 32 bytes, wiped when dropped, not shown by
/// `Debug`.
#[derive(Clone)]
pub struct RootSecret(Zeroizing<String>);

/// Parts of secrets that come from documentation and starters.
const WELL_KNOWN: [&str; 10] = [
    "changeme",
    "change-me",
    "change_me",
    "changethis",
    "change-this",
    "your-secret",
    "your_secret",
    "placeholder",
    "insecure",
    "0123456789abcdef0123456789abcdef",
];

impl RootSecret {
    /// Fewest bytes.
    pub const MIN_BYTES: usize = 32;
    /// Fewest different bytes of a secret that is hard to guess. Random text of the least length has some twenty.
    const MIN_DISTINCT: usize = 10;

    /// Takes a secret.
    ///
    /// # Errors
    /// `too_short`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        if text.len() < Self::MIN_BYTES {
            let message = format!("A secret must have at least {} bytes.", Self::MIN_BYTES);
            return Err(ValidationError::new("too_short", message));
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Whether it is well known or made of few different characters, and so not fit for production.
    pub fn is_guessable(&self) -> bool {
        let lower = Zeroizing::new(self.0.to_ascii_lowercase());
        let mut distinct = Zeroizing::new(lower.as_bytes().to_vec());
        distinct.sort_unstable();
        distinct.dedup();
        distinct.len() < Self::MIN_DISTINCT || WELL_KNOWN.iter().any(|known| lower.contains(known))
    }

    /// The bytes to derive keys from.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_32_bytes_at_least() {
        assert!(RootSecret::parse(&"a".repeat(31)).is_err());
        assert!(RootSecret::parse(&"a".repeat(32)).is_ok());
    }

    #[test]
    fn what_is_easy_to_guess_is_known() {
        let guessable = |text: &str| RootSecret::parse(text).unwrap().is_guessable();
        assert!(guessable(&"a".repeat(64)));
        assert!(guessable(&"secret".repeat(8)));
        assert!(guessable("please-CHANGE-ME-this-is-not-a-real-one"));
        assert!(!guessable("q7Vt1w0m3kJp8Zr2Xc5Nb6Ld9Sf4Gh0T"));
        assert!(!guessable("3f8a1c9e5b7d2046f1e0a9c8b7d65342"));
    }
}
